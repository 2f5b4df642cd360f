#pragma once
/*
 * The HTTP server: the only module that uses libmicrohttpd. One thread of the library accepts connections, parses
 * requests and sends; a few threads of ours, the desks, run the handlers that wait for the database, while their
 * connections are suspended. A request may be parked: it then holds neither a thread nor a connection to the database,
 * and is answered later by whoever has it; or its answer is a feed, to which text is added as it comes.
 *
 * A request that has waited for a desk for too long, or whose turn comes when the server ends, is refused (503) and not
 * run: its client may have asked again meanwhile.
 *
 * Bounded: connections; what one address holds (clients.h); bytes of the headers, of a body, and of all bodies together;
 * time for the headers, for a reply, and between two requests. Some connections are kept for the routes that are open to
 * everybody (probes, metrics). On a loopback address only requests whose Host header names a loopback host are answered: a
 * web page that points its own name at 127.0.0.1 is refused.
 */
#include "shared/clock.h"
#include "shared/err.h"
#include "shared/str.h"
#include "worker/api/address.h"

struct counts;
struct tally;
struct server;

/* Which token a request needs: the scopes of tokens; OPEN: none, anyone who reaches the address; PUBLIC: the one in its
 * path. */
#define ROUTE_SCOPES(X) \
	X(OPEN, "")     \
	X(PUBLIC, "dispatch") \
	X(DISPATCH, "dispatch") X(READ, "read") X(STREAM, "stream") X(CANCEL, "cancel") X(RETRY, "retry") X(METRICS, "metrics") X(EXECUTE, "execute")
enum route_scope {
#define X(name, word) SCOPE_##name,
	ROUTE_SCOPES(X)
#undef X
};

enum route_answers {
	ANSWERS_AT_ONCE,       /* run on the library's thread: must never wait */
	ANSWERS_FROM_DATABASE, /* may wait for the database: run on a desk's thread */
};

/* Owned by the server; the strings live until it is answered. */
struct request {
	const char *method;        /* as it was sent */
	struct path_params params; /* what stands for the {names} of the pattern */
	struct str body;
	const char *scope;  /* the word of the route's scope */
	const char *token;  /* SHA-256 of the bearer token, 64 hexadecimal digits; NULL: none was sent */
	const char *origin; /* the header Origin; NULL: none was sent */
	bool is_local;      /* only this machine reaches the server */
	int desk;           /* which desk runs it, 0 to DESKS - 1 */
};
/* A value of the query, decoded, or a header; NULL if there is none. Only inside a handler. */
const char *request_query(const struct request *, const char *name);
const char *request_header(const struct request *, const char *name);
/* The request has this token, from another place than the header. */
void request_sign_in(struct request *, const char *token);

#define REPLY_HEADERS 12
struct reply_http {
	int status;
	const char *type; /* Content-Type */
	struct strbuf body;
	struct feed *feed; /* instead of the body; see feed_new() */
	char agent[64];    /* the agent that the request was for; "": of none, or it is not known whether there is one */
	int n_headers;
	struct {
		const char *name;
		char value[200];
	} headers[REPLY_HEADERS];
};
/* The name must be a constant. A value with a control character is not added. */
void reply_header(struct reply_http *, const char *name, const char *fmt, ...) PRINTF(3, 4);
/* {"error":{"code":…,"message":…}} */
void reply_error(struct reply_http *, int status, const char *code, const char *message);

/* What a handler returns. PARKED: from this moment on another thread may have answered, so that the handler must not
 * touch request and reply any more; that thread fills the reply and calls request_answer(), once. */
enum route_end { ROUTE_DONE, ROUTE_PARKED };
void request_answer(struct request *);
/* Frees the body: call it when the body was read, so that a request that waits holds none. */
void request_drop_body(struct request *);
/* True when the client of a parked request has closed its connection. Answer it all the same. */
bool request_is_gone(const struct request *);

/* A line of routes.def. */
struct endpoint {
	const char *method, *pattern; /* see path_matches(); "*" matches every path that another pattern matches */
	enum route_scope scope;
	size_t body_max; /* a longer body is refused with 413 */
	enum route_answers answers;
	enum route_end (*run)(void *ctx, struct request *, struct reply_http *);
};

#define DESKS 4
/* address: see address_listen(), with its errors. is_local_only: an address beyond this machine is refused with
 * ERR_REFUSED. connections: how many at once. routes and ctx must outlive the server. The caller owns the server. */
struct server_options {
	const char *address;
	const struct endpoint *routes;
	size_t n_routes;
	void *ctx;
	int connections;
	const char *trusted; /* addresses of proxies: their connections without a request, and their bodies, are not bounded; may be NULL */
	bool is_local_only;
	struct counts *counts; /* these two may be NULL */
	struct tally *tally;
};
MUSTCHECK int server_start(struct server **out, const struct server_options *, struct err *);
/* Takes no more requests, and answers those that were received, except parked ones. */
void server_quiesce(struct server *);
/* Call after server_quiesce(), when no request is parked and every feed has ended. */
void server_stop(struct server *);
const char *server_address(const struct server *); /* the bound address, with the actual port */

/* The body of an answer that is written over time, with a reader that may be slow or gone. The maker puts it into one
 * reply, and holds it until feed_end(). Any thread. */
struct feed;
struct feed *feed_new(void);
/* Bytes that may be added now. */
size_t feed_room(struct feed *);
void feed_add(struct feed *, struct str);
/* True when its client has left, or was cut off because it took nothing for ten seconds: end the feed. */
bool feed_is_gone(struct feed *);
/* What was added is still sent. The maker must not use it any more. */
void feed_end(struct feed *);
