/*
 * The engine's thread sleeps in epoll on curl's sockets and on an eventfd that says that the inbox
 * has orders. It sleeps until curl's timer is due, or until the next sweep of the deadlines (four
 * times a second, only while a transfer is in flight). curl_multi_socket_action costs a sixth of
 * curl_multi_poll at 10,000 streams, because it looks only at the socket that has an event. Curl
 * handles are reused: making one costs as much as a short call.
 */
#include "worker/net/engine.h"

#include <curl/curl.h>
#include <errno.h>
#include <pthread.h>
#include <strings.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "shared/arena.h"
#include "shared/clock.h"
#include "shared/list.h"
#include "shared/thread.h"
#include "shared/wake.h"
#include "worker/net/public.h"

#define BODY_MAX (64u << 20)
#define SWEEP_USEC (250 * USEC_PER_MSEC)
#define BUCKETS 4096 /* hash table of transfers by number: a stop cancels ten thousand of them */
#define SPARE_MAX 1024 /* curl handles kept for reuse, at most: 6 kB each */

struct transfer {
	struct list link;      /* in `inbox`, then in `flying` */
	struct transfer *next; /* in its bucket */
	uint64_t id;
	CURL *easy; /* NULL: a timer, which only waits for its deadline */
	struct curl_slist *headers;
	char *url, *method, *body;
	size_t body_len;
	struct net_handler handler;
	struct net_response response;
	struct err err; /* why the engine ended it; OK while it runs */
	usec_t started, last_byte, deadline;
	usec_t enough_at; /* when it ends successfully (on_data); 0: not set */
	int connect_ms, first_byte_ms, idle_ms;
	bool is_once, is_public_only, is_refused; /* refused: the address is no public one */
};

struct engine {
	pthread_t thread;
	CURLM *multi;
	int epoll, wake;
	/* when curl's timer is due, and when the next sweep of the deadlines is; 0: not set */
	usec_t curl_at, sweep_at;
	CURL *spare[SPARE_MAX];
	int n_spare, max_spare;
	struct arena scratch; /* for what handlers need while they run */
	struct list flying;
	struct transfer *by_id[BUCKETS]; /* the transfers of `flying` */
	pthread_mutex_t lock;            /* guards the fields below */
	struct list inbox;
	struct cancel {
		uint64_t id;
		enum err_code code;
	} * cancels;
	size_t n_cancels, room;
	uint64_t last_id;
	bool ending;
};

static int on_socket(CURL *easy, curl_socket_t fd, int what, void *arg, void *known)
{
	struct engine *e = arg;
	(void)easy;
	if (what == CURL_POLL_REMOVE) {
		epoll_ctl(e->epoll, EPOLL_CTL_DEL, fd, NULL);
		return 0;
	}
	struct epoll_event ev = { .events = (what & CURL_POLL_IN ? EPOLLIN : 0u) | (what & CURL_POLL_OUT ? EPOLLOUT : 0u),
		                  .data.fd = fd };
	if (epoll_ctl(e->epoll, known != NULL ? EPOLL_CTL_MOD : EPOLL_CTL_ADD, fd, &ev) < 0 && errno == EEXIST)
		epoll_ctl(e->epoll, EPOLL_CTL_MOD, fd, &ev);
	curl_multi_assign(e->multi, fd, e);
	return 0;
}

static int on_timer(CURLM *multi, long ms, void *arg)
{
	struct engine *e = arg;
	(void)multi;
	e->curl_at = ms < 0 ? 0 : clock_mono() + ms * USEC_PER_MSEC;
	return 0;
}

static size_t on_body(char *ptr, size_t one, size_t n, void *arg)
{
	struct transfer *t = arg;
	(void)one;
	t->last_byte = clock_mono();
	if (t->response.ttfb_ms < 0)
		t->response.ttfb_ms = (int)((t->last_byte - t->started) / USEC_PER_MSEC);
	t->response.body_bytes += n;
	if (t->err.code == ERR_OK && t->response.body_bytes > BODY_MAX)
		err_set(&t->err, ERR_TOO_BIG, "the provider's answer is over %u bytes", BODY_MAX);
	if (t->err.code != ERR_OK)
		return 0;
	int grace_ms = t->handler.on_data(t->handler.ctx, &t->response, (struct str){ ptr, n }, &t->err);
	if (grace_ms > 0)
		t->enough_at = t->last_byte + grace_ms * USEC_PER_MSEC;
	return grace_ms < 0 ? 0 : n;
}

static size_t engine_on_header(char *ptr, size_t one, size_t n, void *arg)
{
	struct transfer *t = arg;
	char line[512];
	(void)one;
	size_t len = MIN(n, sizeof line - 1);
	memcpy(line, ptr, len);
	line[len] = '\0';
	if (strncmp(line, "HTTP/", 5) == 0) {
		const char *space = strchr(line, ' ');
		t->response.status = space != NULL ? atoi(space + 1) : 0;
		t->response.request_id[0] = '\0';
		return n;
	}
	char *value = strchr(line, ':');
	if (value == NULL)
		return n;
	*value++ = '\0';
	value += strspn(value, " \t");
	value[strcspn(value, "\r\n")] = '\0';
	if (t->handler.on_header != NULL)
		t->handler.on_header(t->handler.ctx, line, value);
	if (strcasecmp(line, "x-request-id") == 0 || strcasecmp(line, "request-id") == 0)
		snprintf(t->response.request_id, sizeof t->response.request_id, "%.79s", value);
	return n;
}

static void transfer_free(struct engine *e, struct transfer *t)
{
	if (t->easy == NULL) {
		/* a timer has no handle */
	} else if (e->n_spare < e->max_spare) {
		curl_easy_reset(t->easy);
		e->spare[e->n_spare++] = t->easy;
	} else {
		curl_easy_cleanup(t->easy);
	}
	for (struct curl_slist *h = t->headers; h != NULL; h = h->next)
		explicit_bzero(h->data, strlen(h->data)); /* one of them has the key */
	curl_slist_free_all(t->headers);
	if (t->url != NULL)
		explicit_bzero(t->url, strlen(t->url)); /* its query may have a secret */
	free(t->url);
	free(t->method);
	free(t->body);
	free(t);
}

/* Sets the error that curl's result means for us (measured with Debian's 7.88). */
static void explain(struct transfer *t, CURLcode rc)
{
	if (t->err.code != ERR_OK || rc == CURLE_OK)
		return;
	const char *text = curl_easy_strerror(rc);
	if (rc == CURLE_PARTIAL_FILE || ((rc == CURLE_RECV_ERROR || rc == CURLE_HTTP2_STREAM) && t->response.body_bytes > 0))
		err_set(&t->err, ERR_TRUNCATED, "the connection was cut after %zu bytes", t->response.body_bytes);
	else if (t->is_refused)
		err_set(&t->err, ERR_REFUSED, "the address is private");
	else if (rc == CURLE_OPERATION_TIMEDOUT)
		err_set(&t->err, ERR_TIMEOUT_CONNECT, "no connection within %d ms", t->connect_ms);
	else if (rc == CURLE_UNSUPPORTED_PROTOCOL || rc == CURLE_WEIRD_SERVER_REPLY || rc == CURLE_URL_MALFORMAT ||
	         rc == CURLE_BAD_CONTENT_ENCODING)
		err_set(&t->err, rc == CURLE_URL_MALFORMAT ? ERR_NOT_CONFIGURED : ERR_BAD_REPLY, "%s", text);
	else
		err_set(&t->err, ERR_NETWORK, "%s", text);
}

static void finish(struct engine *e, struct transfer *t, CURLcode rc)
{
	explain(t, rc);
	if (t->easy != NULL) {
		long sent = 0;
		curl_easy_getinfo(t->easy, CURLINFO_REQUEST_SIZE, &sent);
		t->response.was_sent = sent > 0;
		curl_multi_remove_handle(e->multi, t->easy);
	}
	list_remove(&t->link);
	struct transfer **at = &e->by_id[t->id % BUCKETS];
	while (*at != t)
		at = &(*at)->next;
	*at = t->next;
	t->handler.on_done(t->handler.ctx, &t->response, t->err.code != ERR_OK ? &t->err : NULL);
	transfer_free(e, t);
}

static void reap(struct engine *e)
{
	int left;
	for (CURLMsg *m; (m = curl_multi_info_read(e->multi, &left)) != NULL;)
		if (m->msg == CURLMSG_DONE) {
			struct transfer *t;
			CURLcode rc = m->data.result;
			curl_easy_getinfo(m->easy_handle, CURLINFO_PRIVATE, &t);
			finish(e, t, rc);
		}
}

static void fly(struct engine *e, struct transfer *t)
{
	t->started = t->last_byte = clock_mono();
	t->response.scratch = &e->scratch;
	list_push(&e->flying, &t->link);
	t->next = e->by_id[t->id % BUCKETS];
	e->by_id[t->id % BUCKETS] = t;
}

/* libcurl itself reads the variables for proxies; only the curl command reads these. */
static void set_authorities(CURL *easy)
{
	const char *bundle = getenv("CURL_CA_BUNDLE"), *file = getenv("SSL_CERT_FILE"), *dir = getenv("SSL_CERT_DIR");
	if (bundle != NULL && *bundle != '\0')
		file = bundle;
	else if (dir != NULL && *dir != '\0')
		curl_easy_setopt(easy, CURLOPT_CAPATH, dir);
	if (file != NULL && *file != '\0')
		curl_easy_setopt(easy, CURLOPT_CAINFO, file);
}

static curl_socket_t open_public(void *arg, curlsocktype purpose, struct curl_sockaddr *a)
{
	struct transfer *t = arg;
	(void)purpose;
	t->is_refused = !address_is_public(&a->addr);
	return t->is_refused ? CURL_SOCKET_BAD : socket(a->family, a->socktype | SOCK_CLOEXEC, a->protocol);
}

static void set_public_only(struct transfer *t)
{
	curl_easy_setopt(t->easy, CURLOPT_OPENSOCKETFUNCTION, open_public);
	curl_easy_setopt(t->easy, CURLOPT_OPENSOCKETDATA, t);
	curl_easy_setopt(t->easy, CURLOPT_NOPROXY, "*");
	/* its name's server may be as slow as it likes: the thread of the look-up is left, not waited for */
	curl_easy_setopt(t->easy, CURLOPT_QUICK_EXIT, 1L);
}

static void engine_begin(struct engine *e, struct transfer *t)
{
	if (t->url == NULL) {
		fly(e, t);
		return;
	}
	t->easy = e->n_spare > 0 ? e->spare[--e->n_spare] : curl_easy_init();
	if (t->easy == NULL)
		abort();
	curl_easy_setopt(t->easy, CURLOPT_URL, t->url);
	curl_easy_setopt(t->easy, CURLOPT_PRIVATE, t);
	curl_easy_setopt(t->easy, CURLOPT_HTTPHEADER, t->headers);
	curl_easy_setopt(t->easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)t->body_len);
	curl_easy_setopt(t->easy, CURLOPT_POSTFIELDS, t->body);
	curl_easy_setopt(t->easy, CURLOPT_WRITEFUNCTION, on_body);
	curl_easy_setopt(t->easy, CURLOPT_WRITEDATA, t);
	curl_easy_setopt(t->easy, CURLOPT_HEADERFUNCTION, engine_on_header);
	curl_easy_setopt(t->easy, CURLOPT_HEADERDATA, t);
	curl_easy_setopt(t->easy, CURLOPT_CONNECTTIMEOUT_MS, (long)t->connect_ms);
	curl_easy_setopt(t->easy, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(t->easy, CURLOPT_PROTOCOLS_STR, "http,https");
	/* the proxy's answer to CONNECT is not the provider's */
	curl_easy_setopt(t->easy, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
	/* decode an encoded body; net_submit removes the header that asks for one */
	curl_easy_setopt(t->easy, CURLOPT_ACCEPT_ENCODING, "");
	set_authorities(t->easy);
	curl_easy_setopt(t->easy, CURLOPT_BUFFERSIZE, 4096L);
	curl_easy_setopt(t->easy, CURLOPT_USERAGENT, "signalbox");
	if (t->method != NULL && strcmp(t->method, "GET") == 0)
		curl_easy_setopt(t->easy, CURLOPT_HTTPGET, 1L);
	else if (t->method != NULL)
		curl_easy_setopt(t->easy, CURLOPT_CUSTOMREQUEST, t->method);
	if (t->is_public_only)
		set_public_only(t);
	if (t->is_public_only || t->is_once) { /* a connection that is kept was not asked about, and one of this kind is not for others */
		curl_easy_setopt(t->easy, CURLOPT_FRESH_CONNECT, 1L);
		curl_easy_setopt(t->easy, CURLOPT_FORBID_REUSE, 1L);
	}
	fly(e, t);
	if (curl_multi_add_handle(e->multi, t->easy) != CURLM_OK) {
		err_set(&t->err, ERR_SYSTEM, "the transfer could not be started");
		finish(e, t, CURLE_OK);
	}
}

static void cancel(struct engine *e, const struct cancel *c)
{
	struct transfer *t = e->by_id[c->id % BUCKETS];
	while (t != NULL && t->id != c->id)
		t = t->next;
	if (t == NULL) /* it has ended already */
		return;
	err_set(&t->err, c->code, "after %zu bytes", t->response.body_bytes);
	finish(e, t, CURLE_OK);
}

static void engine_take_orders(struct engine *e)
{
	struct list inbox;
	list_init(&inbox);
	pthread_mutex_lock(&e->lock);
	while (!list_is_empty(&e->inbox)) {
		struct list *l = e->inbox.next;
		list_remove(l);
		list_push(&inbox, l);
	}
	struct cancel *cancels = e->cancels;
	size_t n = e->n_cancels;
	e->cancels = NULL;
	e->n_cancels = e->room = 0;
	pthread_mutex_unlock(&e->lock);
	while (!list_is_empty(&inbox)) {
		struct transfer *t = list_entry(inbox.next, struct transfer, link);
		list_remove(&t->link);
		engine_begin(e, t);
	}
	for (size_t i = 0; i < n; i++)
		cancel(e, &cancels[i]);
	free(cancels);
}

/* True when the transfer is past its deadline or silent for too long; sets its err. */
static bool is_late(struct transfer *t, usec_t now)
{
	usec_t silent = (now - t->last_byte) / USEC_PER_MSEC;
	if (now > t->deadline)
		err_set(&t->err, ERR_TIMEOUT, "the attempt's time is over, after %zu bytes", t->response.body_bytes);
	else if (t->response.ttfb_ms < 0 && silent > t->first_byte_ms)
		err_set(&t->err, ERR_TIMEOUT_TTFT, "no first byte within %d ms", t->first_byte_ms);
	else if (t->response.ttfb_ms >= 0 && silent > t->idle_ms)
		err_set(&t->err, ERR_TIMEOUT_IDLE, "silent for %d ms, after %zu bytes", t->idle_ms, t->response.body_bytes);
	return t->err.code != ERR_OK;
}

static bool has_enough(const struct transfer *t, usec_t now)
{
	return t->enough_at != 0 && now >= t->enough_at;
}

/* Ends transfers that are late, transfers that need no more data, and timers that are due. */
static void engine_sweep(struct engine *e)
{
	usec_t now = clock_mono();
	for (struct list *l = e->flying.next, *next; l != &e->flying; l = next) {
		struct transfer *t = list_entry(l, struct transfer, link);
		next = l->next;
		if (t->easy == NULL ? now >= t->deadline : has_enough(t, now) || is_late(t, now))
			finish(e, t, CURLE_OK);
	}
}

/* Milliseconds until curl's timer or the next sweep is due; -1: neither is set. */
static int until_due(const struct engine *e)
{
	usec_t at = e->curl_at != 0 && (e->sweep_at == 0 || e->curl_at < e->sweep_at) ? e->curl_at : e->sweep_at;
	return at == 0 ? -1 : (int)((MAX(0, at - clock_mono()) + USEC_PER_MSEC - 1) / USEC_PER_MSEC);
}

static void look_at_sockets(struct engine *e)
{
	struct epoll_event events[256];
	int running, n = epoll_wait(e->epoll, events, ARRAY_SIZE(events), until_due(e));
	bool orders = false;
	for (int i = 0; i < n; i++) {
		int fd = events[i].data.fd;
		if (fd == e->wake) {
			wake_take(fd);
			orders = true;
			continue;
		}
		int mask = (events[i].events & EPOLLIN ? CURL_CSELECT_IN : 0) |
		           (events[i].events & EPOLLOUT ? CURL_CSELECT_OUT : 0) |
		           (events[i].events & (EPOLLERR | EPOLLHUP) ? CURL_CSELECT_ERR : 0);
		curl_multi_socket_action(e->multi, fd, mask, &running);
	}
	if (orders)
		engine_take_orders(e);
	if (e->curl_at != 0 && clock_mono() >= e->curl_at) {
		e->curl_at = 0;
		curl_multi_socket_action(e->multi, CURL_SOCKET_TIMEOUT, 0, &running);
	}
}

static void *engine_main(void *arg)
{
	struct engine *e = arg;
	for (bool over = false; !over;) {
		look_at_sockets(e);
		reap(e);
		if (e->sweep_at != 0 && clock_mono() >= e->sweep_at) {
			engine_sweep(e);
			e->sweep_at = 0;
		}
		if (list_is_empty(&e->flying))
			e->sweep_at = 0;
		else if (e->sweep_at == 0)
			e->sweep_at = clock_mono() + SWEEP_USEC;
		pthread_mutex_lock(&e->lock);
		over = e->ending && list_is_empty(&e->flying) && list_is_empty(&e->inbox);
		pthread_mutex_unlock(&e->lock);
	}
	return NULL;
}

static void watch_fd(struct engine *e, int fd)
{
	struct epoll_event ev = { .events = EPOLLIN, .data.fd = fd };
	epoll_ctl(e->epoll, EPOLL_CTL_ADD, fd, &ev);
}

struct engine *engine_start(int connections)
{
	struct engine *e = xcalloc(1, sizeof *e);
	curl_global_init(CURL_GLOBAL_DEFAULT);
	e->max_spare = MIN(connections, SPARE_MAX);
	list_init(&e->flying);
	list_init(&e->inbox);
	pthread_mutex_init(&e->lock, NULL);
	e->multi = curl_multi_init();
	e->epoll = epoll_create1(EPOLL_CLOEXEC);
	e->wake = wake_new();
	if (e->multi == NULL || e->epoll < 0)
		BUG("the engine could not be set up: %d", errno);
	watch_fd(e, e->wake);
	curl_multi_setopt(e->multi, CURLMOPT_SOCKETFUNCTION, on_socket);
	curl_multi_setopt(e->multi, CURLMOPT_SOCKETDATA, e);
	curl_multi_setopt(e->multi, CURLMOPT_TIMERFUNCTION, on_timer);
	curl_multi_setopt(e->multi, CURLMOPT_TIMERDATA, e);
	curl_multi_setopt(e->multi, CURLMOPT_MAXCONNECTS, (long)connections);
	thread_start(&e->thread, 512 * 1024, engine_main, e, "engine");
	return e;
}

void engine_stop(struct engine *e)
{
	pthread_mutex_lock(&e->lock);
	e->ending = true;
	pthread_mutex_unlock(&e->lock);
	wake_up(e->wake);
	pthread_join(e->thread, NULL);
	curl_multi_cleanup(e->multi);
	close(e->epoll);
	close(e->wake);
	while (e->n_spare > 0)
		curl_easy_cleanup(e->spare[--e->n_spare]);
	pthread_mutex_destroy(&e->lock);
	arena_release(&e->scratch);
	free(e);
	curl_global_cleanup();
}

static uint64_t engine_submit(struct engine *e, struct transfer *t)
{
	pthread_mutex_lock(&e->lock);
	uint64_t id = t->id = ++e->last_id;
	bool first = list_is_empty(&e->inbox); /* else the thread was woken for the inbox before */
	list_push(&e->inbox, &t->link);
	pthread_mutex_unlock(&e->lock);
	if (first)
		wake_up(e->wake);
	return id; /* the transfer may have ended already */
}

uint64_t net_submit(struct engine *e, const struct net_request *r)
{
	struct transfer *t = xcalloc(1, sizeof *t);
	list_init(&t->link);
	t->url = xstrdup(r->url);
	t->body = xcalloc(1, r->body.len + 1);
	memcpy(t->body, r->body.ptr, r->body.len);
	t->body_len = r->body.len;
	t->headers = curl_slist_append(curl_slist_append(NULL, "Expect:"), "Accept-Encoding:");
	for (size_t i = 0; r->headers[i] != NULL; i++)
		t->headers = curl_slist_append(t->headers, r->headers[i]);
	t->handler = r->handler;
	t->response.ttfb_ms = -1;
	t->connect_ms = r->connect_ms;
	t->first_byte_ms = r->first_byte_ms;
	t->idle_ms = r->idle_ms;
	t->is_public_only = r->is_public_only;
	t->is_once = r->is_once;
	t->method = r->method != NULL ? xstrdup(r->method) : NULL;
	t->deadline = clock_mono() + r->total_ms * USEC_PER_MSEC;
	return engine_submit(e, t);
}

uint64_t net_sleep(struct engine *e, int64_t ms, const struct net_handler *handler)
{
	struct transfer *t = xcalloc(1, sizeof *t);
	list_init(&t->link);
	t->handler = *handler;
	t->deadline = clock_mono() + ms * USEC_PER_MSEC;
	return engine_submit(e, t);
}

void net_cancel(struct engine *e, uint64_t transfer, enum err_code code)
{
	pthread_mutex_lock(&e->lock);
	if (e->n_cancels == e->room) {
		e->room = MAX(16, e->room * 2);
		e->cancels = realloc(e->cancels, sizeof *e->cancels * e->room);
		if (e->cancels == NULL)
			abort();
	}
	e->cancels[e->n_cancels++] = (struct cancel){ transfer, code };
	pthread_mutex_unlock(&e->lock);
	wake_up(e->wake);
}
