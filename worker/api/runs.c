#include "worker/api/runs.h"

#include <pthread.h>
#include <stdatomic.h>
#include <unistd.h>

#include "shared/list.h"
#include "shared/listen.h"
#include "shared/log.h"
#include "shared/pg.h"
#include "shared/thread.h"
#include "shared/vocab.h"
#include "shared/wake.h"
#include "sql_embed.h"
#include "worker/api/routes.h"

#define TIMEOUT_MS 5000
#define LOOK_MAX 256 /* runs of one statement */
#define LOOK_USEC (200 * USEC_PER_MSEC)
#define IDLE_USEC (30 * USEC_PER_SEC)
#define PATIENCE_MS 60000 /* beyond the run's own time: for those before it */
#define DEFAULT_MS 10000

struct run_waiter {
	struct list link;
	struct request *request;
	struct reply_http *reply;
	int64_t work;
	usec_t until;
};

struct runs {
	pthread_t thread;
	int wake;
	atomic_bool ending;
	pthread_mutex_t lock; /* guards `fresh` */
	struct list fresh;
	/* used by the thread only */
	struct list all;
	struct listen listen;
	struct pg *pg;
	usec_t used_at;
};

static void run_answer(struct run_waiter *one)
{
	list_remove(&one->link);
	request_answer(one->request);
	free(one);
}

static void run_refuse(struct run_waiter *one, const char *code, const char *message)
{
	reply_error(one->reply, 503, code, message);
	reply_header(one->reply, "Retry-After", "5");
	run_answer(one);
}

void runs_add(struct runs *rs, struct request *request, struct reply_http *reply, int64_t work, usec_t until)
{
	struct run_waiter *one = xcalloc(1, sizeof *one);
	*one = (struct run_waiter){ .request = request, .reply = reply, .work = work, .until = until };
	pthread_mutex_lock(&rs->lock);
	list_push(&rs->fresh, &one->link);
	pthread_mutex_unlock(&rs->lock);
	wake_up(rs->wake);
}

static void runs_take_fresh(struct runs *rs)
{
	pthread_mutex_lock(&rs->lock);
	while (!list_is_empty(&rs->fresh)) {
		struct list *l = rs->fresh.next;
		list_remove(l);
		list_push(&rs->all, l);
	}
	pthread_mutex_unlock(&rs->lock);
}

static struct run_waiter *run_find(struct runs *rs, int64_t work)
{
	for (struct list *l = rs->all.next; l != &rs->all; l = l->next)
		if (list_entry(l, struct run_waiter, link)->work == work)
			return list_entry(l, struct run_waiter, link);
	return NULL;
}

/* Asks for the first runs of the list, which then go to its end. */
static int ask_runs(struct runs *rs, struct err *err)
{
	struct strbuf works = STRBUF_INIT(65536);
	struct arena a = ARENA_INIT;
	struct rows r;
	int n = 0;
	for (struct list *l = rs->all.next; l != &rs->all && n < LOOK_MAX; l = l->next, n++)
		pg_array_int(&works, list_entry(l, struct run_waiter, link)->work);
	pg_array_end(&works);
	for (int i = 0; i < n; i++) {
		struct list *l = rs->all.next;
		list_remove(l);
		list_push(&rs->all, l);
	}
	const char *params[] = { strbuf_text(&works) };
	int result = pg_exec(rs->pg, &a, sql_worker_http_runs, params, 1, TIMEOUT_MS, &r, err);
	for (int i = 0; result == 0 && i < r.n_rows; i++) {
		struct run_waiter *one = run_find(rs, rows_int(&r, i, COL_HTTP_RUNS_WORK, 0));
		if (one == NULL)
			continue;
		one->reply->status = 200;
		strbuf_str(&one->reply->body, rows_at(&r, i, COL_HTTP_RUNS_DOCUMENT));
		strbuf_char(&one->reply->body, '\n');
		run_answer(one);
	}
	strbuf_release(&works);
	arena_release(&a);
	return result;
}

static void runs_turn(struct runs *rs)
{
	char payload[64];
	struct err err;
	usec_t now = clock_mono();
	int result = listen_turn(&rs->listen, &rs->pg, &err);
	while (result == 0 && !pg_is_broken(rs->pg) && listen_take(&rs->listen, rs->pg, payload))
		;
	if (result == 0)
		result = ask_runs(rs, &err);
	if (result < 0)
		log_event(LOG_DEBUG, "runs are not read", "code=%s", err_name(err.code));
	for (struct list *l = rs->all.next, *after; l != &rs->all; l = after) {
		struct run_waiter *one = list_entry(l, struct run_waiter, link);
		after = l->next;
		if (now > one->until)
			run_refuse(one, "busy", "it was not run in time: other runs are before it, or no worker runs code");
	}
}

static void *runs_main(void *arg)
{
	struct runs *rs = arg;
	while (!atomic_load(&rs->ending)) {
		runs_take_fresh(rs);
		bool is_idle = list_is_empty(&rs->all);
		if (!is_idle) {
			rs->used_at = clock_mono();
			runs_turn(rs);
			is_idle = list_is_empty(&rs->all);
		} else if (rs->pg != NULL && clock_mono() - rs->used_at > IDLE_USEC) {
			pg_close(rs->pg);
			rs->pg = NULL;
		}
		listen_sleep(&rs->pg, rs->wake, (int)((is_idle ? IDLE_USEC : LOOK_USEC) / USEC_PER_MSEC));
	}
	return NULL;
}

struct runs *runs_start(const struct options *o)
{
	struct runs *rs = xcalloc(1, sizeof *rs);
	rs->listen = (struct listen){ .listen_url = o->listen_url,
		                      .database_url = o->database_url,
		                      .application = "signalbox-worker runs",
		                      .options = "-c statement_timeout=4s",
		                      .channel = CHANNEL_ENDED,
		                      .timeout_ms = TIMEOUT_MS };
	list_init(&rs->fresh);
	list_init(&rs->all);
	pthread_mutex_init(&rs->lock, NULL);
	rs->wake = wake_new();
	thread_start(&rs->thread, 0, runs_main, rs, "runs");
	return rs;
}

void runs_stop(struct runs *rs)
{
	atomic_store(&rs->ending, true);
	wake_up(rs->wake);
	pthread_join(rs->thread, NULL);
	runs_take_fresh(rs);
	while (!list_is_empty(&rs->all))
		run_refuse(list_entry(rs->all.next, struct run_waiter, link), "shutting_down", "this worker is ending; the run goes on");
	pg_close(rs->pg);
	close(rs->wake);
	pthread_mutex_destroy(&rs->lock);
	free(rs);
}

/* ---------------------------------------------------------------- the route */

enum route_end post_execute_code(void *ctx, struct request *request, struct reply_http *r)
{
	struct api *api = ctx;
	struct arena a = ARENA_INIT;
	struct rows rows;
	const char *code = NULL, *language = "python";
	int64_t ms = DEFAULT_MS, work;
	char timeout[24];
	enum route_end end = ROUTE_DONE;
	const struct field fields[] = { { "code", &code, NULL, true }, { "language", &language, NULL, false }, { "timeout_ms", NULL, &ms, false } };
	if (allow_origin(api, request, r) && read_body(&a, request->body, fields, ARRAY_SIZE(fields), r)) {
		snprintf(timeout, sizeof timeout, "%lld", (long long)MIN(MAX(ms, -1), INT32_MAX));
		const char *params[] = { request->token, ask_local(request), code, language, timeout };
		request_drop_body(request);
		if (ask(api, request, &a, sql_worker_http_exec, params, 5, &rows, r) == 0) {
			work = rows_int(&rows, 0, COL_HTTP_EXEC_WORK, -1);
			if (work > 0) {
				runs_add(api->runs, request, r, work, clock_mono() + (ms + PATIENCE_MS) * USEC_PER_MSEC);
				end = ROUTE_PARKED;
			} else {
				reply_error(r, 503, work == 0 ? "busy" : "refused",
				            work == 0 ? "a thousand runs wait already" : "no worker runs code: see signalbox doctor");
				reply_header(r, "Retry-After", "5");
			}
		}
	}
	arena_release(&a);
	return end;
}
