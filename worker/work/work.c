#include "worker/work/work.h"

#include <poll.h>
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
#include "worker/work/task.h"
#include "worker/writer.h"

#define TIMEOUT_MS 10000
#define EVERY_MS 1000
#define ARGS_MAX (64u << 20)
#define SPEC_MAX (4u << 20)
#define RESULT_MAX (16u << 20)
#define USAGE_MAX 4096

struct work {
	pthread_t thread;
	const struct services *services;
	struct lease *lease;
	struct listen listen;
	struct pg *pg;
	int wake, slot;
	const char *kinds;
	atomic_bool ending;
};

static const struct task_kind KINDS[] = {
#define KIND(name, function) { #name, function },
#include "worker/work/kinds.def"
#undef KIND
};

static const struct task_kind *find_kind(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(KINDS); i++)
		if (strcmp(KINDS[i].name, name) == 0)
			return &KINDS[i];
	return NULL;
}

static int connect(struct work *w, struct err *err)
{
	return listen_turn(&w->listen, &w->pg, err);
}

/* Tells the database the progress, and asks whether the row is still ours. If the database is
 * unavailable, the task continues. */
static void tell_progress(struct task *task)
{
	struct work *w = task->work;
	struct arena a = ARENA_INIT;
	struct rows r;
	struct err err;
	char done[16], key[40];
	snprintf(done, sizeof done, "%d", task->n_done);
	const char *args[] = { task->id, task->job_id, done };
	if (connect(w, &err) == 0 && pg_exec(w->pg, &a, sql_worker_work_progress, args, 3, TIMEOUT_MS, &r, &err) == 0)
		task->is_lost |= !rows_bool(&r, 0, COL_WORK_PROGRESS_IS_OURS);
	task->is_lost |= !lease_key(w->lease, key) || strcmp(key, task->worker_key) != 0;
	arena_release(&a);
}

bool task_goes_on(struct task *task)
{
	usec_t now = clock_mono();
	if (now - task->told > USEC_PER_SEC) {
		tell_progress(task);
		task->told = now;
	}
	task->is_left |= atomic_load(&task->work->ending);
	return !task->is_lost && !task->is_left;
}

/* ---- the end of a task: a record of the kind work_ended, and the strings that it points to */

struct ending {
	struct record record;
	char id[24], job_id[40], worker_key[40];
	struct strbuf usage;
};

static void work_on_durable(struct record *record)
{
	struct ending *e = list_entry(record, struct ending, record);
	strbuf_release(&record->json);
	strbuf_release(&e->usage);
	free(e);
}

static void begin_ending(const struct ending *e, struct strbuf *b)
{
	strbuf_clear(b);
	strbuf_char(b, '{');
	json_put_field(b, "work", e->id);
	json_put_field(b, "job_id", e->job_id);
	if (e->usage.len > 0) {
		json_put_key(b, "usage");
		strbuf_add(b, strbuf_text(&e->usage), e->usage.len);
	}
}

bool work_ended_refused(struct record *record, const struct err *why)
{
	begin_ending(list_entry(record, struct ending, record), &record->json);
	json_put_field(&record->json, "error", why->msg);
	strbuf_char(&record->json, '}');
	return true;
}

/* Submits a result, an error, or, if the task is left, neither: then the row is given back. What
 * was spent is recorded in each case. */
static void submit_ending(const struct task *task, const struct strbuf *result, const char *error)
{
	struct ending *e = xcalloc(1, sizeof *e);
	struct strbuf *b = &e->record.json;
	snprintf(e->id, sizeof e->id, "%s", task->id);
	snprintf(e->job_id, sizeof e->job_id, "%s", task->job_id);
	snprintf(e->worker_key, sizeof e->worker_key, "%s", task->worker_key);
	e->usage = (struct strbuf)STRBUF_INIT(USAGE_MAX);
	strbuf_add(&e->usage, strbuf_text(&task->usage), task->usage.len);
	e->record = (struct record){ .kind = RECORD_work_ended,
		                     .json = STRBUF_INIT(RESULT_MAX + USAGE_MAX + 1024),
		                     .job_id = e->job_id,
		                     .worker_key = e->worker_key,
		                     .on_durable = work_on_durable };
	begin_ending(e, b);
	if (!task->is_left && error != NULL) {
		json_put_field(b, "error", error);
	} else if (!task->is_left) {
		json_put_key(b, "result");
		strbuf_add(b, strbuf_text(result), result->len);
	}
	strbuf_char(b, '}');
	writer_submit(task->services->writer, &e->record);
}

/* ---- one row, from taking it to its end */

static int read_args(struct task *task, struct arena *a, const char *args_text, struct err *err)
{
	struct str agent = STR("");
	if (json_parse(a, str_of(args_text), ARGS_MAX, &task->args, err) < 0)
		return -1;
	json_str(task->args, "agent", &agent);
	task->agent = agent.ptr;
	return task->spec_text != NULL ? json_parse(a, str_of(task->spec_text), SPEC_MAX, &task->spec, err) : 0;
}

static void run_task(struct task *task, struct arena *a, const char *kind_name, const char *args_text)
{
	const struct task_kind *kind = find_kind(kind_name);
	struct strbuf result = STRBUF_INIT(RESULT_MAX);
	struct err err = { .code = ERR_OK };
	usec_t began = task->told = clock_mono();
	task->span = span_attempt(NULL, task->job_id, task->job_id);
	int code = read_args(task, a, args_text, &err);
	if (code == 0 && kind == NULL)
		code = err_set(&err, ERR_REFUSED, "this worker knows no work called '%.40s'", kind_name);
	if (code == 0)
		code = kind->run(task, &result, &err);
	if (code == 0 && result.broken)
		code = err_set(&err, ERR_TOO_BIG, "the result is too big");
	submit_ending(task, &result, code < 0 ? err.msg : NULL);
	trace_work(task->services->trace, &task->span,
	           &(struct work_span){ .agent = task->agent,
	                                .code = task->is_lost   ? ERR_CANCELLED
	                                        : task->is_left ? ERR_SHUTDOWN
	                                                        : err.code,
	                                .duration = clock_mono() - began,
	                                .n = task->n_done });
	log_event(LOG_INFO, "command's work ended", "work=%s kind=%s n=%d calls=%d ms=%lld", task->id, kind_name, task->n_done,
	          task->n_calls, (long long)((clock_mono() - began) / USEC_PER_MSEC));
	strbuf_release(&result);
	strbuf_release(&task->usage);
}

/* Reads the row; retries until the database answers. False: the row no longer belongs to this job,
 * or this worker ends. */
static bool ask_args(struct task *task, struct arena *a, struct rows *r)
{
	struct work *w = task->work;
	const char *args[] = { task->id, task->job_id };
	struct err err;
	while (connect(w, &err) < 0 || pg_exec(w->pg, a, sql_worker_work_args, args, 2, TIMEOUT_MS, r, &err) < 0) {
		log_event(LOG_WARN, "a command's work was taken and is not read yet", "work=%s code=%s", task->id,
		          err_name(err.code));
		if (atomic_load(&w->ending))
			return false;
		poll(&(struct pollfd){ .fd = w->wake, .events = POLLIN }, 1, EVERY_MS);
	}
	return r->n_rows > 0;
}

/* Takes one row and runs it. True if there was one. */
static bool take_one(struct work *w, struct err *err)
{
	struct arena a = ARENA_INIT;
	struct task task = { .work = w, .services = w->services, .agent = "", .usage = STRBUF_INIT(USAGE_MAX), .slot = w->slot };
	struct rows begun, row;
	if (connect(w, err) < 0 || !lease_key(w->lease, task.worker_key))
		return false;
	const char *args[] = { task.worker_key, w->kinds };
	bool some = pg_exec(w->pg, &a, sql_worker_work_begin, args, 2, TIMEOUT_MS, &begun, err) == 0 && begun.n_rows > 0;
	if (some) {
		task.id = rows_at(&begun, 0, COL_WORK_BEGIN_ID);
		task.job_id = rows_at(&begun, 0, COL_WORK_BEGIN_JOB_ID);
		if (ask_args(&task, &a, &row)) {
			task.spec_text = rows_at(&row, 0, COL_WORK_ARGS_SPEC);
			run_task(&task, &a, rows_at(&row, 0, COL_WORK_ARGS_KIND), rows_at(&row, 0, COL_WORK_ARGS_ARGS));
		}
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

struct work *work_start(const struct services *s, struct lease *lease, const char *kinds, int slot)
{
	struct work *w = xcalloc(1, sizeof *w);
	w->kinds = kinds;
	w->slot = slot;
	w->services = s;
	w->lease = lease;
	w->listen = (struct listen){ .listen_url = s->options->listen_url,
		                     .database_url = s->options->database_url,
		                     .application = "signalbox-worker work",
		                     .options = "-c statement_timeout=9s",
		                     .channel = CHANNEL_COMMAND,
		                     .timeout_ms = 5000 };
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
	free(w);
}
