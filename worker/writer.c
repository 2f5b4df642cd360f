#include "worker/writer.h"

#include <unistd.h>

#include "shared/json.h"
#include "shared/log.h"
#include "shared/pg.h"
#include "shared/thread.h"
#include "sql_embed.h"
#include "worker/job.h"
#include "worker/stages/stages.h"
#include "worker/work/work.h"

#define BATCH_MAX 200
#define GATHER_USEC (2 * USEC_PER_MSEC)
#define BATCH_BYTES (32u << 20)
#define TIMEOUT_MS 30000
/* After this many single records in a row have failed, the cause is probably not the records. */
#define BAD_MAX 3
#define PAUSE_MIN_USEC (100 * USEC_PER_MSEC) /* before a retry; doubled each time */
#define STUCK_USEC (2 * USEC_PER_SEC)        /* records of a longer commit count as kept */
#define PAUSE_MAX_USEC (2 * USEC_PER_SEC)

static const struct record_kind KINDS[RECORD_N] = {
#define RECORD(name, statement, refused, written) \
	[RECORD_##name] = { #name, sql_worker_##statement, sql_worker_##statement##_args, refused, written },
#include "worker/records.def"
#undef RECORD
};
enum { ANSWER_JOB_ID, ANSWER_RESULT, ANSWER_COLS }; /* columns of every kind's statement */
#define RECORD(name, statement, refused, written)                                                                         \
	_Static_assert((int)sql_worker_##statement##_cols == (int)ANSWER_COLS && (int)sql_worker_##statement##_args <= 4, \
	               #statement);
#include "worker/records.def"
#undef RECORD

/* A record that must be sent again. */
struct kept {
	struct record *record;
	usec_t due, pause;
};

struct writer {
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t some;
	struct record **waiting;
	int n_waiting, room;
	bool ending;
	usec_t give_up; /* if ending: the latest end of the thread */
	const struct services *services;
	char tries[16], backoff[32];
	void (*on_change)(void *);
	void *ctx;
	/* used by the writer thread only */
	struct pg *pg;
	struct kept *kept; /* in the order of the retries */
	int kept_room;
	usec_t away_until; /* no statement is sent before this time */
	usec_t away_pause;
	int n_kept;
	/* Written by the writer thread, read by any thread. n_failing: records that failed at least
	 * once. n_fresh, fresh_since: records that are tried for the first time, and since when.
	 * is_away: the database is unavailable. */
	atomic_int n_failing, n_fresh;
	_Atomic(usec_t) fresh_since;
	atomic_bool is_away;
};

enum disposition { WRITTEN, UNTRIED, BUSY, FAILED };

/* Writes n records of one kind and one worker key; sets the disposition of each record. -1 with
 * err: no disposition is set. */
static int write_batch(struct writer *w, struct record *const *records, int n, enum disposition *dispositions, struct err *err)
{
	const struct record_kind *kind = &KINDS[records[0]->kind];
	struct strbuf b = STRBUF_INIT(BATCH_BYTES);
	struct arena a = ARENA_INIT;
	struct rows rows;
	int result = -1;
	for (int i = 0; i < n; i++) {
		strbuf_char(&b, i > 0 ? ',' : '[');
		strbuf_add(&b, strbuf_text(&records[i]->json), records[i]->json.len);
	}
	strbuf_char(&b, ']');
	if (b.broken) {
		err_set(err, ERR_TOO_BIG, "%d records of over %u bytes", n, BATCH_BYTES);
		goto out;
	}
	if (w->pg != NULL && pg_is_broken(w->pg)) {
		pg_close(w->pg);
		w->pg = NULL;
	}
	if (w->pg == NULL && pg_connect(&w->pg, w->services->options->database_url, "signalbox-worker writer",
	                                "-c statement_timeout=25s", 5000, err) < 0)
		goto out;
	const char *args[] = { strbuf_text(&b), records[0]->worker_key, w->tries, w->backoff };
	if (pg_exec(w->pg, &a, kind->sql, args, kind->n_args, TIMEOUT_MS, &rows, err) < 0)
		goto out;
	for (int i = 0; i < n; i++)
		dispositions[i] = UNTRIED;
	for (int i = 0; i < MIN(n, rows.n_rows); i++) {
		const char *job = rows_at(&rows, i, ANSWER_JOB_ID), *what = rows_at(&rows, i, ANSWER_RESULT);
		if (strcmp(job, records[i]->job_id) != 0)
			break;
		dispositions[i] = strcmp(what, "busy") == 0 ? BUSY : WRITTEN;
		records[i]->is_lost = strcmp(what, "lost") == 0;
		if (records[i]->is_lost)
			log_event(LOG_WARN, "lease lost, the record was not written", "kind=%s job=%s", kind->name, job);
	}
	result = 0;
out:
	strbuf_release(&b);
	arena_release(&a);
	return result;
}

/* True if the record itself is the cause, so that a retry cannot succeed. Every other error is a
 * temporary state of the database, and the record is kept. */
static bool is_of_record(enum err_code code)
{
	return code == ERR_DB_DATA || code == ERR_TOO_BIG;
}

static void writer_keep(struct writer *w, struct record *record, usec_t pause)
{
	int n = w->n_kept++;
	if (n == w->kept_room) {
		w->kept_room = MAX(64, w->kept_room * 2);
		w->kept = must_have(realloc(w->kept, sizeof *w->kept * (size_t)w->kept_room));
	}
	w->kept[n] = (struct kept){ record, clock_mono() + clock_jitter(pause), MIN(pause * 2, PAUSE_MAX_USEC) };
}

static void away(struct writer *w, int n, const struct err *err)
{
	if (w->away_pause == 0)
		log_event(LOG_WARN, "database away, records are kept", "n=%d code=%s", n, err_name(err->code));
	w->away_pause = MIN(MAX(w->away_pause * 2, PAUSE_MIN_USEC), PAUSE_MAX_USEC);
	w->away_until = clock_mono() + clock_jitter(w->away_pause);
	atomic_store(&w->is_away, true);
}

static void back(struct writer *w, int n)
{
	if (w->away_pause > 0)
		log_event(LOG_INFO, "database back, records written", "n=%d", n);
	w->away_pause = w->away_until = 0;
	atomic_store(&w->is_away, false);
}

/* Writes one record alone, because its batch failed or it was the only one. False: it failed for a
 * temporary reason. */
static bool try_one(struct writer *w, struct kept *k, enum disposition *disposition)
{
	struct record *record = k->record;
	const struct record_kind *kind = &KINDS[record->kind];
	struct err err;
	while (write_batch(w, &record, 1, disposition, &err) < 0) {
		char why[300];
		*disposition = FAILED;
		if (err.code == ERR_DB_DOWN) {
			away(w, 1, &err);
			return false;
		}
		bool is_refused = is_of_record(err.code);
		if (is_refused || k->pause == 0)
			log_event(is_refused ? LOG_ERROR : LOG_WARN,
			          is_refused ? "record refused by the database" : "record not written, it is kept",
			          "kind=%s job=%s code=%s why=%s", kind->name, record->job_id, err_name(err.code),
			          log_quote(err.msg, why, sizeof why));
		if (!is_refused)
			return false;
		if (record->is_replaced || kind->refused == NULL || !kind->refused(record, &err)) {
			*disposition = WRITTEN; /* given up */
			record->is_lost = true;
			return true;
		}
		record->is_replaced = true;
	}
	return true;
}

/* Writes the records as one batch. If the batch is refused, writes them one by one, so that no
 * record blocks another. After BAD_MAX failures in a row the rest stay UNTRIED. */
static void try_all(struct writer *w, struct kept *some, int n, enum disposition *dispositions)
{
	struct record *records[BATCH_MAX];
	struct err err;
	int bad = 0;
	for (int i = 0; i < n; i++) {
		records[i] = some[i].record;
		dispositions[i] = UNTRIED;
	}
	if (n > 1) {
		if (write_batch(w, records, n, dispositions, &err) == 0) {
			back(w, n);
			return;
		}
		if (err.code == ERR_DB_DOWN) {
			away(w, n, &err);
			return;
		}
	}
	for (int i = 0; i < n && bad < BAD_MAX && w->away_until <= clock_mono(); i++)
		bad = try_one(w, &some[i], &dispositions[i]) ? 0 : bad + 1;
	if (bad == 0)
		back(w, n);
}

/* True if both may be in one commit. After a lost lease, records of the previous incarnation may
 * still have to be written. */
static bool is_alike(const struct record *a, const struct record *b)
{
	return a->kind == b->kind && strcmp(a->worker_key, b->worker_key) == 0;
}

/* Keeps the records with this disposition. */
static void keep_some(struct writer *w, const struct kept *some, int n, const enum disposition *dispositions,
                      enum disposition disposition)
{
	for (int i = 0; i < n; i++) {
		if (dispositions[i] != disposition)
			continue;
		if (disposition == BUSY && some[i].pause == 0)
			log_event(LOG_WARN, "the session is locked by somebody else, its record is kept", "job=%s",
			          some[i].record->job_id);
		atomic_fetch_add(&w->n_failing, some[i].pause == 0);
		writer_keep(w, some[i].record, MAX(some[i].pause, PAUSE_MIN_USEC));
	}
}

/* Writes a batch and keeps the records that could not be written. Untried records are kept first,
 * so that they are retried before those that failed. */
static void write_some(struct writer *w, struct kept *some, int n)
{
	enum disposition dispositions[BATCH_MAX];
	struct record *done[BATCH_MAX];
	int n_done = 0;
	usec_t began = clock_mono();
	try_all(w, some, n, dispositions);
	for (int i = 0; i < n; i++) {
		if (dispositions[i] != WRITTEN)
			continue;
		atomic_fetch_sub(&w->n_failing, some[i].pause != 0);
		done[n_done++] = some[i].record;
	}
	keep_some(w, some, n, dispositions, UNTRIED);
	keep_some(w, some, n, dispositions, BUSY);
	keep_some(w, some, n, dispositions, FAILED);
	if (n_done > 0 && KINDS[done[0]->kind].written != NULL)
		KINDS[done[0]->kind].written(done, n_done, clock_mono() - began);
	for (int i = 0; i < n_done; i++)
		done[i]->on_durable(done[i]);
	w->on_change(w->ctx);
}

/* Takes submitted records that are alike; the others keep their order. With the lock. */
static int take_fresh(struct writer *w, struct kept *some)
{
	int n = 0, left = 0;
	for (int i = 0; i < w->n_waiting; i++) {
		struct record *record = w->waiting[i];
		if (n < BATCH_MAX && (n == 0 || is_alike(record, some[0].record)))
			some[n++] = (struct kept){ .record = record };
		else
			w->waiting[left++] = record;
	}
	w->n_waiting = left;
	return n;
}

/* Takes kept records that are due and alike; the others keep their order. */
static int take_kept(struct writer *w, struct kept *some)
{
	int n = 0, left = 0;
	usec_t now = clock_mono();
	for (int i = 0; i < w->n_kept; i++) {
		bool take = n < BATCH_MAX && w->kept[i].due <= now && (n == 0 || is_alike(w->kept[i].record, some[0].record));
		if (take)
			some[n++] = w->kept[i];
		else
			w->kept[left++] = w->kept[i];
	}
	w->n_kept = left;
	return n;
}

/* The time of the next write; 0: there is none before a record is submitted. */
static usec_t due(const struct writer *w)
{
	usec_t when = 0;
	for (int i = 0; i < w->n_kept; i++)
		if (when == 0 || w->kept[i].due < when)
			when = w->kept[i].due;
	return when == 0 && w->n_waiting == 0 ? 0 : MAX(w->n_waiting > 0 ? 1 : when, w->away_until);
}

/* Waits until a record can be written. False: the thread must end. With the lock. */
static bool writer_wait_for_some(struct writer *w)
{
	for (;;) {
		usec_t when = due(w), now = clock_mono();
		if (w->ending && (when == 0 || now > w->give_up))
			return false;
		if (when != 0 && when <= now)
			return true;
		if (w->ending)
			when = MIN(when, w->give_up + 1);
		if (when == 0)
			pthread_cond_wait(&w->some, &w->lock);
		else
			cond_wait_until(&w->some, &w->lock, when);
	}
}

static void *writer_main(void *arg)
{
	struct writer *w = arg;
	struct kept some[BATCH_MAX];
	pthread_mutex_lock(&w->lock);
	while (writer_wait_for_some(w)) {
		if (w->n_waiting > 0 && w->n_waiting < BATCH_MAX && !w->ending) {
			/* Wait a moment so that more records join the commit, unless half of the
			 * running messages are here already. */
			int here = w->n_waiting;
			pthread_mutex_unlock(&w->lock);
			if (jobs_messages(w->services->jobs) > 2 * here)
				usleep((useconds_t)GATHER_USEC);
			pthread_mutex_lock(&w->lock);
		}
		int n = take_fresh(w, some);
		pthread_mutex_unlock(&w->lock);
		atomic_store(&w->fresh_since, clock_mono());
		atomic_store(&w->n_fresh, n);
		if (n > 0)
			write_some(w, some, n);
		atomic_store(&w->n_fresh, 0);
		if (w->away_until <= clock_mono() && (n = take_kept(w, some)) > 0)
			write_some(w, some, n);
		pthread_mutex_lock(&w->lock);
	}
	pthread_mutex_unlock(&w->lock);
	return NULL;
}

struct writer *writer_start(const struct services *services, void (*on_change)(void *), void *ctx)
{
	struct writer *w = xcalloc(1, sizeof *w);
	pthread_mutex_init(&w->lock, NULL);
	cond_init_mono(&w->some);
	w->services = services;
	w->on_change = on_change;
	w->ctx = ctx;
	snprintf(w->tries, sizeof w->tries, "%d", (int)services->options->tries);
	snprintf(w->backoff, sizeof w->backoff, "%lld ms", (long long)services->options->backoff_ms);
	thread_start(&w->thread, 0, writer_main, w, "writer");
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
}

void writer_free(struct writer *w)
{
	pthread_mutex_destroy(&w->lock);
	pthread_cond_destroy(&w->some);
	free(w->waiting);
	free(w->kept);
	free(w);
}

void writer_submit(struct writer *w, struct record *record)
{
	pthread_mutex_lock(&w->lock);
	if (w->n_waiting == w->room) {
		w->room = MAX(64, w->room * 2);
		w->waiting = must_have(realloc(w->waiting, sizeof *w->waiting * (size_t)w->room));
	}
	w->waiting[w->n_waiting++] = record;
	pthread_cond_signal(&w->some);
	pthread_mutex_unlock(&w->lock);
}

int writer_kept(struct writer *w)
{
	int n_fresh = atomic_load(&w->n_fresh), n = atomic_load(&w->n_failing);
	bool is_stuck = n_fresh > 0 && clock_mono() - atomic_load(&w->fresh_since) > STUCK_USEC;
	if (is_stuck || atomic_load(&w->is_away)) {
		pthread_mutex_lock(&w->lock);
		n += w->n_waiting + (is_stuck ? n_fresh : 0);
		pthread_mutex_unlock(&w->lock);
	}
	return n;
}
