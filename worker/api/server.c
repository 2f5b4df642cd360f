#include "worker/api/server.h"

#include <ctype.h>
#include <microhttpd.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <sys/socket.h>
#include <unistd.h>

#include "shared/digest.h"
#include "shared/log.h"
#include "shared/thread.h"
#include "worker/api/clients.h"
#include "worker/api/feed.h"
#include "worker/api/tally.h"
#include "worker/telemetry/count.h"

#define CONNECTION_BYTES 16384 /* of request line and headers; MHD answers 431 or 414 to more */
#define KEPT_FOR_PROBES 32     /* connections beyond the limit, on which only open routes are answered */
/* Bytes that are read of a body that is too long, so that its sender reads the reply. */
#define BODY_SWALLOWED (64u << 10)
#define ANSWER_MAX (16u << 20)
#define TOO_LONG "this path takes no body, or a shorter one"
#define INACTIVE_SEC 10
#define BETWEEN_USEC (10 * USEC_PER_SEC) /* between two requests */
#define ANSWER_USEC (30 * USEC_PER_SEC)
#define DESK_USEC (5 * USEC_PER_SEC)   /* how long a request waits for a desk */
#define LAST_USEC (2 * USEC_PER_SEC)   /* for the last answers to be sent */

/* A request and its reply. */
struct exchange {
	struct list link;
	struct request request;
	const struct endpoint *route;
	struct server *server;
	struct MHD_Connection *connection;
	struct client *client;
	struct reply_http reply;
	struct strbuf body;
	size_t body_bytes; /* that were sent */
	bool has_no_room;
	char token[65];
	char allow[64]; /* methods of the path, if another method was requested */
	bool is_handed_over; /* a desk has it, or had: the reply is filled when the library comes back */
	usec_t came_at; /* when the whole request was there */
};

struct desk {
	struct server *server;
	pthread_t thread;
	int number;
};

struct server {
	struct MHD_Daemon *daemon;
	struct server_options options;
	char address[120];
	bool is_local;
	struct desk desks[DESKS];
	struct clients clients;
	atomic_int n_open;        /* requests that are not answered yet, with streams */
	pthread_mutex_t lock; /* guards the fields below */
	pthread_cond_t some;
	struct list waiting;
	bool ending;
	int quiesced_fd;
};

static const char *const SCOPE_WORDS[] = {
#define X(name, word) word,
	ROUTE_SCOPES(X)
#undef X
};

/* ---------------------------------------------------------------- requests and replies */

static const char *lookup(const struct request *request, enum MHD_ValueKind kind, const char *name)
{
	const struct exchange *x = list_entry(request, const struct exchange, request);
	return MHD_lookup_connection_value(x->connection, kind, name);
}

const char *request_query(const struct request *request, const char *name)
{
	return lookup(request, MHD_GET_ARGUMENT_KIND, name);
}

const char *request_header(const struct request *request, const char *name)
{
	return lookup(request, MHD_HEADER_KIND, name);
}

void request_sign_in(struct request *request, const char *token)
{
	struct exchange *x = list_entry(request, struct exchange, request);
	digest_sha256(str_of(token), x->token);
	request->token = x->token;
}

/* ---------------------------------------------------------------- replies to the library */

static enum MHD_Result send_reply(struct server *s, struct exchange *x)
{
	struct reply_http *r = &x->reply;
	char code[8];
	if (r->body.broken)
		reply_error(r, 500, "too_big", "the answer is too big");
	snprintf(code, sizeof code, "%d", r->status);
	count_add(s->options.counts, HTTP_REQUESTS, 1, code);
	if (x->route == NULL || x->route->scope != SCOPE_OPEN) /* probes are no application's */
		tally_add(s->options.tally, r->agent, r->status);
	struct feed *feed = r->feed;
	r->feed = NULL;
	struct MHD_Response *m =
		feed != NULL ? feed_response(feed, x->connection)
			     : MHD_create_response_from_buffer(r->body.len, (void *)(uintptr_t)strbuf_text(&r->body),
	                                                       MHD_RESPMEM_MUST_COPY);
	if (m == NULL)
		return MHD_NO;
	MHD_add_response_header(m, "Content-Type", r->type);
	MHD_add_response_header(m, "Cache-Control", "no-store");
	MHD_add_response_header(m, "X-Content-Type-Options", "nosniff");
	if (x->allow[0] != '\0')
		MHD_add_response_header(m, "Allow", x->allow);
	for (int i = 0; i < r->n_headers; i++)
		MHD_add_response_header(m, r->headers[i].name, r->headers[i].value);
	if (x->client != NULL && x->client->is_over_limit)
		MHD_add_response_header(m, "Connection", "close");
	client_is(&s->clients, x->client, CLIENT_WAITS, feed != NULL ? CLIENT_NEVER : ANSWER_USEC);
	enum MHD_Result queued = MHD_queue_response(x->connection, (unsigned)r->status, m);
	MHD_destroy_response(m);
	return queued;
}

/* ---------------------------------------------------------------- what is asked */

static bool is_any(const struct endpoint *e)
{
	return strcmp(e->pattern, "*") == 0;
}

/* Returns the route, or NULL with an error in the reply. HEAD is a GET whose body is not sent. */
static const struct endpoint *find_route(const struct server *s, const char *method, const char *path, struct exchange *x)
{
	const struct endpoint *any = NULL;
	size_t n = 0;
	if (strcmp(method, "HEAD") == 0)
		method = "GET";
	for (size_t i = 0; i < s->options.n_routes; i++) {
		const struct endpoint *e = &s->options.routes[i];
		if (is_any(e) && strcmp(e->method, method) == 0)
			any = e;
		if (is_any(e) || !path_matches(e->pattern, path, &x->request.params))
			continue;
		if (strcmp(e->method, method) == 0)
			return e;
		const char *also = strcmp(e->method, "GET") == 0 ? ", HEAD" : "";
		n += (size_t)snprintf(x->allow + n, sizeof x->allow - n, "%s%s%s", n > 0 ? ", " : "", e->method, also);
		n = MIN(n, sizeof x->allow - 1);
	}
	if (n > 0 && any != NULL)
		return any;
	if (n > 0)
		reply_error(&x->reply, 405, "method_not_allowed", "this path is not for that method");
	else
		reply_error(&x->reply, 404, "not_found", "there is nothing at this path");
	return NULL;
}

/* Headers of which a request has one at most: a proxy before this server may read another one than this server does. The
 * same for names that are none. */
struct singles {
	int hosts, lengths, odd;
};

static enum MHD_Result count_singles(void *ctx, enum MHD_ValueKind kind, const char *key, const char *value)
{
	struct singles *n = ctx;
	(void)kind;
	(void)value;
	for (const char *p = key; *p != '\0'; p++) /* RFC 9110, 5.6.2: token */
		n->odd += !isalnum((unsigned char)*p) && strchr("!#$%&'*+-.^_`|~", *p) == NULL;
	n->hosts += strcasecmp(key, "Host") == 0;
	n->lengths += strcasecmp(key, "Content-Length") == 0 || strcasecmp(key, "Transfer-Encoding") == 0;
	return MHD_YES;
}

static bool may_ask(const struct server *s, struct exchange *x)
{
	struct singles n = { 0 };
	const char *host = request_header(&x->request, "Host");
	MHD_get_connection_values(x->connection, MHD_HEADER_KIND, count_singles, &n);
	if (n.hosts > 1 || n.lengths > 1 || n.odd > 0) {
		reply_error(&x->reply, 400, "bad_request", "a header is there twice (Host, Content-Length or Transfer-Encoding), or has no name");
		reply_header(&x->reply, "Connection", "close"); /* what follows is no request, for somebody */
		return false;
	}
	if (s->is_local && strncmp(s->address, "unix:", 5) != 0 && (host == NULL || !host_is_loopback(host))) {
		reply_error(&x->reply, 403, "bad_host", "the Host header does not name this machine's loopback");
		return false;
	}
	return true;
}

/* Also what a page in a browser can send without asking first is refused: a body that is no JSON. */
static bool is_well_formed(struct exchange *x)
{
	const char *type = request_header(&x->request, "Content-Type");
	const char *auth = request_header(&x->request, "Authorization");
	size_t n = type != NULL ? strcspn(type, "; \t") : 0;
	if (x->body_bytes > 0 && x->route->body_max > 0 && (n != 16 || strncasecmp(type, "application/json", n) != 0)) {
		reply_error(&x->reply, 415, "bad_content_type", "Content-Type: application/json is needed");
		return false;
	}
	if (auth == NULL)
		return true;
	if (strncasecmp(auth, "Bearer ", 7) != 0 || auth[7 + strspn(auth + 7, " ")] == '\0') {
		reply_error(&x->reply, 401, "unauthorized", "the header is to be Authorization: Bearer TOKEN");
		reply_header(&x->reply, "WWW-Authenticate", "Bearer");
		return false;
	}
	request_sign_in(&x->request, auth + 7 + strspn(auth + 7, " "));
	return true;
}

/* Hands the request to the desks. False if the server is ending. */
static bool server_hand_over(struct server *s, struct exchange *x)
{
	pthread_mutex_lock(&s->lock);
	bool is_open = !s->ending;
	if (is_open) {
		x->is_handed_over = true;
		client_is(&s->clients, x->client, CLIENT_WAITS, CLIENT_NEVER);
		MHD_suspend_connection(x->connection);
		list_push(&s->waiting, &x->link);
		pthread_cond_signal(&s->some);
	}
	pthread_mutex_unlock(&s->lock);
	return is_open;
}

void request_answer(struct request *request)
{
	struct exchange *x = list_entry(request, struct exchange, request);
	MHD_resume_connection(x->connection); /* from here on x belongs to the library's thread */
}

void request_drop_body(struct request *request)
{
	struct exchange *x = list_entry(request, struct exchange, request);
	client_give_bytes(&x->server->clients, x->client, x->body.len);
	strbuf_release(&x->body);
	x->body.len = 0;
	request->body = STR("");
}

bool request_is_gone(const struct request *request)
{
	const struct exchange *x = list_entry(request, const struct exchange, request);
	char next;
	return x->client != NULL && recv(x->client->fd, &next, 1, MSG_PEEK | MSG_DONTWAIT) == 0;
}

/* A whole request has come. */
static enum MHD_Result on_whole(struct server *s, struct exchange *x)
{
	x->request.body = (struct str){ strbuf_text(&x->body), x->body.len };
	x->request.scope = SCOPE_WORDS[x->route->scope];
	x->came_at = clock_mono();
	x->request.origin = request_header(&x->request, "Origin");
	if (x->body_bytes > x->route->body_max)
		reply_error(&x->reply, 413, "body_too_big", TOO_LONG);
	else if (x->has_no_room)
		reply_error(&x->reply, 503, "busy", "too much is being sent to this worker at once");
	else if (!is_well_formed(x))
		;
	else if (x->route->answers == ANSWERS_AT_ONCE)
		x->route->run(s->options.ctx, &x->request, &x->reply);
	else if (server_hand_over(s, x))
		return MHD_YES;
	else
		reply_error(&x->reply, 503, "shutting_down", "this worker is ending");
	return send_reply(s, x);
}

/* Whether the headers announce more than the route reads. */
static bool is_body_too_long(const struct exchange *x)
{
	const char *length = request_header(&x->request, "Content-Length");
	return length != NULL && strtoull(length, NULL, 10) > x->route->body_max;
}

static void take_body(struct server *s, struct exchange *x, const char *data, size_t n)
{
	x->body_bytes += n;
	if (x->body_bytes > x->route->body_max || x->has_no_room)
		return;
	if (!client_take_bytes(&s->clients, x->client, n)) {
		x->has_no_room = true; /* what is there of it is for the others */
		request_drop_body(&x->request);
		return;
	}
	strbuf_add(&x->body, data, n);
}

static struct exchange *begin_exchange(struct server *s, struct MHD_Connection *connection, const char *method)
{
	const union MHD_ConnectionInfo *info = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
	struct exchange *x = xcalloc(1, sizeof *x);
	x->server = s;
	atomic_fetch_add(&s->n_open, 1);
	x->connection = connection;
	x->client = info != NULL ? info->socket_context : NULL;
	x->request.method = method;
	x->request.is_local = s->is_local;
	x->reply.type = "application/json";
	x->reply.body.cap = ANSWER_MAX;
	client_is(&s->clients, x->client, CLIENT_ASKS, ANSWER_USEC);
	return x;
}

/* Called by MHD when the headers are there, for each piece of a body, at its end, and again after a
 * suspended connection is resumed. */
static enum MHD_Result on_request(void *ctx, struct MHD_Connection *connection, const char *path, const char *method,
                                  const char *version, const char *data, size_t *data_len, void **state)
{
	struct server *s = ctx;
	struct exchange *x = *state;
	(void)version;
	if (x == NULL) {
		*state = x = begin_exchange(s, connection, method);
		if (may_ask(s, x))
			x->route = find_route(s, method, path, x);
		if (x->route != NULL && x->client != NULL && x->client->is_over_limit && x->route->scope != SCOPE_OPEN) {
			reply_error(&x->reply, 503, "busy", "this worker has as many connections as it takes");
			reply_header(&x->reply, "Retry-After", "1");
			x->route = NULL;
		}
		if (x->route != NULL && is_body_too_long(x)) {
			reply_error(&x->reply, 413, "body_too_big", TOO_LONG);
			x->route = NULL;
		}
		if (x->route == NULL) /* reply before the body is read: it is not needed */
			return send_reply(s, x);
		x->body.cap = x->route->body_max + 1;
		return MHD_YES;
	}
	if (*data_len > 0) {
		take_body(s, x, data, *data_len);
		*data_len = 0;
		return x->body_bytes <= x->route->body_max + BODY_SWALLOWED ? MHD_YES : MHD_NO;
	}
	return x->is_handed_over ? send_reply(s, x) : on_whole(s, x);
}

static void on_completed(void *ctx, struct MHD_Connection *connection, void **state, enum MHD_RequestTerminationCode code)
{
	struct server *s = ctx;
	struct exchange *x = *state;
	(void)connection;
	(void)code;
	if (x == NULL)
		return;
	client_is(&s->clients, x->client, CLIENT_RESTS, BETWEEN_USEC);
	request_drop_body(&x->request);
	atomic_fetch_sub(&s->n_open, 1);
	if (x->reply.feed != NULL)
		feed_left(x->reply.feed);
	strbuf_release(&x->reply.body);
	free(x);
	*state = NULL;
}

/* ---------------------------------------------------------------- connections */

static void on_connection(void *ctx, struct MHD_Connection *connection, void **socket_context,
                          enum MHD_ConnectionNotificationCode code)
{
	struct server *s = ctx;
	if (code == MHD_CONNECTION_NOTIFY_STARTED) {
		*socket_context = client_add(&s->clients, MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD)->connect_fd);
	} else if (*socket_context != NULL) {
		client_remove(&s->clients, *socket_context);
		*socket_context = NULL;
	}
}

static void *desk_main(void *arg)
{
	struct desk *d = arg;
	struct server *s = d->server;
	pthread_mutex_lock(&s->lock);
	while (!s->ending || !list_is_empty(&s->waiting)) {
		clients_sweep(&s->clients);
		if (list_is_empty(&s->waiting)) {
			cond_wait_until(&s->some, &s->lock, clock_mono() + USEC_PER_SEC);
			continue;
		}
		struct exchange *x = list_entry(s->waiting.next, struct exchange, link);
		list_remove(&x->link);
		bool is_late = s->ending || clock_mono() - x->came_at > DESK_USEC;
		pthread_mutex_unlock(&s->lock);
		x->request.desk = d->number;
		if (is_late) {
			reply_error(&x->reply, 503, "busy", "this worker did not come to it: try again");
			reply_header(&x->reply, "Retry-After", "1");
			request_answer(&x->request);
		} else if (x->route->run(s->options.ctx, &x->request, &x->reply) == ROUTE_DONE)
			request_answer(&x->request);
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

static struct MHD_Daemon *start_library(struct server *s, int fd)
{
	return MHD_start_daemon(MHD_USE_EPOLL_INTERNAL_THREAD | MHD_ALLOW_SUSPEND_RESUME | MHD_USE_ERROR_LOG, 0, NULL, NULL,
	                        on_request, s, MHD_OPTION_EXTERNAL_LOGGER, on_mhd_log, NULL, MHD_OPTION_LISTEN_SOCKET, fd,
	                        MHD_OPTION_CONNECTION_LIMIT, (unsigned)(s->options.connections + KEPT_FOR_PROBES),
	                        MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)CONNECTION_BYTES, MHD_OPTION_CONNECTION_TIMEOUT,
	                        (unsigned)INACTIVE_SEC, MHD_OPTION_STRICT_FOR_CLIENT, 1, MHD_OPTION_NOTIFY_COMPLETED,
	                        on_completed, s, MHD_OPTION_NOTIFY_CONNECTION, on_connection, s, MHD_OPTION_END);
}

int server_start(struct server **out, const struct server_options *options, struct err *err)
{
	struct server *s = xcalloc(1, sizeof *s);
	s->options = *options;
	int fd = address_listen(options->address, s->address, &s->is_local, err);
	if (fd >= 0 && !s->is_local && options->is_local_only) {
		err_set(err, ERR_REFUSED, "%.60s is reached from other machines, and no token was made yet", s->address);
		close(fd);
		fd = -1;
	}
	if (fd < 0) {
		free(s);
		return -1;
	}
	clients_init(&s->clients, options->connections, options->trusted);
	list_init(&s->waiting);
	pthread_mutex_init(&s->lock, NULL);
	cond_init_mono(&s->some);
	s->daemon = start_library(s, fd);
	if (s->daemon == NULL) {
		close(fd);
		free(s);
		return err_set(err, ERR_SYSTEM, "%.60s: libmicrohttpd did not start", options->address);
	}
	for (int i = 0; i < DESKS; i++) {
		s->desks[i] = (struct desk){ .server = s, .number = i };
		thread_start(&s->desks[i].thread, 0, desk_main, &s->desks[i], "http");
	}
	*out = s;
	return 0;
}

void server_quiesce(struct server *s)
{
	s->quiesced_fd = MHD_quiesce_daemon(s->daemon);
	pthread_mutex_lock(&s->lock);
	s->ending = true;
	pthread_cond_broadcast(&s->some);
	pthread_mutex_unlock(&s->lock);
	for (int i = 0; i < DESKS; i++)
		pthread_join(s->desks[i].thread, NULL);
}

void server_stop(struct server *s)
{
	/* The library sends nothing more after it was stopped. */
	for (usec_t until = clock_mono() + LAST_USEC; atomic_load(&s->n_open) > 0 && clock_mono() < until;)
		usleep(10000);
	MHD_stop_daemon(s->daemon);
	if (s->quiesced_fd >= 0)
		close(s->quiesced_fd);
	if (strncmp(s->address, "unix:", 5) == 0)
		unlink(s->address + 5);
	clients_release(&s->clients);
	pthread_mutex_destroy(&s->lock);
	pthread_cond_destroy(&s->some);
	free(s);
}

const char *server_address(const struct server *s)
{
	return s->address;
}
