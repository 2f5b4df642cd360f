/*
 * Tools of the kind sql: a function of the application, run in one transaction with the journal's entry of its
 * end (tool_sql.sql). A few threads with a connection each; a call waits in line for one.
 */
#include <poll.h>

#include "shared/log.h"
#include "shared/pg.h"
#include "shared/thread.h"
#include "sql_embed.h"
#include "worker/services.h"
#include "worker/toolbox/arguments.h"
#include "worker/toolbox/toolbox.h"

#define THREADS_MAX 16
#define STEP_MS 100                   /* how often is looked whether the job is to stop */
#define CANCEL_MS 5000                /* for the server to end what it was told to end */
#define AGAIN_MS 200                  /* before a call is begun again after the connection was lost */
#define IDLE_USEC (30 * USEC_PER_SEC) /* then an idle thread gives its connection back */

struct sql_tools {
	const struct services *services;
	pthread_mutex_t lock; /* guards line and ending */
	pthread_cond_t some;
	struct list line;
	bool ending;
	int n;
	pthread_t threads[THREADS_MAX];
};

struct sql_call {
	struct list node;
	struct tool_use *use;
	struct strbuf context;
	struct arena arena; /* of its result */
	struct rows rows;
	struct err err;
	usec_t deadline;
	bool was_down;     /* a connection broke while it ran: it may have been done */
	bool was_begun;    /* it was sent, at least once */
	bool is_cancelled; /* the server was told to end it */
};

/* ---------------------------------------------------------------- the threads */

static bool is_to_end(const struct sql_call *c)
{
	return atomic_load(&c->use->job->stop) != ERR_OK || clock_mono() > c->deadline;
}

/* Waits for the result of what was begun; tells the server to end it when the time is over, or the job is. */
static int sql_await(struct pg *pg, struct sql_call *c, struct err *err)
{
	usec_t cancelled = 0;
	while (pg_ready(pg) == 0) {
		struct pollfd fd = { .fd = pg_fd(pg), .events = POLLIN };
		if (cancelled == 0 && is_to_end(c)) {
			pg_cancel(pg);
			c->is_cancelled = true;
			cancelled = clock_mono();
		} else if (cancelled != 0 && clock_mono() > cancelled + CANCEL_MS * USEC_PER_MSEC) {
			return err_set(err, ERR_DB_DOWN, "the server does not end it");
		}
		poll(&fd, 1, STEP_MS);
	}
	return pg_finish(pg, &c->arena, &c->rows, err);
}

static int sql_try(struct sql_tools *tools, struct pg **pg, struct sql_call *c, struct err *err)
{
	const struct tool_use *u = c->use;
	char cap[24];
	snprintf(cap, sizeof cap, "%u", RESULT_MAX / 4); /* characters */
	if (*pg != NULL && pg_is_broken(*pg)) {
		pg_close(*pg);
		*pg = NULL;
	}
	if (*pg == NULL && pg_connect(pg, tools->services->options->database_url, "signalbox-worker tools",
	                              "-c statement_timeout=310s", 5000, err) < 0)
		return -1;
	const char *params[] = { u->id, u->job->job_id, u->arguments.ptr, strbuf_text(&c->context), cap };
	c->was_begun = true;
	if (pg_start(*pg, sql_worker_tool_sql, params, ARRAY_SIZE(params), err) == 0 && sql_await(*pg, c, err) == 0)
		return 0;
	c->was_down |= err->code == ERR_DB_DOWN;
	if (err->code == ERR_DB_DOWN || c->is_cancelled) { /* a cancel that comes late would meet the next statement */
		pg_close(*pg);
		*pg = NULL;
	}
	return -1;
}

/* A call whose connection was lost, or that met another transaction, is begun again: either nothing of it was
 * done, or its result is in the journal. */
static void sql_run(struct sql_tools *tools, struct pg **pg, struct sql_call *c)
{
	if (is_to_end(c)) {
		err_set(&c->err, ERR_DB_TIMEOUT, "it was not begun");
		return;
	}
	while (sql_try(tools, pg, c, &c->err) < 0) {
		if ((c->err.code != ERR_DB_DOWN && c->err.code != ERR_DB_CONFLICT) || is_to_end(c))
			return;
		poll(NULL, 0, (int)clock_jitter(AGAIN_MS));
	}
	c->err.code = ERR_OK;
}

static void *sql_tools_main(void *arg)
{
	struct sql_tools *tools = arg;
	struct pg *pg = NULL;
	pthread_mutex_lock(&tools->lock);
	for (;;) {
		usec_t until = clock_mono() + IDLE_USEC;
		while (list_is_empty(&tools->line) && !tools->ending) {
			if (pg == NULL) {
				pthread_cond_wait(&tools->some, &tools->lock);
			} else if (!cond_wait_until(&tools->some, &tools->lock, until)) {
				pg_close(pg);
				pg = NULL;
			}
		}
		if (list_is_empty(&tools->line))
			break;
		struct sql_call *c = list_entry(tools->line.next, struct sql_call, node);
		list_remove(&c->node);
		pthread_mutex_unlock(&tools->lock);
		sql_run(tools, &pg, c);
		job_wake(c->use->job, &c->use->is_over);
		pthread_mutex_lock(&tools->lock);
	}
	pthread_mutex_unlock(&tools->lock);
	pg_close(pg);
	return NULL;
}

struct sql_tools *sql_tools_start(const struct services *services, int n)
{
	struct sql_tools *tools = xcalloc(1, sizeof *tools);
	tools->services = services;
	pthread_mutex_init(&tools->lock, NULL);
	cond_init_mono(&tools->some);
	list_init(&tools->line);
	for (tools->n = 0; tools->n < MIN(n, THREADS_MAX); tools->n++)
		thread_start(&tools->threads[tools->n], 0, sql_tools_main, tools, "tools");
	return tools;
}

void sql_tools_stop(struct sql_tools *tools)
{
	pthread_mutex_lock(&tools->lock);
	tools->ending = true;
	pthread_cond_broadcast(&tools->some);
	pthread_mutex_unlock(&tools->lock);
	for (int i = 0; i < tools->n; i++)
		pthread_join(tools->threads[i], NULL);
	pthread_mutex_destroy(&tools->lock);
	pthread_cond_destroy(&tools->some);
	free(tools);
}

/* ---------------------------------------------------------------- on the stage thread */

static void sql_begin(struct tool_use *u)
{
	struct sql_tools *tools = u->job->services->sql_tools;
	struct sql_call *c = u->private = xcalloc(1, sizeof *c);
	c->use = u;
	list_init(&c->node);
	c->context = (struct strbuf)STRBUF_INIT(64u << 10);
	c->arena = (struct arena)ARENA_INIT;
	c->deadline = MIN(clock_mono() + u->spec->timeout_ms * USEC_PER_MSEC, u->job->deadline);
	strbuf_char(&c->context, '{');
	json_put_field(&c->context, "idempotency_key", u->id);
	strbuf_char(&c->context, ',');
	arguments_put_bound(&c->context, "user_id collection_name thread_key session_id message_id agent", u->spec->bound);
	strbuf_char(&c->context, '}');
	pthread_mutex_lock(&tools->lock);
	list_push(&tools->line, &c->node);
	pthread_cond_signal(&tools->some);
	pthread_mutex_unlock(&tools->lock);
}

static bool sql_has_ended(const struct tool_use *u)
{
	return atomic_load(&u->is_over);
}

static void sql_finish(struct tool_use *u)
{
	struct sql_call *c = u->private;
	bool has_row = c->err.code == ERR_OK && c->rows.n_rows > 0;
	u->state = USE_ERROR;
	if (has_row) {
		const char *text = rows_at(&c->rows, 0, COL_TOOL_SQL_RESULT),
			   *failure = rows_at(&c->rows, 0, COL_TOOL_SQL_FAILURE);
		size_t n = text != NULL ? strlen(text) : 0;
		u->result = (struct str){ arena_dup(&u->job->arena, text != NULL ? text : "", n), n };
		u->result_bytes = rows_int(&c->rows, 0, COL_TOOL_SQL_RESULT_BYTES, 0);
		u->has_end = u->result_bytes <= (int64_t)n;
		u->is_written = true;
		if (failure == NULL)
			u->state = USE_OK;
		else
			snprintf(u->why, sizeof u->why, "%.280s", failure);
	} else if (c->was_down || c->err.code == ERR_OK) {
		/* It may have been done, or another attempt has it: its transaction wrote how it ended. */
		u->is_open = true;
	} else if (c->err.code == ERR_DB_TIMEOUT) {
		snprintf(u->why, sizeof u->why,
		         c->was_begun ? "timed out after %lld ms; what it did is undone"
		                      : "no room within %lld ms; it was not begun",
		         (long long)u->spec->timeout_ms);
	} else {
		snprintf(u->why, sizeof u->why, "%s: %.200s", err_name(c->err.code), c->err.msg);
	}
	u->is_lost = !has_row && !u->is_open && atomic_load(&u->job->stop) != ERR_OK;
	strbuf_release(&c->context);
	arena_release(&c->arena);
	free(c);
	u->private = NULL;
}

/* The threads see by themselves that the job is to stop. */
const struct tool_kind tool_kind_sql = {
	.name = "sql", .is_repeatable = true, .begin = sql_begin, .has_ended = sql_has_ended, .finish = sql_finish
};
