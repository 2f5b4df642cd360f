#include "tui/actor.h"

#include "shared/pg.h"
#include "tui/snapshot.h"

#define OPTIONS "-c statement_timeout=10000 -c lock_timeout=2000"
#define CONNECT_MS 3000
/* After this time without an answer, not even the server's own time-out, the connection is
 * closed. */
#define SILENT_USEC (12 * USEC_PER_SEC)
#define IDLE_USEC (60 * USEC_PER_SEC)

bool actor_is_busy(const struct actor *a)
{
	return a->acting != NULL;
}

int actor_fd(const struct actor *a)
{
	return a->pg != NULL ? pg_fd(a->pg) : -1;
}

static void hang_up(struct actor *a)
{
	pg_close(a->pg);
	a->pg = NULL;
}

static bool done(struct actor *a, const struct block *answer, const struct err *err, struct action_result *out)
{
	action_explain(a->acting, answer, err, out);
	action_free(a->acting);
	a->acting = NULL;
	a->used = clock_mono();
	return true;
}

bool actor_start_take(struct actor *a, struct action *act, struct action_result *out)
{
	struct err err;
	a->acting = act;
	a->started = clock_mono();
	if (a->pg != NULL && pg_is_broken(a->pg))
		hang_up(a);
	if ((a->pg == NULL && pg_connect(&a->pg, a->url, "signalbox", OPTIONS, CONNECT_MS, &err) < 0) ||
	    pg_start(a->pg, action_sql(act->kind), (const char *const *)act->args, action_n_args(act->kind), &err) < 0)
		return done(a, NULL, &err, out);
	return false;
}

bool actor_on_input(struct actor *a, struct action_result *out)
{
	struct block *b;
	struct rows r = { 0 };
	struct err err;
	bool ended = false;
	if (a->pg == NULL)
		return false;
	if (a->acting == NULL) {
		if (pg_consume(a->pg, &err) < 0)
			hang_up(a);
	} else if (pg_ready(a->pg)) {
		b = xcalloc(1, sizeof *b);
		atomic_store(&b->refs, 1);
		bool failed = pg_finish(a->pg, &b->arena, &r, &err) < 0;
		b->n_rows = r.n_rows;
		b->n_cols = r.n_cols;
		b->cells = r.cells;
		ended = done(a, b, failed ? &err : NULL, out);
		if (failed)
			block_unref(b);
		else
			out->answer = b;
	}
	return ended;
}

bool actor_on_time(struct actor *a, struct action_result *out)
{
	usec_t now = clock_mono();
	struct err err;
	if (a->acting != NULL && now - a->started > SILENT_USEC) {
		hang_up(a);
		err_set(&err, ERR_DB_DOWN, "no answer; look whether it was done");
		return done(a, NULL, &err, out);
	}
	if (a->acting == NULL && a->pg != NULL && now - a->used > IDLE_USEC)
		hang_up(a);
	return false;
}

void actor_release(struct actor *a)
{
	hang_up(a);
	action_free(a->acting);
	a->acting = NULL;
}
