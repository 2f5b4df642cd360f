#include "worker/api/server.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <errno.h>
#include <microhttpd.h>
#include <netdb.h>
#include <pthread.h>
#include <sys/socket.h>
#include <unistd.h>

#include "shared/clock.h"
#include "shared/json.h"
#include "shared/list.h"
#include "shared/log.h"
#include "shared/thread.h"
#include "worker/telemetry/count.h"

#define CONNECTIONS 256
#define CONNECTION_BYTES 16384 /* of request line and headers; MHD answers 431 or 414 to more */
#define INACTIVE_SEC 10
#define HEADER_USEC (10 * USEC_PER_SEC) /* for the headers; also between two requests */
#define ANSWER_USEC (30 * USEC_PER_SEC)
/* Bytes that are read of a body that is too long, so that its sender reads the reply. */
#define BODY_SWALLOWED (64u << 10)
#define ANSWER_MAX (16u << 20)

/* A client connection. Lives as long as its socket. */
struct client {
	struct list link;
	int fd;
	usec_t deadline;
};

/* A request and its reply. */
struct exchange {
	struct list link;
	struct request request;
	const struct endpoint *route;
	struct MHD_Connection *connection;
	struct reply_http reply;
	size_t body_bytes;
	char allow[64]; /* methods of the path, if another method was requested */
	bool is_answered;
};

struct server {
	struct MHD_Daemon *daemon;
	const struct endpoint *routes;
	size_t n_routes;
	void *ctx;
	struct counts *counts;
	char address[80];
	bool is_loopback;
	pthread_t thread;
	pthread_mutex_t lock; /* guards the fields below */
	pthread_cond_t some;
	struct list clients, slow;
	bool ending;
};

void reply_error(struct reply_http *r, int status, const char *code, const char *message)
{
	r->status = status;
	r->type = "application/json";
	strbuf_clear(&r->body);
	strbuf_str(&r->body, "{\"error\":{");
	json_put_field(&r->body, "code", code);
	json_put_field(&r->body, "message", message);
	strbuf_str(&r->body, "}}\n");
}

/* ---------------------------------------------------------------- addresses */

bool host_is_loopback(const char *host)
{
	char name[64];
	struct in_addr v4;
	size_t n = host[0] == '[' ? strcspn(host, "]") + 1 : strcspn(host, ":");
	if (n >= sizeof name || n > strlen(host))
		return false;
	const char *port = host + n;
	if (*port == ':')
		port += 1 + strspn(port + 1, "0123456789");
	if (*port != '\0')
		return false;
	snprintf(name, sizeof name, "%.*s", (int)n, host);
	for (char *p = name; *p != '\0'; p++)
		*p = (char)tolower((unsigned char)*p);
	if (strcmp(name, "localhost") == 0 || strcmp(name, "[::1]") == 0)
		return true;
	return inet_pton(AF_INET, name, &v4) == 1 && ntohl(v4.s_addr) >> 24 == 127;
}

static bool address_is_loopback(const struct sockaddr_storage *a)
{
	if (a->ss_family == AF_INET)
		return ntohl(((const struct sockaddr_in *)a)->sin_addr.s_addr) >> 24 == 127;
	return a->ss_family == AF_INET6 && IN6_IS_ADDR_LOOPBACK(&((const struct sockaddr_in6 *)a)->sin6_addr);
}

/* Splits "127.0.0.1:80" or "[::1]:80" into host and port. */
static int split_address(const char *address, char host[static 64], char port[static 8], struct err *err)
{
	const char *colon = strrchr(address, ':');
	size_t n = colon != NULL ? (size_t)(colon - address) : 0;
	const char *from = address;
	if (n >= 2 && address[0] == '[' && address[n - 1] == ']') {
		from++;
		n -= 2;
	} else if (memchr(address, ':', n) != NULL) {
		n = 0;
	}
	if (n == 0 || n >= 64 || colon[1] == '\0' || strlen(colon + 1) > 5 ||
	    strspn(colon + 1, "0123456789") != strlen(colon + 1) || atoi(colon + 1) > 65535)
		return err_set(err, ERR_BAD_INPUT, "listen: '%.60s' is not HOST:PORT", address);
	snprintf(host, 64, "%.*s", (int)n, from);
	snprintf(port, 8, "%s", colon + 1);
	return 0;
}

static int bind_address(struct server *s, const char *address, struct err *err)
{
	char host[64], port[8];
	struct addrinfo hints = { .ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE | AI_NUMERICSERV }, *list;
	struct sockaddr_storage at;
	socklen_t len = sizeof at;
	int one = 1;
	if (split_address(address, host, port, err) < 0)
		return -1;
	int rc = getaddrinfo(host, port, &hints, &list);
	if (rc != 0)
		return err_set(err, ERR_BAD_INPUT, "listen: %.60s: %s", host, gai_strerror(rc));
	int fd = socket(list->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd >= 0)
		setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
	bool is_bound = fd >= 0 && bind(fd, list->ai_addr, list->ai_addrlen) == 0 && listen(fd, 64) == 0 &&
	                getsockname(fd, (struct sockaddr *)&at, &len) == 0;
	int why = errno;
	freeaddrinfo(list);
	if (!is_bound) {
		if (fd >= 0)
			close(fd);
		return err_set(err, why == EADDRINUSE ? ERR_CONFLICT : ERR_SYSTEM, "%.60s: %s", address, strerror(why));
	}
	s->is_loopback = address_is_loopback(&at);
	getnameinfo((struct sockaddr *)&at, len, host, sizeof host, port, sizeof port, NI_NUMERICHOST | NI_NUMERICSERV);
	snprintf(s->address, sizeof s->address, at.ss_family == AF_INET6 ? "[%s]:%s" : "%s:%s", host, port);
	return fd;
}

/* ---------------------------------------------------------------- requests */

static enum MHD_Result send_reply(struct server *s, struct MHD_Connection *connection, struct exchange *x)
{
	struct reply_http *r = &x->reply;
	char code[8];
	if (r->body.broken)
		reply_error(r, 500, "too_big", "the answer is too big");
	snprintf(code, sizeof code, "%d", r->status);
	count_add(s->counts, HTTP_REQUESTS, 1, code);
	struct MHD_Response *m =
		MHD_create_response_from_buffer(r->body.len, (void *)(uintptr_t)strbuf_text(&r->body), MHD_RESPMEM_MUST_COPY);
	if (m == NULL)
		return MHD_NO;
	MHD_add_response_header(m, "Content-Type", r->type);
	MHD_add_response_header(m, "Cache-Control", "no-store");
	MHD_add_response_header(m, "X-Content-Type-Options", "nosniff");
	if (x->allow[0] != '\0')
		MHD_add_response_header(m, "Allow", x->allow);
	enum MHD_Result queued = MHD_queue_response(connection, (unsigned)r->status, m);
	MHD_destroy_response(m);
	return queued;
}

/* Returns the route, or NULL with an error in the reply. HEAD is a GET whose body is not sent. */
static const struct endpoint *find_route(const struct server *s, const char *method, const char *path, struct exchange *x)
{
	size_t n = 0;
	if (strcmp(method, "HEAD") == 0)
		method = "GET";
	for (size_t i = 0; i < s->n_routes; i++) {
		if (strcmp(s->routes[i].path, path) != 0)
			continue;
		if (strcmp(s->routes[i].method, method) == 0)
			return &s->routes[i];
		const char *also = strcmp(s->routes[i].method, "GET") == 0 ? ", HEAD" : "";
		n += (size_t)snprintf(x->allow + n, sizeof x->allow - n, "%s%s%s", n > 0 ? ", " : "", s->routes[i].method, also);
		n = MIN(n, sizeof x->allow - 1);
	}
	if (n > 0)
		reply_error(&x->reply, 405, "method_not_allowed", "this path is not for that method");
	else
		reply_error(&x->reply, 404, "not_found", "there is nothing at this path");
	return NULL;
}

static enum MHD_Result count_host(void *ctx, enum MHD_ValueKind kind, const char *key, const char *value)
{
	(void)kind;
	(void)value;
	*(int *)ctx += strcasecmp(key, "Host") == 0;
	return MHD_YES;
}

static bool may_ask(const struct server *s, struct MHD_Connection *connection, struct reply_http *r)
{
	int n = 0;
	const char *host = MHD_lookup_connection_value(connection, MHD_HEADER_KIND, "Host");
	MHD_get_connection_values(connection, MHD_HEADER_KIND, count_host, &n);
	if (n > 1) { /* a proxy before this server may have checked the other one */
		reply_error(r, 400, "bad_request", "there is more than one Host header");
		return false;
	}
	if (s->is_loopback && (host == NULL || !host_is_loopback(host))) {
		reply_error(r, 403, "bad_host", "the Host header does not name this machine's loopback");
		return false;
	}
	return true;
}

static void set_deadline(struct server *s, struct MHD_Connection *connection, usec_t from_now)
{
	const union MHD_ConnectionInfo *info = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
	struct client *c = info != NULL ? info->socket_context : NULL;
	if (c == NULL)
		return;
	pthread_mutex_lock(&s->lock);
	c->deadline = clock_mono() + from_now;
	pthread_mutex_unlock(&s->lock);
}

/* Hands the request to our own thread. False if the server is ending. */
static bool server_hand_over(struct server *s, struct exchange *x)
{
	pthread_mutex_lock(&s->lock);
	bool is_open = !s->ending;
	if (is_open) {
		MHD_suspend_connection(x->connection);
		list_push(&s->slow, &x->link);
		pthread_cond_signal(&s->some);
	}
	pthread_mutex_unlock(&s->lock);
	return is_open;
}

/* Called by MHD when the headers are there, for each piece of a body, at its end, and again after a
 * suspended connection is resumed. */
static enum MHD_Result on_request(void *ctx, struct MHD_Connection *connection, const char *path, const char *method,
                                  const char *version, const char *data, size_t *data_len, void **state)
{
	struct server *s = ctx;
	struct exchange *x = *state;
	(void)version;
	(void)data;
	if (x == NULL) {
		*state = x = xcalloc(1, sizeof *x);
		x->connection = connection;
		x->reply = (struct reply_http){ .type = "application/json", .body = STRBUF_INIT(ANSWER_MAX) };
		set_deadline(s, connection, ANSWER_USEC);
		if (may_ask(s, connection, &x->reply))
			x->route = find_route(s, method, path, x);
		if (x->route == NULL) /* reply before the body is read: it is not needed */
			return send_reply(s, connection, x);
		return MHD_YES;
	}
	if (*data_len > 0) {
		x->body_bytes += *data_len;
		*data_len = 0;
		return x->body_bytes <= BODY_SWALLOWED ? MHD_YES : MHD_NO;
	}
	if (x->is_answered)
		return send_reply(s, connection, x);
	x->is_answered = true;
	x->request = (struct request){ .method = method, .path = x->route->path };
	if (x->body_bytes > x->route->body_max)
		reply_error(&x->reply, 413, "body_too_big", "this path takes no body, or a shorter one");
	else if (x->route->answers == ANSWERS_AT_ONCE)
		x->route->run(s->ctx, &x->request, &x->reply);
	else if (server_hand_over(s, x))
		return MHD_YES;
	else
		reply_error(&x->reply, 503, "shutting_down", "this worker is ending");
	return send_reply(s, connection, x);
}

static void on_completed(void *ctx, struct MHD_Connection *connection, void **state, enum MHD_RequestTerminationCode code)
{
	struct exchange *x = *state;
	(void)code;
	set_deadline(ctx, connection, HEADER_USEC);
	if (x != NULL)
		strbuf_release(&x->reply.body);
	free(x);
	*state = NULL;
}

static void on_connection(void *ctx, struct MHD_Connection *connection, void **socket_context,
                          enum MHD_ConnectionNotificationCode code)
{
	struct server *s = ctx;
	pthread_mutex_lock(&s->lock);
	if (code == MHD_CONNECTION_NOTIFY_STARTED) {
		struct client *c = xcalloc(1, sizeof *c);
		c->fd = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD)->connect_fd;
		c->deadline = clock_mono() + HEADER_USEC;
		list_push(&s->clients, &c->link);
		*socket_context = c;
	} else if (*socket_context != NULL) {
		struct client *c = *socket_context;
		list_remove(&c->link);
		free(c);
		*socket_context = NULL;
	}
	pthread_mutex_unlock(&s->lock);
}

/* Shuts down connections that are over their deadline: MHD's own timeout restarts with each byte,
 * this one does not. While a client is in the list its socket is still open. With the lock. */
static void server_sweep(struct server *s)
{
	usec_t now = clock_mono();
	for (struct list *l = s->clients.next; l != &s->clients; l = l->next) {
		struct client *c = list_entry(l, struct client, link);
		if (c->deadline < now)
			shutdown(c->fd, SHUT_RDWR);
	}
}

static void *server_main(void *arg)
{
	struct server *s = arg;
	pthread_mutex_lock(&s->lock);
	while (!s->ending || !list_is_empty(&s->slow)) {
		if (list_is_empty(&s->slow)) {
			cond_wait_until(&s->some, &s->lock, clock_mono() + USEC_PER_SEC);
			server_sweep(s);
			continue;
		}
		struct exchange *x = list_entry(s->slow.next, struct exchange, link);
		list_remove(&x->link);
		pthread_mutex_unlock(&s->lock);
		x->route->run(s->ctx, &x->request, &x->reply);
		MHD_resume_connection(x->connection); /* from here on x belongs to MHD's thread */
		pthread_mutex_lock(&s->lock);
	}
	pthread_mutex_unlock(&s->lock);
	return NULL;
}

/* ---------------------------------------------------------------- life */

static void on_mhd_log(void *ctx, const char *fmt, va_list ap)
{
	char text[200], safe[300];
	(void)ctx;
	vsnprintf(text, sizeof text, fmt, ap);
	log_event(LOG_DEBUG, "http library", "said=%s", log_quote(text, safe, sizeof safe));
}

int server_start(struct server **out, const char *address, const struct endpoint *routes, size_t n_routes, void *ctx,
                 struct counts *counts, struct err *err)
{
	struct server *s = xcalloc(1, sizeof *s);
	*s = (struct server){ .routes = routes, .n_routes = n_routes, .ctx = ctx, .counts = counts };
	int fd = bind_address(s, address, err);
	if (fd < 0) {
		free(s);
		return -1;
	}
	list_init(&s->clients);
	list_init(&s->slow);
	pthread_mutex_init(&s->lock, NULL);
	cond_init_mono(&s->some);
	s->daemon = MHD_start_daemon(MHD_USE_EPOLL_INTERNAL_THREAD | MHD_ALLOW_SUSPEND_RESUME | MHD_USE_ERROR_LOG, 0, NULL, NULL,
	                             on_request, s, MHD_OPTION_EXTERNAL_LOGGER, on_mhd_log, NULL, MHD_OPTION_LISTEN_SOCKET, fd,
	                             MHD_OPTION_CONNECTION_LIMIT, (unsigned)CONNECTIONS, MHD_OPTION_CONNECTION_MEMORY_LIMIT,
	                             (size_t)CONNECTION_BYTES, MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)INACTIVE_SEC,
	                             MHD_OPTION_STRICT_FOR_CLIENT, 1, MHD_OPTION_NOTIFY_COMPLETED, on_completed, s,
	                             MHD_OPTION_NOTIFY_CONNECTION, on_connection, s, MHD_OPTION_END);
	if (s->daemon == NULL) {
		close(fd);
		free(s);
		return err_set(err, ERR_SYSTEM, "%.60s: libmicrohttpd did not start", address);
	}
	thread_start(&s->thread, 0, server_main, s, "http");
	*out = s;
	return 0;
}

void server_stop(struct server *s)
{
	int fd = MHD_quiesce_daemon(s->daemon);
	pthread_mutex_lock(&s->lock);
	s->ending = true;
	pthread_cond_signal(&s->some);
	pthread_mutex_unlock(&s->lock);
	pthread_join(s->thread, NULL); /* after that no connection is suspended */
	MHD_stop_daemon(s->daemon);
	if (fd >= 0)
		close(fd);
	pthread_mutex_destroy(&s->lock);
	pthread_cond_destroy(&s->some);
	free(s);
}

const char *server_address(const struct server *s)
{
	return s->address;
}

bool server_is_loopback(const struct server *s)
{
	return s->is_loopback;
}
