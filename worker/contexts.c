#include "worker/contexts.h"

#include "shared/log.h"
#include "shared/pg.h"
#include "shared/thread.h"
#include "sql_embed.h"
#include "worker/services.h"

#define BATCH_MAX 200
#define TIMEOUT_MS 10000
#define PAUSE_MIN_MS 100
#define PAUSE_MAX_MS 2000

struct contexts {
	pthread_t thread;
	const struct services *services;
	pthread_mutex_t lock;
	pthread_cond_t some;
	struct job **line; /* jobs that wait, in order */
	int n_line, room;
	bool ending;
	/* used by the thread only */
	struct pg *pg;
	int batch; /* jobs per statement, at most */
};

/* Takes jobs from the head of the line that have the same worker key, at most a batch. With the
 * lock. */
static int next_batch(struct contexts *c, struct job **out)
{
	int n = 0;
	while (n < MIN(c->n_line, c->batch) && strcmp(c->line[n]->worker_key, c->line[0]->worker_key) == 0) {
		out[n] = c->line[n];
		n++;
	}
	c->n_line -= n;
	memmove(c->line, c->line + n, sizeof *c->line * (size_t)c->n_line);
	return n;
}

static void contexts_reserve(struct contexts *c, int n)
{
	if (c->n_line + n <= c->room)
		return;
	c->room = MAX(64, (c->n_line + n) * 2);
	c->line = must_have(realloc(c->line, sizeof *c->line * (size_t)c->room));
}

/* Puts jobs back at the head of the line; a job that failed alone goes to the tail. A job that was
 * told to stop meanwhile is woken: its stage removes it from the line. With the lock. */
static void put_back(struct contexts *c, struct job *const *jobs, int n)
{
	int at = n > 1 ? 0 : c->n_line;
	contexts_reserve(c, n);
	memmove(c->line + at + n, c->line + at, sizeof *c->line * (size_t)(c->n_line - at));
	memcpy(c->line + at, jobs, sizeof *jobs * (size_t)n);
	c->n_line += n;
	for (int i = 0; i < n; i++)
		if (atomic_load(&jobs[i]->stop) != ERR_OK)
			job_wake(jobs[i], NULL);
}

static void contexts_hand_over(struct job *job, const struct rows *r, int row)
{
	const char **columns = arena_alloc(&job->arena, sizeof *columns * (size_t)r->n_cols);
	for (int i = 0; i < r->n_cols; i++) {
		const char *text = rows_at(r, row, i);
		columns[i] = text != NULL ? arena_dup(&job->arena, text, strlen(text)) : NULL;
	}
	job->columns = columns;
}

/* The index of the job's row; n_rows: it has none. Tries `likely` first: rows usually come in the
 * order of the request. */
static int row_of(const struct rows *r, const char *job_id, int likely)
{
	if (likely < r->n_rows && strcmp(rows_at(r, likely, COL_CONTEXTS_JOB_ID), job_id) == 0)
		return likely;
	int row = 0;
	while (row < r->n_rows && strcmp(rows_at(r, row, COL_CONTEXTS_JOB_ID), job_id) != 0)
		row++;
	return row;
}

/* -1 with err: no job has a result. 0: all jobs have a result and are woken. */
static int read_batch(struct contexts *c, struct job *const *jobs, int n, struct err *err)
{
	struct strbuf messages = STRBUF_INIT(BATCH_MAX * 32), ids = STRBUF_INIT(BATCH_MAX * 64);
	struct arena a = ARENA_INIT;
	struct rows r;
	if (c->pg != NULL && pg_is_broken(c->pg)) {
		pg_close(c->pg);
		c->pg = NULL;
	}
	for (int i = 0; i < n; i++) {
		pg_array_int(&messages, jobs[i]->message_id);
		pg_array_add(&ids, jobs[i]->job_id);
	}
	pg_array_end(&messages);
	pg_array_end(&ids);
	const char *params[] = { jobs[0]->worker_key, strbuf_text(&messages), strbuf_text(&ids),
		                 c->services->trace != NULL ? "true" : "false" };
	int result = 0;
	if (c->pg == NULL)
		result = pg_connect(&c->pg, c->services->options->database_url, "signalbox-worker contexts",
		                    "-c statement_timeout=9s", 5000, err);
	if (result == 0)
		result = pg_exec(c->pg, &a, sql_worker_contexts, params, 4, TIMEOUT_MS, &r, err);
	for (int i = 0, row = 0; result == 0 && i < n; i++) {
		row = row_of(&r, jobs[i]->job_id, row);
		if (row < r.n_rows)
			contexts_hand_over(jobs[i], &r, row++);
		else
			err_set(&jobs[i]->err, ERR_LEASE_LOST, "the message was taken away before it was read");
	}
	for (int i = 0; result == 0 && i < n; i++)
		job_wake(jobs[i], &jobs[i]->has_context);
	arena_release(&a);
	strbuf_release(&messages);
	strbuf_release(&ids);
	return result;
}

/* Waits until a job is in the line. False: the thread must end. With the lock. */
static bool contexts_wait_for_some(struct contexts *c)
{
	while (c->n_line == 0 && !c->ending)
		pthread_cond_wait(&c->some, &c->lock);
	return !c->ending;
}

/* Sleeps for about ms, or until the thread must end. With the lock. */
static void rest(struct contexts *c, int ms)
{
	usec_t until = clock_mono() + clock_jitter(ms) * USEC_PER_MSEC;
	while (!c->ending && cond_wait_until(&c->some, &c->lock, until))
		;
}

static void *contexts_main(void *arg)
{
	struct contexts *c = arg;
	struct job *jobs[BATCH_MAX];
	struct err err;
	int pause_ms = 0;
	pthread_mutex_lock(&c->lock);
	while (contexts_wait_for_some(c)) {
		int n = next_batch(c, jobs);
		pthread_mutex_unlock(&c->lock);
		int result = read_batch(c, jobs, n, &err);
		bool is_over = result < 0 && n == 1 && (err.code == ERR_TOO_BIG || clock_mono() > jobs[0]->deadline);
		if (is_over) {
			jobs[0]->err = err;
			job_wake(jobs[0], &jobs[0]->has_context);
		} else if (result < 0 && err.code != ERR_TOO_BIG && pause_ms == 0) {
			log_event(LOG_WARN, "cannot read what messages need, trying again", "n=%d code=%s", n,
			          err_name(err.code));
		} else if (result == 0 && pause_ms > 0) {
			log_event(LOG_INFO, "reading what messages need again", "n=%d", n);
		}
		pthread_mutex_lock(&c->lock);
		/* After any error the batch is halved: it may have been too big, and a bad job is
		 * found when it is alone. */
		c->batch = result < 0 ? MAX(1, n / 2) : MIN(BATCH_MAX, c->batch * 2);
		if (result < 0 && !is_over)
			put_back(c, jobs, n);
		pause_ms = result == 0 || is_over || err.code == ERR_TOO_BIG ? 0
		                                                             : MIN(MAX(pause_ms * 2, PAUSE_MIN_MS), PAUSE_MAX_MS);
		if (pause_ms > 0)
			rest(c, pause_ms);
	}
	pthread_mutex_unlock(&c->lock);
	return NULL;
}

struct contexts *contexts_start(const struct services *services)
{
	struct contexts *c = xcalloc(1, sizeof *c);
	c->services = services;
	c->batch = BATCH_MAX;
	pthread_mutex_init(&c->lock, NULL);
	cond_init_mono(&c->some);
	thread_start(&c->thread, 0, contexts_main, c, "contexts");
	return c;
}

void contexts_stop(struct contexts *c)
{
	pthread_mutex_lock(&c->lock);
	c->ending = true;
	pthread_cond_signal(&c->some);
	pthread_mutex_unlock(&c->lock);
	pthread_join(c->thread, NULL);
	pg_close(c->pg);
	pthread_mutex_destroy(&c->lock);
	pthread_cond_destroy(&c->some);
	free(c->line);
	free(c);
}

void contexts_ask(struct contexts *c, struct job *const *jobs, int n)
{
	pthread_mutex_lock(&c->lock);
	contexts_reserve(c, n);
	memcpy(c->line + c->n_line, jobs, sizeof *jobs * (size_t)n);
	c->n_line += n;
	pthread_mutex_unlock(&c->lock);
	pthread_cond_signal(&c->some);
}

bool contexts_withdraw(struct contexts *c, struct job *job)
{
	bool found = false;
	pthread_mutex_lock(&c->lock);
	for (int i = 0; i < c->n_line && !found; i++)
		if (c->line[i] == job) {
			memmove(c->line + i, c->line + i + 1, sizeof *c->line * (size_t)(c->n_line - i - 1));
			c->n_line--;
			found = true;
		}
	pthread_mutex_unlock(&c->lock);
	return found;
}
