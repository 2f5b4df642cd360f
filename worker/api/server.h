#pragma once
/*
 * The HTTP server: the only module that uses libmicrohttpd. One thread of the library accepts
 * connections and parses requests; one thread of ours runs the handlers that may wait for the
 * database, while their connections are suspended. Limits: connections, bytes of the headers, time
 * for the headers, for a reply, and between two requests. On a loopback address only requests whose
 * Host header names a loopback host are answered: a web page that points its own name at 127.0.0.1
 * is refused.
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

/* Which token a request needs. */
enum route_scope {
	SCOPE_OPEN, /* none: anyone who reaches the address */
};
enum route_answers {
	ANSWERS_AT_ONCE,       /* run on the library's thread: must never wait */
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

/* address: HOST:PORT or [IPV6]:PORT; port 0: any free port. ERR_BAD_INPUT if it is neither,
 * ERR_CONFLICT if the address is in use by another process, else ERR_SYSTEM. routes and ctx must
 * outlive the server. The caller owns the server. */
MUSTCHECK int server_start(struct server **out, const char *address, const struct endpoint *routes, size_t n_routes, void *ctx,
                           struct counts *, struct err *);
/* Answers the requests that were received, then ends. */
void server_stop(struct server *);
const char *server_address(const struct server *); /* the bound address, with the actual port */
bool server_is_loopback(const struct server *);

/* {"error":{"code":…,"message":…}} */
void reply_error(struct reply_http *, int status, const char *code, const char *message);
/* True when a Host header names this machine's loopback: localhost, 127.x.x.x, [::1], each with or without a port. Pure. */
bool host_is_loopback(const char *host);
