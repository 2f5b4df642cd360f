#pragma once
/*
 * The HTTP server: the only door to libmicrohttpd. One thread of the library's takes connections and parses; one of ours runs the
 * handlers that may wait for the database, while their connections are suspended. Limits: connections, bytes of a header, time for a
 * header, for an answer, and between two requests. On a loopback address only requests that name a loopback host are heard: a web page
 * that points its own name at 127.0.0.1 is not.
 */
#include "shared/err.h"
#include "shared/str.h"

struct counts;
struct server;

struct request {
	const char *method, *path;
};

struct reply_http {
	int status;
	const char *type; /* Content-Type */
	struct strbuf body;
};

/* Whose token may ask. */
enum route_scope {
	SCOPE_OPEN, /* nobody's is needed: whoever reaches the address */
};
enum route_answers {
	ANSWERS_AT_ONCE,       /* run on the library's thread: never waits */
	ANSWERS_FROM_DATABASE, /* may wait for the database: run on our thread, one after another */
};
/* A line of routes.def. */
struct endpoint {
	const char *method, *path;
	enum route_scope scope;
	size_t body_max; /* a longer body is refused with 413 */
	enum route_answers answers;
	void (*run)(void *ctx, const struct request *, struct reply_http *);
};

/* address: HOST:PORT, [IPV6]:PORT; port 0: any. ERR_BAD_INPUT when it is none of these, ERR_CONFLICT when it is in use by another process,
 * else ERR_SYSTEM. routes and ctx outlive the server. Caller owns. */
MUSTCHECK int server_start(struct server **out, const char *address, const struct endpoint *routes, size_t n_routes, void *ctx,
                           struct counts *, struct err *);
/* Answers what has been asked, and ends. */
void server_stop(struct server *);
const char *server_address(const struct server *); /* as it is, with the port that was found */
bool server_is_loopback(const struct server *);

/* {"error":{"code":…,"message":…}} */
void reply_error(struct reply_http *, int status, const char *code, const char *message);
/* True when a Host header names this machine's loopback: localhost, 127.x.x.x, [::1], each with or without a port. Pure. */
bool host_is_loopback(const char *host);
