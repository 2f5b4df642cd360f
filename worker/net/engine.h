#pragma once
/*
 * Calls to providers: one thread, one curl_multi driven by epoll, as many transfers as asked for. The only door to libcurl. Knows HTTP and
 * time-outs; knows nothing of jobs, models or the database. Only http and https, no redirects. Proxies and certificate authorities come from the
 * environment, as the curl command reads them: http_proxy, HTTPS_PROXY, ALL_PROXY, NO_PROXY; CURL_CA_BUNDLE, SSL_CERT_FILE, SSL_CERT_DIR.
 */
#include "shared/err.h"
#include "shared/str.h"

struct engine;

struct net_response {
	int status;          /* 0 until the headers came */
	char request_id[80]; /* x-request-id or request-id */
	int ttfb_ms;         /* first byte of the body; -1: none came */
	size_t body_bytes;
};

/* Called on the engine's thread; must not block and not call the engine. */
struct net_handler {
	/* A header of the answer, without its line end; may be NULL. */
	void (*on_header)(void *ctx, const char *name, const char *value);
	/* A piece of the body, decoded. -1 with err ends the transfer. More than 0: the caller has what it came for, and in so many milliseconds
	 * the
	 * transfer ends well, whatever else comes or does not come; a later answer over 0 counts from then. */
	int (*on_data)(void *ctx, const struct net_response *, struct str piece, struct err *);
	/* The end, exactly once, also after net_cancel. err is NULL when the body came whole, or on_data said that it may end. The transfer is
	 * gone when this returns. */
	void (*on_done)(void *ctx, const struct net_response *, const struct err *err);
	void *ctx;
};

struct net_request {
	const char *url;
	const char *const *headers; /* NULL-terminated, "Name: value" */
	struct str body;            /* copied */
	int connect_ms, first_byte_ms, idle_ms, total_ms;
	struct net_handler handler;
};

struct engine *engine_start(void);
/* No transfer may be in flight. */
void engine_stop(struct engine *);
/* Starts a transfer and answers its number. Any thread. */
uint64_t net_submit(struct engine *, const struct net_request *);
/* A transfer of nothing: on_done comes after ms (a quarter of a second late at most), or after net_cancel. Any thread. */
uint64_t net_sleep(struct engine *, int64_t ms, const struct net_handler *);
/* Ends a transfer soon, with `code`: on_done comes, unless it came already. Any thread. */
void net_cancel(struct engine *, uint64_t transfer, enum err_code code);
