/*
 * Bytes sent to the HTTP server: it answers what it answers with one of its own statuses, never more than once what was asked once, and goes on
 * serving.
 * And a Host header that is taken for loopback names it.
 */
#include <arpa/inet.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "shared/clock.h"
#include "tests/fuzz/fuzz.h"
#include "worker/api/server.h"

#define WAIT_MS 5000

static enum route_end get_ok(void *ctx, struct request *request, struct reply_http *r)
{
	(void)ctx;
	(void)request;
	r->status = 200;
	strbuf_str(&r->body, "{}\n");
	return ROUTE_DONE;
}

/* Reads all of the request that a route may read. */
static enum route_end post_ok(void *ctx, struct request *request, struct reply_http *r)
{
	(void)request_query(request, "wait");
	(void)request_header(request, "Idempotency-Key");
	RULE(request->params.value[0][0] != '\0' && strchr(request->params.value[0], '/') == NULL, "'%s'", request->params.value[0]);
	RULE(request->body.len <= 100, "%zu bytes of a body", request->body.len);
	RULE(request->token == NULL || strlen(request->token) == 64, "a token");
	return get_ok(ctx, request, r);
}

static enum route_end get_feed(void *ctx, struct request *request, struct reply_http *r)
{
	(void)ctx;
	(void)request;
	r->status = 200;
	r->feed = feed_new();
	feed_add(r->feed, STR(": {}\n\n"));
	feed_end(r->feed);
	return ROUTE_DONE;
}

static const struct endpoint ROUTES[] = { { "GET", "/healthz", SCOPE_OPEN, 0, ANSWERS_AT_ONCE, get_ok },
	                                  { "GET", "/metrics", SCOPE_OPEN, 0, ANSWERS_FROM_DATABASE, get_ok },
	                                  { "GET", "/stream", SCOPE_STREAM, 0, ANSWERS_FROM_DATABASE, get_feed },
	                                  { "POST", "/m/{a}/x", SCOPE_READ, 100, ANSWERS_FROM_DATABASE, post_ok } };

static int port(void)
{
	static struct server *server;
	static int found;
	struct err err;
	if (server == NULL) {
		const struct server_options options = {
			.address = "127.0.0.1:0", .routes = ROUTES, .n_routes = ARRAY_SIZE(ROUTES), .connections = 256
		};
		RULE(server_start(&server, &options, &err) == 0, "%s", err.msg);
		found = atoi(strrchr(server_address(server), ':') + 1);
	}
	return found;
}

static int open_connection(void)
{
	struct sockaddr_in a = { .sin_family = AF_INET,
		                 .sin_port = htons((uint16_t)port()),
		                 .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	RULE(fd >= 0 && connect(fd, (struct sockaddr *)&a, sizeof a) == 0, "the server takes no connection");
	return fd;
}

/* What comes within silent_ms of the last byte, at most until `enough` has come or the other side ends. */
static void read_all(int fd, struct strbuf *out, int silent_ms, const char *enough)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };
	char buf[4096];
	ssize_t n = 1;
	while (n > 0 && (enough == NULL || strstr(strbuf_text(out), enough) == NULL) && poll(&p, 1, silent_ms) > 0) {
		n = read(fd, buf, sizeof buf);
		if (n > 0)
			strbuf_add(out, buf, (size_t)n);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const int STATUSES[] = { 100, 200, 400, 401, 403, 404, 405, 408, 411, 413, 414, 415, 431, 500, 501, 503, 505 };
	struct strbuf b = STRBUF_INIT(1u << 20);
	char *host = calloc(1, size + 1);
	int fd = open_connection(), status = 0;
	memcpy(host, data, size);
	RULE(!host_is_loopback(host) || strncasecmp(host, "localhost", 9) == 0 || strncmp(host, "127.", 4) == 0 ||
	             strncmp(host, "[::1]", 5) == 0,
	     "'%s' is no loopback", host);
	free(host);
	send(fd, data, size, MSG_NOSIGNAL | MSG_DONTWAIT);
	read_all(fd, &b, 10, NULL); /* a request that is not whole is waited for: not by us */
	close(fd);
	if (b.len > 0) {
		bool is_known = false;
		RULE(sscanf(strbuf_text(&b), "HTTP/1.%*d %d", &status) == 1, "no status line: %.40s", strbuf_text(&b));
		for (size_t i = 0; i < ARRAY_SIZE(STATUSES); i++)
			is_known |= STATUSES[i] == status;
		RULE(is_known, "status %d", status);
	}
	strbuf_clear(&b);
	fd = open_connection();
	static const char PROBE[] = "GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
	RULE(write(fd, PROBE, sizeof PROBE - 1) == sizeof PROBE - 1, "a probe is not taken");
	read_all(fd, &b, WAIT_MS, "{}");
	RULE(strncmp(strbuf_text(&b), "HTTP/1.1 200", 12) == 0, "the next probe: %.40s", strbuf_text(&b));
	close(fd);
	strbuf_release(&b);
	return 0;
}
