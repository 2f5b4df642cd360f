#include "worker/work.h"

#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <unistd.h>

#include "shared/json.h"
#include "shared/listen.h"
#include "shared/log.h"
#include "shared/pg.h"
#include "shared/thread.h"
#include "shared/vocab.h"
#include "shared/wake.h"
#include "sql_embed.h"
#include "worker/job.h"
#include "worker/llm/intent.h"

#define TIMEOUT_MS 10000
#define EVERY_MS 1000
#define WIDTH 8 /* calls at once: no message is to wait long behind an operator's question */
#define RESULT_MAX (16u << 20)

struct work {
	pthread_t thread;
	const struct services *services;
	struct lease *lease;
	struct listen listen;
	struct pg *pg;
	int wake;
	atomic_bool ending;
	pthread_mutex_t lock; /* of the running row's trials */
	pthread_cond_t some;  /* of them ended */
};

/* A row that this worker has. */
struct row {
	struct work *work;
	const char *id, *job_id, *spec, *agent;
	char worker_key[40]; /* as it was when the row was taken */
	const struct json *texts, *next;
	int n, n_done, n_open;
	struct trial *trials;
	struct intent_usage usage;
	struct span span;
	bool is_lost; /* cancelled, or another's */
	bool is_left; /* we end: another worker begins it again */
};

/* What became of a text; written by a stage thread under the room's lock. */
struct trial {
	struct row *row;
	char *intent, *best, *error;
	double confidence;
};

static char *copy(const char *s)
{
	return s != NULL ? xstrdup(s) : NULL;
}

static void on_trial(struct job *job)
{
	struct trial *t = job->trial_ctx;
	struct row *row = t->row;
	struct intent_verdict v = intent_verdict(job);
	pthread_mutex_lock(&row->work->lock);
	t->intent = copy(v.label);
	t->best = copy(v.best);
	t->confidence = v.confidence;
	t->error = v.confidence < 0 ? copy(v.err->msg) : NULL;
	intent_usage(job, &row->usage);
	row->n_done++;
	row->n_open--;
	pthread_cond_signal(&row->work->some);
	pthread_mutex_unlock(&row->work->lock);
}

/* Starts one text. -1: the description is not understood. */
static int start_trial(struct row *row, struct trial *t, struct str text, struct err *err)
{
	const struct services *s = row->work->services;
	struct job *job = job_new(s, &PIPELINE_CLASSIFY);
	t->row = row;
	job->on_trial = on_trial;
	job->trial_ctx = t;
	job->deadline = job->claimed + s->options->timeout_ms * USEC_PER_MSEC;
	job->agent = arena_dup(&job->arena, row->agent, strlen(row->agent));
	snprintf(job->job_id, sizeof job->job_id, "%s", row->job_id);
	job->span = row->span;
	const char *own = arena_dup(&job->arena, text.ptr, text.len);
	if (intent_read(job, str_of(row->spec), own, err) < 0) {
		job_drop(job);
		return -1;
	}
	pthread_mutex_lock(&row->work->lock);
	row->n_open++;
	pthread_mutex_unlock(&row->work->lock);
	jobs_add_take(s->jobs, job);
	return 0;
}

static int connect(struct work *w, struct err *err)
{
	return listen_turn(&w->listen, &w->pg, err);
}

/* Progress, and whether it is still ours. A database that is away for a moment changes nothing. */
static void say_progress(struct row *row)
{
	struct work *w = row->work;
	struct arena a = ARENA_INIT;
	struct rows r;
	struct err err;
	char done[16], key[40];
	pthread_mutex_lock(&w->lock);
	snprintf(done, sizeof done, "%d", row->n_done);
	pthread_mutex_unlock(&w->lock);
	const char *params[] = { row->id, row->job_id, done };
	if (connect(w, &err) == 0 && pg_exec(w->pg, &a, sql_worker_work_progress, params, 3, TIMEOUT_MS, &r, &err) == 0)
		row->is_lost |= !rows_bool(&r, 0, COL_WORK_PROGRESS_IS_OURS);
	row->is_lost |= !lease_key(w->lease, key) || strcmp(key, row->worker_key) != 0;
	arena_release(&a);
}

/* Waits until a text ended, a second at most. Answers how many are under way. */
static int wait_some(struct row *row, bool is_full)
{
	struct work *w = row->work;
	usec_t until = clock_mono() + USEC_PER_SEC;
	pthread_mutex_lock(&w->lock);
	while (is_full ? row->n_open >= WIDTH : row->n_open > 0)
		if (!cond_wait_until(&w->some, &w->lock, until))
			break;
	int n = row->n_open;
	pthread_mutex_unlock(&w->lock);
	return n;
}

static int run_trials(struct row *row, struct err *err)
{
	struct work *w = row->work;
	struct jobs *jobs = w->services->jobs;
	usec_t said = clock_mono();
	int started = 0, n_open = 0, result = 0;
	row->next = json_first(row->texts);
	for (;;) {
		bool is_stopped = row->is_lost || atomic_load(&w->ending);
		bool is_wanted = row->next != NULL && result == 0 && !is_stopped;
		row->is_left |= atomic_load(&w->ending) && (row->next != NULL || n_open > 0);
		if (is_stopped)
			jobs_stop_job(jobs, row->job_id, row->is_lost ? ERR_CANCELLED : ERR_SHUTDOWN);
		if (is_wanted && n_open < WIDTH) {
			result = start_trial(row, &row->trials[started++], json_value(row->next), err);
			row->next = json_next(row->next);
		}
		if (!is_wanted && n_open == 0)
			return result;
		n_open = wait_some(row, is_wanted);
		if (clock_mono() - said > USEC_PER_SEC) {
			say_progress(row);
			said = clock_mono();
		}
	}
}

static void put_trials(struct strbuf *b, const struct row *row)
{
	strbuf_str(b, "{\"texts\":[");
	for (int i = 0; i < row->n; i++) {
		const struct trial *t = &row->trials[i];
		strbuf_str(b, i > 0 ? ",{" : "{");
		if (t->error != NULL) {
			json_put_field(b, "error", t->error);
		} else {
			json_put_field(b, "intent", t->intent);
			json_put_field(b, "best", t->best);
			json_put_key(b, "confidence");
			strbuf_addf(b, "%.4f", t->confidence);
		}
		strbuf_char(b, '}');
	}
	strbuf_str(b, "]}");
}

static void put_usage(struct strbuf *b, const struct row *row, const struct json *spec)
{
	struct str way = STR(""), provider = STR(""), model = STR("");
	json_str(spec, "way", &way);
	json_str(spec, "route.provider", &provider);
	json_str(spec, "route.model", &model);
	strbuf_char(b, '{');
	json_put_field(b, "kind", str_eq(way, "embed") ? "embedding" : "intent");
	json_put_field(b, "provider", provider.ptr);
	json_put_field(b, "model_asked", model.ptr);
	json_put_field(b, "model", row->usage.model[0] != '\0' ? row->usage.model : model.ptr);
	json_put_int_field(b, "calls", row->usage.calls);
	json_put_int_field(b, "tokens_prompt", row->usage.input);
	json_put_int_field(b, "tokens_completion", row->usage.output);
	strbuf_char(b, '}');
}

/* What became of it, or where it is left that it is given back, and what it cost either way: until the database has it or we end. */
static void finish(struct row *row, const struct json *spec, const struct err *failed)
{
	struct work *w = row->work;
	struct strbuf result = STRBUF_INIT(RESULT_MAX), usage = STRBUF_INIT(4096);
	struct err err;
	put_trials(&result, row);
	put_usage(&usage, row, spec);
	const char *error = failed != NULL ? failed->msg : result.broken ? "the result is too big" : NULL;
	const char *params[] = { row->id, row->job_id, error == NULL && !row->is_left ? strbuf_text(&result) : NULL,
		                 row->is_left ? NULL : error, strbuf_text(&usage) };
	while (connect(w, &err) < 0 || pg_exec(w->pg, NULL, sql_worker_work_end, params, 5, TIMEOUT_MS, NULL, &err) < 0) {
		log_event(LOG_WARN, "the end of a command's work is not written yet", "work=%s code=%s", row->id,
		          err_name(err.code));
		if (atomic_load(&w->ending) ||
		    (err.code != ERR_DB_DOWN && err.code != ERR_DB_TIMEOUT && err.code != ERR_DB_CONFLICT))
			break;
		poll(&(struct pollfd){ .fd = w->wake, .events = POLLIN }, 1, EVERY_MS);
	}
	strbuf_release(&result);
	strbuf_release(&usage);
}

static void run_row(struct row *row, struct arena *a, const char *args_text)
{
	const struct json *args, *spec = NULL;
	struct err err = { .code = ERR_OK };
	struct str agent = STR("");
	usec_t began = clock_mono();
	row->span = span_attempt(NULL, row->job_id, row->job_id);
	int result = json_parse(a, str_of(args_text), 64u << 20, &args, &err);
	if (result == 0 && row->spec == NULL)
		result = err_set(&err, ERR_REFUSED, "the agent has no intents any more");
	if (result == 0)
		result = json_parse(a, str_of(row->spec), 4u << 20, &spec, &err);
	if (result == 0) {
		json_str(args, "agent", &agent);
		row->agent = agent.ptr;
		row->texts = json_get(args, "texts");
		row->n = json_count(row->texts);
		row->trials = arena_alloc(a, sizeof *row->trials * (size_t)MAX(row->n, 1));
		result = run_trials(row, &err);
	}
	finish(row, spec, result < 0 ? &err : NULL);
	for (int i = 0; i < row->n; i++) {
		free(row->trials[i].intent);
		free(row->trials[i].best);
		free(row->trials[i].error);
	}
	trace_work(row->work->services->trace, &row->span,
	           &(struct work_span){ .agent = agent.ptr,
	                                .code = row->is_lost   ? ERR_CANCELLED
	                                        : row->is_left ? ERR_SHUTDOWN
	                                                       : err.code,
	                                .duration = clock_mono() - began,
	                                .n = row->n_done });
	log_event(LOG_INFO, "command's work ended", "work=%s n=%d of=%d calls=%d ms=%lld", row->id, row->n_done, row->n,
	          row->usage.calls, (long long)((clock_mono() - began) / USEC_PER_MSEC));
}

/* The arguments of what was taken, and its spec; until the database tells them, or we end. NULL: there is nothing to do. */
static const char *ask_args(struct row *row, struct arena *a)
{
	struct work *w = row->work;
	const char *params[] = { row->id, row->job_id };
	struct rows r;
	struct err err;
	while (connect(w, &err) < 0 || pg_exec(w->pg, a, sql_worker_work_args, params, 2, TIMEOUT_MS, &r, &err) < 0) {
		log_event(LOG_WARN, "a command's work was taken and is not read yet", "work=%s code=%s", row->id,
		          err_name(err.code));
		if (atomic_load(&w->ending))
			return NULL;
		poll(&(struct pollfd){ .fd = w->wake, .events = POLLIN }, 1, EVERY_MS);
	}
	if (r.n_rows == 0)
		return NULL;
	row->spec = rows_at(&r, 0, COL_WORK_ARGS_SPEC);
	return rows_at(&r, 0, COL_WORK_ARGS_ARGS);
}

/* True when there was something to do. */
static bool take_one(struct work *w, struct err *err)
{
	struct arena a = ARENA_INIT;
	struct row row = { .work = w };
	struct rows r;
	if (connect(w, err) < 0 || !lease_key(w->lease, row.worker_key))
		return false;
	const char *params[] = { row.worker_key };
	bool some = pg_exec(w->pg, &a, sql_worker_work_begin, params, 1, TIMEOUT_MS, &r, err) == 0 && r.n_rows > 0;
	if (some) {
		row.id = rows_at(&r, 0, COL_WORK_BEGIN_ID);
		row.job_id = rows_at(&r, 0, COL_WORK_BEGIN_JOB_ID);
		const char *args = ask_args(&row, &a);
		if (args != NULL)
			run_row(&row, &a, args);
	}
	arena_release(&a);
	return some;
}

static void *work_main(void *arg)
{
	struct work *w = arg;
	while (!atomic_load(&w->ending)) {
		struct err err = { .code = ERR_OK };
		if (!take_one(w, &err))
			listen_wait(&w->listen, &w->pg, w->wake, EVERY_MS);
	}
	return NULL;
}

struct work *work_start(const struct services *s, struct lease *lease)
{
	struct work *w = xcalloc(1, sizeof *w);
	w->services = s;
	w->lease = lease;
	w->listen = (struct listen){ .listen_url = s->options->listen_url,
		                     .database_url = s->options->database_url,
		                     .application = "signalbox-worker work",
		                     .options = "-c statement_timeout=9s",
		                     .channel = CHANNEL_COMMAND,
		                     .timeout_ms = 5000 };
	pthread_mutex_init(&w->lock, NULL);
	cond_init_mono(&w->some);
	w->wake = wake_new();
	thread_start(&w->thread, 0, work_main, w, "work");
	return w;
}

void work_stop(struct work *w)
{
	atomic_store(&w->ending, true);
	wake_up(w->wake);
	pthread_join(w->thread, NULL);
	pg_close(w->pg);
	close(w->wake);
	pthread_mutex_destroy(&w->lock);
	pthread_cond_destroy(&w->some);
	free(w);
}
