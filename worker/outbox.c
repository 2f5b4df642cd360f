#include "worker/outbox.h"

#include <poll.h>
#include <unistd.h>

#include "shared/listen.h"
#include "shared/log.h"
#include "shared/pg.h"
#include "shared/thread.h"
#include "shared/utf8.h"
#include "shared/vocab.h"
#include "shared/wake.h"
#include "worker/code/blocks.h"
#include "worker/llm/breaker.h"
#include "sql_embed.h"

#define TIMEOUT_MS 5000
#define FLUSH_USEC (100 * USEC_PER_MSEC)
#define HINT_USEC (250 * USEC_PER_MSEC)
#define LOOK_USEC USEC_PER_SEC
/* Without LISTEN: how soon a watched message is found; asked only while a job runs. */
#define POLL_USEC (120 * USEC_PER_MSEC)

struct outbox {
	pthread_t thread;
	const struct services *services;
	struct lease *lease;
	struct listen listen;
	struct pg *pg;
	int wake;
	atomic_bool changed, ending, any_watched;
	atomic_bool news, urgent; /* a report of calls is due */
	bool is_untold;           /* the last report failed, and that was logged */
};

/* The pieces of text of one flush, as the four arrays of stream_write. */
struct flush {
	struct strbuf messages, jobs, ats, texts;
	bool any;
};

static void collect(struct job *job, void *arg)
{
	struct flush *f = arg;
	struct live *live = &job->live;
	if (!atomic_load(&live->watched))
		return;
	f->any = true;
	pthread_mutex_lock(&live->lock);
	struct str all = { strbuf_text(&live->text), live->text.len };
	size_t shown = live->shows_real ? code_settled(all, live->runs_code, &live->scan) : all.len;
	struct str fresh = { all.ptr + live->flushed, MAX(shown, live->flushed) - live->flushed };
	fresh.len -= utf8_unfinished(fresh);
	pg_array_int(&f->messages, job->message_id);
	pg_array_add(&f->jobs, job->job_id);
	pg_array_int(&f->ats, (int64_t)live->flushed);
	/* pg_array_add() stops at a NUL; the provider's text contains none (json.c). */
	char *copy = must_have(strndup(fresh.ptr, fresh.len));
	pg_array_add(&f->texts, copy);
	free(copy);
	pthread_mutex_unlock(&live->lock);
}

/* Takes the answer of stream_write: for each message, whether it is watched and how many bytes the
 * database has. A message without a row has ended in the database. */
static void take_put(struct job *job, void *arg)
{
	const struct rows *r = arg;
	struct live *live = &job->live;
	if (!atomic_load(&live->watched))
		return;
	bool is = false;
	for (int i = 0; i < r->n_rows; i++) {
		if (rows_int(r, i, COL_STREAM_WRITE_MESSAGE_ID, 0) != job->message_id)
			continue;
		is = rows_bool(r, i, COL_STREAM_WRITE_IS_WATCHED);
		pthread_mutex_lock(&live->lock);
		live->flushed = MIN((size_t)MAX(rows_int(r, i, COL_STREAM_WRITE_HERE, 0), 0), live->text.len);
		pthread_mutex_unlock(&live->lock);
	}
	atomic_store(&live->watched, is);
}

static void mark(struct job *job, void *arg)
{
	const struct rows *r = arg;
	bool is = false;
	for (int i = 0; i < r->n_rows; i++)
		is |= rows_int(r, i, COL_WATCHED_MESSAGE_ID, 0) == job->message_id;
	atomic_store(&job->live.watched, is);
}

static int outbox_put_text(struct outbox *o, struct err *err)
{
	struct flush f = { STRBUF_INIT(1u << 20), STRBUF_INIT(2u << 20), STRBUF_INIT(1u << 20), STRBUF_INIT(16u << 20), false };
	struct arena a = ARENA_INIT;
	struct rows r;
	int result = 0;
	jobs_each(o->services->jobs, collect, &f);
	pg_array_end(&f.messages);
	pg_array_end(&f.jobs);
	pg_array_end(&f.ats);
	pg_array_end(&f.texts);
	if (f.any && !f.texts.broken) {
		const char *params[] = { strbuf_text(&f.messages), strbuf_text(&f.jobs), strbuf_text(&f.ats),
			                 strbuf_text(&f.texts) };
		result = pg_exec(o->pg, &a, sql_worker_stream_write, params, 4, TIMEOUT_MS, &r, err);
		if (result == 0)
			jobs_each(o->services->jobs, take_put, &r);
	}
	atomic_store(&o->any_watched, f.any);
	strbuf_release(&f.messages);
	strbuf_release(&f.jobs);
	strbuf_release(&f.ats);
	strbuf_release(&f.texts);
	arena_release(&a);
	return result;
}

static int look_for_watchers(struct outbox *o, struct err *err)
{
	struct arena a = ARENA_INIT;
	struct rows r;
	char worker[40];
	const char *params[] = { worker };
	int result = 0;
	if (lease_id(o->lease, worker) && jobs_count(o->services->jobs) > 0) {
		result = pg_exec(o->pg, &a, sql_worker_watched, params, 1, TIMEOUT_MS, &r, err);
		if (result == 0) {
			jobs_each(o->services->jobs, mark, &r);
			if (r.n_rows > 0)
				atomic_store(&o->any_watched, true);
		}
	}
	arena_release(&a);
	return result;
}

static int put_report(struct outbox *o, struct err *err)
{
	struct strbuf report = STRBUF_INIT(1u << 20);
	struct arena a = ARENA_INIT;
	struct rows r;
	char worker[40];
	int result = 0;
	lease_key(o->lease, worker);
	if (breakers_begin_report(o->services->breakers, &report)) {
		const char *params[] = { worker, strbuf_text(&report) };
		result = pg_exec(o->pg, &a, sql_worker_report_calls, params, 2, TIMEOUT_MS, &r, err);
		breakers_end_report(o->services->breakers, result == 0 ? &r : NULL);
		if (result < 0 && !o->is_untold)
			log_event(LOG_WARN, "calls are not reported, trying again", "code=%s", err_name(err->code));
		o->is_untold = result < 0;
	}
	strbuf_release(&report);
	arena_release(&a);
	return result;
}

/* Sleeps until a wake-up, a notification, or ms. True after a notification: a message is
 * watched. */
static bool outbox_wait_for_cause(struct outbox *o, int ms)
{
	int what = listen_wait(&o->listen, &o->pg, o->wake, ms);
	if (what & LISTEN_WOKEN) /* each change wakes this thread: at most once per 20 ms */
		poll(NULL, 0, 20);
	return (what & LISTEN_TOLD) != 0;
}

static void *outbox_main(void *arg)
{
	struct outbox *o = arg;
	const char *news, *channel[] = { CHANNEL_CHANGED };
	struct err err;
	usec_t looked = 0, hinted = 0, reported = 0;
	while (!atomic_load(&o->ending)) {
		bool up = listen_turn(&o->listen, &o->pg, &err) == 0;
		usec_t now = clock_mono(), pace = listen_works(&o->listen) ? LOOK_USEC : POLL_USEC;
		if (up && now - looked >= pace) {
			looked = now;
			up = look_for_watchers(o, &err) == 0;
		}
		if (up && atomic_load(&o->any_watched))
			up = outbox_put_text(o, &err) == 0;
		if (up && now - hinted >= HINT_USEC && atomic_exchange(&o->changed, false)) {
			hinted = now;
			up = pg_exec(o->pg, NULL, sql_worker_changed, channel, 1, TIMEOUT_MS, NULL, &err) == 0;
		}
		bool urgent = atomic_exchange(&o->urgent, false);
		if (up && (urgent || now - reported >= HINT_USEC) && atomic_exchange(&o->news, false)) {
			reported = now;
			up = put_report(o, &err) == 0;
			if (!up)
				atomic_store(&o->news, true);
		}
		bool busy = atomic_load(&o->any_watched) || atomic_load(&o->changed) || atomic_load(&o->news);
		if (outbox_wait_for_cause(o, (int)((!up    ? clock_jitter(LOOK_USEC)
		                                    : busy ? MIN(FLUSH_USEC, pace)
		                                           : pace) /
		                                   USEC_PER_MSEC)))
			looked = 0;
		if ((news = listen_news(&o->listen)) != NULL)
			log_event(LOG_INFO, news, "room=outbox");
	}
	if (o->pg != NULL && !pg_is_broken(o->pg) && atomic_load(&o->news))
		put_report(o, &err);
	return NULL;
}

struct outbox *outbox_start(const struct services *services, struct lease *lease)
{
	struct outbox *o = xcalloc(1, sizeof *o);
	o->services = services;
	o->lease = lease;
	o->listen = (struct listen){ .listen_url = services->options->listen_url,
		                     .database_url = services->options->database_url,
		                     .application = "signalbox-worker outbox",
		                     .options = "-c statement_timeout=4s",
		                     .channel = CHANNEL_WATCH,
		                     .timeout_ms = TIMEOUT_MS };
	o->wake = wake_new();
	thread_start(&o->thread, 0, outbox_main, o, "outbox");
	return o;
}

void outbox_stop(struct outbox *o)
{
	atomic_store(&o->ending, true);
	wake_up(o->wake);
	pthread_join(o->thread, NULL);
	pg_close(o->pg);
	close(o->wake);
	free(o);
}

void outbox_changed(struct outbox *o)
{
	if (!atomic_exchange(&o->changed, true))
		wake_up(o->wake);
}

void outbox_report(struct outbox *o, bool urgent)
{
	if (urgent)
		atomic_store(&o->urgent, true);
	if (!atomic_exchange(&o->news, true) || urgent)
		wake_up(o->wake);
}

void outbox_watched(struct outbox *o)
{
	atomic_store(&o->any_watched, true);
	wake_up(o->wake);
}
