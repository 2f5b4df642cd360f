#include "worker/api/dispatcher.h"

#include "shared/list.h"
#include "shared/thread.h"
#include "sql_embed.h"

#define BATCH_MAX 64
#define APART_USEC (2 * USEC_PER_MSEC) /* between two commits, when the last one had company; one that comes alone goes at once */
#define LATE_USEC (5 * USEC_PER_SEC) /* as for a desk: its client may have asked again */
#define ALONE_USEC (5 * USEC_PER_SEC)

/* A request that waits to be dispatched. */
struct pending {
	struct list link;
	struct request *request;
	struct reply_http *reply;
	char *content; /* owned */
	usec_t wait, came_at;
	struct share *share; /* while it is being dispatched; NULL: its client does not wait */
};

struct dispatcher {
	struct api *api;
	pthread_t thread;
	pthread_mutex_t lock; /* guards the fields below */
	pthread_cond_t some;
	struct list pending;
	bool ending;
	/* The last token and agent whose messages could not go together, and until when that is believed. */
	char alone_token[65], alone_agent[80];
	usec_t alone_until;
};

static const char *token_of(const struct request *request)
{
	return request->token != NULL ? request->token : "";
}

static const char *agent_of(const struct request *request)
{
	return request->params.value[0];
}

static void pending_free(struct pending *p)
{
	free(p->content);
	free(p);
}

bool dispatcher_add(struct dispatcher *d, struct request *request, const struct sending *in, usec_t wait, struct reply_http *reply)
{
	if (in->agent != request->params.value[0] || in->session != NULL || in->user != NULL || in->collection != NULL ||
	    in->thread != NULL || in->key != NULL || in->is_signed || in->priority != 0)
		return false;
	pthread_mutex_lock(&d->lock);
	bool is_ours = !d->ending && (clock_mono() >= d->alone_until || strcmp(d->alone_agent, in->agent) != 0 ||
	                              strcmp(d->alone_token, token_of(request)) != 0);
	if (is_ours) {
		struct pending *p = xcalloc(1, sizeof *p);
		*p = (struct pending){ .request = request,
			               .reply = reply,
			               .content = xstrdup(in->content),
			               .wait = wait,
			               .came_at = clock_mono() };
		list_push(&d->pending, &p->link);
		pthread_cond_signal(&d->some);
	}
	pthread_mutex_unlock(&d->lock);
	return is_ours;
}

static void answer_busy(struct pending *p, const char *code, const char *message)
{
	reply_error(p->reply, 503, code, message);
	reply_header(p->reply, "Retry-After", "1");
	request_answer(p->request);
	pending_free(p);
}

/* The same error for each; the first has it already. */
static void answer_errors(struct pending *const *some, int n)
{
	const struct reply_http *first = some[0]->reply;
	for (int i = 1; i < n; i++) {
		struct reply_http *r = some[i]->reply;
		r->status = first->status;
		r->type = first->type;
		strbuf_add(&r->body, strbuf_text(&first->body), first->body.len);
		for (int h = 0; h < first->n_headers; h++) /* of the first its own, such as CORS, are already there */
			if (strcmp(first->headers[h].name, "Retry-After") == 0 || strcmp(first->headers[h].name, "WWW-Authenticate") == 0)
				reply_header(r, first->headers[h].name, "%s", first->headers[h].value);
	}
	for (int i = n - 1; i >= 0; i--) { /* the first last: its reply was needed */
		request_answer(some[i]->request);
		pending_free(some[i]);
	}
}

static void send_alone(struct dispatcher *d, struct pending *p)
{
	const struct sending in = { .agent = agent_of(p->request), .content = p->content };
	if (send_message(d->api, p->request, &in, p->wait, p->reply) == ROUTE_DONE)
		request_answer(p->request);
	pending_free(p);
}

static void answer_pending(struct dispatcher *d, struct pending *p, const struct rows *r, int row)
{
	const struct accepted m = { .agent = rows_at(r, row, COL_HTTP_DISPATCH_MANY_AGENT),
		                    .document = rows_at(r, row, COL_HTTP_DISPATCH_MANY_DOCUMENT),
		                    .message = rows_int(r, row, COL_HTTP_DISPATCH_MANY_MESSAGE_ID, 0),
		                    .share = p->share,
		                    .wait = p->wait };
	if (accept_message(d->api, p->request, &m, p->reply) == ROUTE_DONE)
		request_answer(p->request);
	pending_free(p);
}

static void note_alone(struct dispatcher *d, const struct request *request)
{
	pthread_mutex_lock(&d->lock);
	snprintf(d->alone_token, sizeof d->alone_token, "%s", token_of(request));
	snprintf(d->alone_agent, sizeof d->alone_agent, "%s", agent_of(request));
	d->alone_until = clock_mono() + ALONE_USEC;
	pthread_mutex_unlock(&d->lock);
}

/* Dispatches n requests of one token and agent. */
static void dispatch_some(struct dispatcher *d, struct pending **some, int n)
{
	struct strbuf contents = STRBUF_INIT(160u << 20), awaited = STRBUF_INIT(1024);
	struct arena a = ARENA_INIT;
	struct rows r = { 0 };
	for (int i = 0; i < n; i++) {
		struct pending *p = some[i];
		p->request->desk = DESKS;
		p->share = p->wait > 0 ? waiters_share(d->api->waiters, p->request) : NULL;
		pg_array_add(&contents, p->content);
		pg_array_add(&awaited, p->share != NULL ? "t" : "f");
		request_drop_body(p->request);
	}
	pg_array_end(&contents);
	pg_array_end(&awaited);
	const char *params[] = { some[0]->request->token, ask_local(some[0]->request), agent_of(some[0]->request), strbuf_text(&contents),
		                 strbuf_text(&awaited) };
	int result = ask(d->api, some[0]->request, &a, sql_worker_http_dispatch_many, params, ARRAY_SIZE(params), &r, some[0]->reply);
	if (result == 0 && r.n_rows == n) {
		for (int i = 0; i < n; i++)
			answer_pending(d, some[i], &r, i);
	} else {
		for (int i = 0; i < n; i++)
			waiters_unshare(d->api->waiters, some[i]->share);
		if (result < 0) {
			answer_errors(some, n);
		} else {
			note_alone(d, some[0]->request);
			for (int i = 0; i < n; i++)
				send_alone(d, some[i]);
		}
	}
	strbuf_release(&contents);
	strbuf_release(&awaited);
	arena_release(&a);
}

/* Takes the oldest request, and those that can go with it; answers those that came too late. With the lock. */
static int take_some(struct dispatcher *d, struct pending **some)
{
	int n = 0;
	size_t bytes = 0;
	for (struct list *l = d->pending.next, *after; l != &d->pending && n < BATCH_MAX; l = after) {
		struct pending *p = list_entry(l, struct pending, link);
		after = l->next;
		if (n > 0 && (strcmp(token_of(p->request), token_of(some[0]->request)) != 0 ||
		              strcmp(agent_of(p->request), agent_of(some[0]->request)) != 0 || bytes + strlen(p->content) > 8u << 20))
			continue;
		list_remove(&p->link);
		if (clock_mono() - p->came_at > LATE_USEC) {
			answer_busy(p, "busy", "this worker did not come to it: try again");
			continue;
		}
		bytes += strlen(p->content);
		some[n++] = p;
	}
	return n;
}

static void *dispatcher_main(void *arg)
{
	struct dispatcher *d = arg;
	struct pending *some[BATCH_MAX];
	usec_t next = 0; /* when the next commit may begin */
	pthread_mutex_lock(&d->lock);
	while (!d->ending) {
		if (clock_mono() < next) {
			cond_wait_until(&d->some, &d->lock, next);
			continue;
		}
		int n = take_some(d, some);
		if (n == 0) {
			cond_wait_until(&d->some, &d->lock, clock_mono() + USEC_PER_SEC);
			continue;
		}
		pthread_mutex_unlock(&d->lock);
		dispatch_some(d, some, n);
		next = n > 1 ? clock_mono() + APART_USEC : 0;
		pthread_mutex_lock(&d->lock);
	}
	while (!list_is_empty(&d->pending)) {
		struct pending *p = list_entry(d->pending.next, struct pending, link);
		list_remove(&p->link);
		answer_busy(p, "shutting_down", "this worker is ending");
	}
	pthread_mutex_unlock(&d->lock);
	return NULL;
}

struct dispatcher *dispatcher_start(struct api *api)
{
	struct dispatcher *d = xcalloc(1, sizeof *d);
	d->api = api;
	list_init(&d->pending);
	pthread_mutex_init(&d->lock, NULL);
	cond_init_mono(&d->some);
	thread_start(&d->thread, 0, dispatcher_main, d, "dispatcher");
	return d;
}

void dispatcher_stop(struct dispatcher *d)
{
	pthread_mutex_lock(&d->lock);
	d->ending = true;
	pthread_cond_signal(&d->some);
	pthread_mutex_unlock(&d->lock);
	pthread_join(d->thread, NULL);
	pthread_mutex_destroy(&d->lock);
	pthread_cond_destroy(&d->some);
	free(d);
}
