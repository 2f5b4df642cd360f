/* What strangers do: people and programs that are none of ours, with transactions that they forget. */
#include "tests/property/property.h"

static bool lock_row(struct history *h, struct op *op, bool is_session)
{
	if (h->n_messages == 0)
		return false;
	op->message = pick(h, h->n_messages);
	const struct message *m = &h->messages[op->message];
	const char *table = is_session ? "ai_sessions" : "ai_messages", *row = is_session ? m->session : m->uuid;
	sql_op(op, "select 1 from signalbox.%s where uuid = '%s' for update", table, row);
	say_op(op, "locks %.8s of %s", row, table);
	return true;
}

bool build_lock_session(struct history *h, struct actor *a, struct op *op)
{
	(void)a;
	return lock_row(h, op, true);
}

bool build_lock_message(struct history *h, struct actor *a, struct op *op)
{
	(void)a;
	return lock_row(h, op, false);
}

/* Every advisory lock that the project has ever named. */
bool build_lock_names(struct history *h, struct actor *a, struct op *op)
{
	(void)h;
	(void)a;
	sql_op(op,
	       "select pg_try_advisory_xact_lock(hashtext('signalbox.' || n)) from unnest('{claim,tick,tend,breakers,migrate,lane}'::text[]) n");
	say_op(op, "takes all advisory locks");
	return true;
}

bool build_watch(struct history *h, struct actor *a, struct op *op)
{
	(void)a;
	if (h->n_messages == 0)
		return false;
	op->message = pick(h, h->n_messages);
	sql_op(op, "select signalbox.watch('%s')", h->messages[op->message].uuid);
	say_op(op, "watch message %.8s", h->messages[op->message].uuid);
	return true;
}

/* ---------------------------------------------------------------- the clock */

void clock_steps(struct history *h)
{
	static const char *const BY[] = { "1 hour", "-1 hour", "10 min", "-10 min", "4 s" };
	for (int i = 0; i < h->n_actors; i++)
		if (h->actors[i].in_tx || h->actors[i].in_flight)
			return;
	const char *by = BY[pick(h, ARRAY_SIZE(BY))];
	note(h, "the clock is set by %s", by);
	for (int i = 0; by[0] != '-' && i < h->n_workers;
	     i++) { /* what the first tick leaves of it, to whoever is not known to have ended */
		h->actors[i].lease_ms = MIN(h->actors[i].lease_ms, 5000);
		h->actors[i].dead[0] = '\0';
	}
	look(h, "select prop.step_clock('%s')", by);
}
