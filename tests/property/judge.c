/*
 * What must hold. The moment's rules are one SQL function (prop.sql, violations); here are those that need to know who did what when:
 * turns, order within an agent, pauses; and the end of a history.
 */
#include "tests/property/property.h"

#include "shared/str.h"

/* Who holds a lease holds its messages, until it settles them or somebody cancels them. */
static void judge_held(struct history *h)
{
	struct strbuf held = STRBUF_INIT(JOBS_MAX * UUID_SIZE);
	for (int i = 0; i < h->n_jobs; i++)
		if (!h->jobs[i].was_sent && !h->jobs[i].could_lose)
			strbuf_addf(&held, "%s%s", held.len > 0 ? "," : "", h->jobs[i].uuid);
	const char *lost = look_one(
		h,
		"select j from unnest('{%s}'::uuid[]) j "
		"where not exists (select from signalbox.queue q where q.job_id = j and q.state = 'running') and not exists "
		"(select from prop.history c where c.was_job = j and c.was = 'processing' and c.becomes = 'cancelled')",
		strbuf_text(&held));
	if (lost[0] != '\0')
		wrong(h, "robbed: job %s was taken from its worker", lost);
	strbuf_release(&held);
}

void judge_step(struct history *h)
{
	judge_held(h);
	struct rows r = look(h, "select name, what from prop.violations(true) limit 1");
	if (r.n_rows > 0)
		wrong(h, "%s: %s", rows_at(&r, 0, 0), rows_at(&r, 0, 1));
}

/* No worker waits for a transaction that is not the fleet's. (An old one's settle does.) */
void judge_wait(struct history *h, const struct actor *a)
{
	if (a->kind != WORKER || a->op.is_patient)
		return;
	struct rows r = look(h, "select p from unnest(pg_blocking_pids(%s)) p", a->pid);
	for (int i = 0; i < r.n_rows; i++)
		for (int k = 0; k < h->n_actors; k++) {
			const struct actor *other = &h->actors[k];
			if (other->kind != WORKER && strcmp(other->pid, rows_at(&r, i, 0)) == 0)
				wrong(h, "actor %d: %s waits for the transaction of actor %d", a->index, a->op.said, k);
		}
}

/* ---------------------------------------------------------------- claims */

static int agent_at(const struct history *h, int id)
{
	for (int i = 0; i < h->n_agents; i++)
		if (h->agents[i].id == id)
			return i;
	return 0;
}

/* A lane that was opened by a transaction that vanished, a return that overlapped with a claim: the sweep finds them, a second later. */
void judge_swept(struct history *h)
{
	struct rows r = look(
		h,
		"select m.uuid from signalbox.queue q join signalbox.ai_messages m on m.id = q.message_id where q.state = 'ready'");
	for (int i = 0; i < r.n_rows; i++) {
		int m = message_at(h, rows_at(&r, i, 0));
		if (m >= 0)
			h->messages[m].is_swept = true;
	}
}

void judge_claim_sent(struct history *h)
{
	h->ready.is_quiet = true;
	for (int i = 0; i < h->n_actors; i++)
		h->ready.is_quiet &= !h->actors[i].in_tx && !h->actors[i].in_flight;
	look(h, "begin");
	struct rows r = look(h, "select message, agent, can_start from prop.ready()");
	look(h, "rollback");
	h->ready.n = MIN(r.n_rows, MESSAGES_MAX);
	for (int i = 0; i < h->ready.n; i++) {
		h->ready.rows[i].message = message_at(h, rows_at(&r, i, 0));
		h->ready.rows[i].agent = agent_at(h, (int)rows_int(&r, i, 1, 0));
		h->ready.rows[i].can_start = rows_bool(&r, i, 2);
	}
}

static bool took(const struct history *h, const struct op *op, int message)
{
	for (int i = 0; i < op->rows.n_rows; i++)
		if (message >= 0 && strcmp(rows_at(&op->rows, i, 1), h->messages[message].uuid) == 0)
			return true;
	return false;
}

static int starts_of(const struct history *h, const struct op *op, int agent)
{
	int n = 0;
	for (int i = 0; i < op->rows.n_rows; i++)
		n += (int)rows_int(&op->rows, i, 3, 0) == h->agents[agent].id;
	return n;
}

/* Within an agent higher priority, then age; and who may start something is not left out while slots are free
 * (but a claim may count on a message that an open transaction holds). */
static void judge_order(struct history *h, const struct actor *a, const struct op *op)
{
	for (int i = 0; i < h->ready.n; i++) {
		int agent = h->ready.rows[i].agent, m = h->ready.rows[i].message;
		if (took(h, op, m) || m < 0 || !h->messages[m].is_swept)
			continue;
		for (int k = i + 1; k < h->ready.n && h->ready.rows[k].agent == agent; k++)
			if (took(h, op, h->ready.rows[k].message))
				wrong(h, "claim took message %s before %s of the same agent",
				      h->messages[h->ready.rows[k].message].uuid, h->messages[m].uuid);
		if (h->ready.rows[i].can_start && h->ready.is_quiet && (a->serves & 1u << agent) != 0 &&
		    op->rows.n_rows < op->n_jobs && starts_of(h, op, agent) == 0)
			wrong(h, "claim left message %s, which could start, with %d of %d slots taken", h->messages[m].uuid,
			      op->rows.n_rows, op->n_jobs);
	}
}

void judge_claim_answered(struct history *h, const struct actor *a, const struct op *op)
{
	if (op->rows.n_rows > op->n_jobs)
		wrong(h, "claim(%d) gave %d", op->n_jobs, op->rows.n_rows);
	for (int i = 0; i < op->rows.n_rows; i++) {
		const struct agent *g = &h->agents[agent_at(h, (int)rows_int(&op->rows, i, 3, 0))];
		if (g->paused > 0 && g->paused < op->sent_step)
			wrong(h, "paused: %s is paused since step %d and starts %s", g->slug, g->paused,
			      rows_at(&op->rows, i, 1));
		if ((a->serves & 1u << (g - h->agents)) == 0)
			wrong(h, "worker %s does not serve %s and got %s", a->worker, g->slug, rows_at(&op->rows, i, 1));
	}
	if (!op->was_blocked)
		judge_order(h, a, op);
}

/*
 * Turns: a head that could start is passed by at most one start of each other agent that has work, and one batch of each other worker.
 * Counted from claim to claim; a claim that waited for a lock saw another queue than the one looked at, so it counts for nobody.
 */
void judge_claim_committed(struct history *h, const struct actor *a, const struct op *op, bool is_undone)
{
	unsigned free = 0, served = 0;
	for (int i = 0; i < h->ready.n; i++)
		if (h->ready.rows[i].message >= 0 && h->messages[h->ready.rows[i].message].is_swept)
			free |= (unsigned)h->ready.rows[i].can_start << h->ready.rows[i].agent;
	for (int i = 0; i < h->n_agents; i++) /* who was served had work, whoever had seen it */
		served |= (unsigned)(starts_of(h, op, i) > 0) << i;
	for (int i = 0; i < h->n_agents; i++) {
		struct agent *g = &h->agents[i];
		if ((served & 1u << i) != 0 || (free & 1u << i) == 0) {
			g->passed = 0;
			g->seen = 0;
			continue;
		}
		if (is_undone || op->was_blocked || op->sent_step != h->step || (a->serves & 1u << i) == 0)
			continue;
		g->seen |= free | served;
		g->passed += op->rows.n_rows;
		int bound = __builtin_popcount(g->seen) - 1 + (h->n_workers - 1) * h->slots;
		if (g->passed > bound)
			wrong(h, "fairness: the head of %s was passed by %d starts, over %d", g->slug, g->passed, bound);
	}
}

/* ---------------------------------------------------------------- the end */

void judge_places(struct history *h)
{
	const char *what = look_one(h, "select prop.places()");
	if (what[0] != '\0')
		wrong(h, "places: %s", what);
	for (int i = 0; i < h->n_agents; i++) /* asking may have moved whose turn it is */
		h->agents[i].passed = 0;
}

static void drain(struct history *h, const char *worker)
{
	int bound = atoi(look_one(h, "select count(*) from signalbox.queue where state <> 'failed'")) + 10;
	for (int round = 0; round < bound && !h->is_wrong; round++) {
		look(h, "select prop.drain('%s')", worker);
		if (strcmp(look_one(h, "select count(*) from signalbox.queue where state <> 'failed'"), "0") == 0)
			return;
	}
	wrong(h, "left behind after %d rounds: %s", bound,
	      look_one(
		      h,
		      "select string_agg(m.uuid || ' ' || q.state, ', ') from (select * from signalbox.queue where state <> 'failed' limit 5) q "
		      "join signalbox.ai_messages m on m.id = q.message_id"));
}

void judge_end(struct history *h)
{
	static const char WORKER_UUID[] = "ffffffff-0000-4000-8000-000000000000";
	note(h, "everything is to end");
	for (int i = 0; i < h->n_agents; i++)
		look(h, "select signalbox.resume_agent('%s', 'test')", h->agents[i].slug);
	for (int i = 0; i < h->n_jobs; i++)
		h->jobs[i].could_lose = true;
	for (int i = 0; i < h->n_workers; i++)
		look(h, "select signalbox.worker_bye('%s')", h->actors[i].worker);
	/* A schedule is a time of the clock: where that was set back, it is as much further away. */
	look(h, "update signalbox.queue set run_after = clock_timestamp() + interval '60 s' "
	        "where state = 'pending' and run_after > clock_timestamp() + interval '60 s'");
	look(h, "select signalbox.worker_hello('%s', 'last', '0', 8, null, '1 h')", WORKER_UUID);
	drain(h, WORKER_UUID);
	if (!h->is_wrong)
		judge_step(h);
}
