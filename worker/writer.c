#include "worker/writer.h"

#include <unistd.h>

#include "shared/json.h"
#include "shared/log.h"
#include "shared/pg.h"
#include "worker/services.h"
#include "worker/telemetry/count.h"
#include "worker/telemetry/facts.h"

#define BATCH_MAX 200
#define GATHER_USEC (2 * USEC_PER_MSEC)
#define BATCH_BYTES (32u << 20)
#define TIMEOUT_MS 30000

struct writer {
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t some;
	struct job **waiting;
	int n_waiting, room;
	bool ending;
	usec_t give_up; /* when ending: not beyond this */
	const char *url;
	char tries[16], backoff[32];
	void (*on_change)(void *);
	void *ctx;
	struct pg *pg;
};

static int call_settle(struct writer *w, struct job **jobs, int n, struct err *err)
{
	struct strbuf b = STRBUF_INIT(BATCH_BYTES);
	struct arena a = ARENA_INIT;
	struct rows rows;
	int result = -1;
	strbuf_char(&b, '[');
	for (int i = 0; i < n; i++) {
		if (i > 0)
			strbuf_char(&b, ',');
		strbuf_add(&b, strbuf_text(&jobs[i]->record), jobs[i]->record.len);
	}
	strbuf_char(&b, ']');
	if (b.broken) {
		err_set(err, ERR_TOO_BIG, "records of %d jobs over %u bytes", n, BATCH_BYTES);
		goto out;
	}
	if (w->pg != NULL && pg_is_broken(w->pg)) {
		pg_close(w->pg);
		w->pg = NULL;
	}
	if (w->pg == NULL && pg_connect(&w->pg, w->url, "signalbox-worker writer", "-c statement_timeout=25s", 5000, err) < 0)
		goto out;
	const char *params[] = { jobs[0]->worker_key, strbuf_text(&b), w->tries, w->backoff };
	if (pg_exec(w->pg, &a, "select job_id, result from signalbox.settle($1, $2, $3, $4)", params, 4, TIMEOUT_MS, &rows, err) <
	    0)
		goto out;
	for (int i = 0; i < rows.n_rows; i++)
		if (strcmp(rows_at(&rows, i, 1), "lost") == 0)
			log_event(LOG_WARN, "lease lost, the answer was not written", "job=%s", rows_at(&rows, i, 0));
	result = 0;
out:
	strbuf_release(&b);
	arena_release(&a);
	return result;
}

static bool is_transient(enum err_code code)
{
	return code == ERR_DB_DOWN || code == ERR_DB_TIMEOUT;
}

/* The record that the database refused becomes one it can take: the message fails, saying why. */
static void replace_record(struct job *job, const struct err *why)
{
	strbuf_clear(&job->record);
	strbuf_addf(&job->record, "{\"message_id\":%lld", (long long)job->message_id);
	json_put_field(&job->record, "job_id", job->job_id);
	json_put_field(&job->record, "outcome", "error");
	json_put_field(&job->record, "error_class", err_name(ERR_DB));
	json_put_field(&job->record, "error", why->msg);
	strbuf_str(&job->record, ",\"is_permanent\":true}");
}

/* Writes n records however long it takes; false only when ending and out of time. */
static bool write_all(struct writer *w, struct job **jobs, int n)
{
	struct err err;
	usec_t pause = 100 * USEC_PER_MSEC;
	bool said = false;
	while (call_settle(w, jobs, n, &err) < 0) {
		if (is_transient(err.code)) {
			pthread_mutex_lock(&w->lock);
			bool over = w->ending && clock_mono() > w->give_up;
			pthread_mutex_unlock(&w->lock);
			if (over)
				return false;
			if (!said)
				log_event(LOG_WARN, "database away, records are kept", "n=%d code=%s", n, err_name(err.code));
			said = true;
			usleep((useconds_t)clock_jitter(pause));
			pause = MIN(pause * 2, 2 * USEC_PER_SEC);
		} else if (n > 1) {
			for (int i = 0; i < n; i++)
				if (!write_all(w, jobs + i, 1))
					return false;
			return true;
		} else {
			char why[300];
			log_event(LOG_ERROR, "record refused by the database", "job=%s why=%s", jobs[0]->job_id,
			          log_quote(err.msg, why, sizeof why));
			if (strstr(strbuf_text(&jobs[0]->record), "\"error_class\":\"database\"") != NULL)
				return true; /* even the plain one: the attempt's deadline gives the message back */
			replace_record(jobs[0], &err);
		}
	}
	if (said)
		log_event(LOG_INFO, "database back, records written", "n=%d", n);
	return true;
}

/* Before they are woken: then they are gone. */
static void count_written(struct job **jobs, int n, usec_t took)
{
	struct counts *c = jobs[0]->services->counts;
	count_add(c, SETTLE_BATCHES, 1, NULL);
	count_add(c, SETTLED, n, NULL);
	count_add(c, SETTLE_SECONDS, took, NULL);
	static const struct route none;
	for (int i = 0; i < n; i++) {
		const struct job *job = jobs[i];
		const struct route *r = job->called != NULL ? job->called : &none;
		struct message_facts facts = { .agent = job->agent,
			                       .provider = r->provider,
			                       .model = r->model,
			                       .base_url = r->base_url,
			                       .code = job->err.code,
			                       .duration = clock_mono() - job->claimed,
			                       .number = job->number };
		facts_message(c, &facts);
		trace_message(job->services->trace, &job->span, &(struct message_span){ &facts, job->conversation, job->waited });
	}
}

/* How many of the first n were taken by one incarnation: after a lost lease the last records of the one before are still due. */
static int same_worker(struct job *const *jobs, int n)
{
	int i = 1;
	while (i < n && strcmp(jobs[i]->worker_key, jobs[0]->worker_key) == 0)
		i++;
	return i;
}

static void *writer_main(void *arg)
{
	struct writer *w = arg;
	struct job *batch[BATCH_MAX];
	pthread_mutex_lock(&w->lock);
	for (;;) {
		while (w->n_waiting == 0 && !w->ending)
			pthread_cond_wait(&w->some, &w->lock);
		if (w->n_waiting == 0)
			break;
		if (w->n_waiting < BATCH_MAX && !w->ending) { /* a moment for others to join the commit, where there are others */
			struct jobs *jobs = w->waiting[0]->services->jobs;
			int here = w->n_waiting;
			pthread_mutex_unlock(&w->lock);
			if (jobs_messages(jobs) > here)
				usleep((useconds_t)GATHER_USEC);
			pthread_mutex_lock(&w->lock);
		}
		int n = same_worker(w->waiting, MIN(w->n_waiting, BATCH_MAX));
		memcpy(batch, w->waiting, sizeof *batch * (size_t)n);
		w->n_waiting -= n;
		memmove(w->waiting, w->waiting + n, sizeof *batch * (size_t)w->n_waiting);
		pthread_mutex_unlock(&w->lock);

		usec_t began = clock_mono();
		bool written = write_all(w, batch, n);
		if (written)
			count_written(batch, n, clock_mono() - began);
		for (int i = 0; written && i < n; i++)
			job_wake(batch[i], &batch[i]->settled);
		w->on_change(w->ctx);
		pthread_mutex_lock(&w->lock);
		if (!written)
			break;
	}
	pthread_mutex_unlock(&w->lock);
	return NULL;
}

struct writer *writer_start(const char *url, int tries, int64_t backoff_ms, void (*on_change)(void *), void *ctx)
{
	struct writer *w = xcalloc(1, sizeof *w);
	pthread_mutex_init(&w->lock, NULL);
	pthread_cond_init(&w->some, NULL);
	w->url = url;
	w->on_change = on_change;
	w->ctx = ctx;
	snprintf(w->tries, sizeof w->tries, "%d", tries);
	snprintf(w->backoff, sizeof w->backoff, "%lld ms", (long long)backoff_ms);
	if (pthread_create(&w->thread, NULL, writer_main, w) != 0)
		BUG("the writer thread could not be started");
	return w;
}

void writer_stop(struct writer *w, int give_up_ms)
{
	pthread_mutex_lock(&w->lock);
	w->ending = true;
	w->give_up = clock_mono() + give_up_ms * USEC_PER_MSEC;
	pthread_cond_signal(&w->some);
	pthread_mutex_unlock(&w->lock);
	pthread_join(w->thread, NULL);
	pg_close(w->pg);
	pthread_mutex_destroy(&w->lock);
	pthread_cond_destroy(&w->some);
	free(w->waiting);
	free(w);
}

void writer_submit(struct writer *w, struct job *job)
{
	pthread_mutex_lock(&w->lock);
	if (w->n_waiting == w->room) {
		w->room = MAX(64, w->room * 2);
		w->waiting = realloc(w->waiting, sizeof *w->waiting * (size_t)w->room);
		if (w->waiting == NULL)
			abort();
	}
	w->waiting[w->n_waiting++] = job;
	pthread_cond_signal(&w->some);
	pthread_mutex_unlock(&w->lock);
}
