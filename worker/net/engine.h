#pragma once
/*
 * HTTP transfers to providers: one thread, one curl_multi driven by epoll, any number of transfers.
 * Only engine.c uses libcurl. It knows HTTP and time-outs; it knows nothing of jobs, models or the
 * database. Only http and https, no redirects. Proxies and certificate authorities come from the
 * environment, in the variables of the curl command: http_proxy, HTTPS_PROXY, ALL_PROXY, NO_PROXY;
 * CURL_CA_BUNDLE, SSL_CERT_FILE, SSL_CERT_DIR.
 */
#include "shared/err.h"
#include "shared/str.h"

struct arena;
struct engine;

struct net_response {
	int status;          /* 0 until the headers came */
	char request_id[80]; /* x-request-id or request-id */
	int ttfb_ms;         /* start to first byte of the body; -1: none came */
	size_t body_bytes;
	bool was_sent; /* on_done: the server may have the request, or a part of it */
	struct arena *scratch; /* the engine's; a handler may use and clear it while it runs */
};

/* Called on the engine's thread; must not block, and must not call the engine. */
struct net_handler {
	/* Receives a header of the answer, without its line end; may be NULL. */
	void (*on_header)(void *ctx, const char *name, const char *value);
	/* Receives a piece of the body, decoded. Returns 0 to go on, -1 with err to end the
	 * transfer. Above 0: the transfer ends successfully in this many milliseconds, whatever
	 * else comes or does not come; a later value above 0 replaces an earlier one and counts
	 * from its own call. */
	int (*on_data)(void *ctx, const struct net_response *, struct str piece, struct err *);
	/* The transfer has ended: called exactly once, also after net_cancel. err is NULL when the
	 * whole body came, or when the time that on_data returned is over. The transfer is freed
	 * when this returns. */
	void (*on_done)(void *ctx, const struct net_response *, const struct err *err);
	void *ctx;
};

struct net_request {
	const char *url;
	const char *method;         /* NULL: POST; GET has no body */
	const char *const *headers; /* NULL-terminated, "Name: value" */
	struct str body;            /* copied */
	int connect_ms, first_byte_ms, idle_ms, total_ms;
	/* Connects to addresses of the public internet only (worker/net/public.h), without a proxy, on a connection of its
	 * own; ERR_REFUSED else. Judged is the address that is connected to, not the name. */
	bool is_public_only;
	/* The request is never sent twice, and has a connection of its own: libcurl sends it again where a kept one turns out to be dead. */
	bool is_once;
	struct net_handler handler;
};

/* connections: how many are kept for later transfers, at most. */
struct engine *engine_start(int connections);
/* Stops the thread and frees the engine. No transfer may be in flight. */
void engine_stop(struct engine *);
/* Starts a transfer and returns its number. Any thread. */
uint64_t net_submit(struct engine *, const struct net_request *);
/* Starts a timer: on_done is called after ms (at most 250 ms late), or after net_cancel. Any
 * thread. */
uint64_t net_sleep(struct engine *, int64_t ms, const struct net_handler *);
/* Ends a transfer soon: on_done is called with `code`, unless the transfer has ended before. Any
 * thread. */
void net_cancel(struct engine *, uint64_t transfer, enum err_code code);
