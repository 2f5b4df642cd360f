/*
 * Plays a history: whose step it is, transactions left open, statements in flight, and what is printed of it. What an actor can do is in
 * moves.c, what must hold in judge.c.
 */
#include "tests/property/property.h"

#include <poll.h>
#include <signal.h>
#include <unistd.h>

#include "shared/clock.h"

static const struct {
	/* Percent: calls left open over other steps, of these rolled back; steps where time passes or one dies; agents with a limit; steps
	 * that are surely a worker's. */
	int open, rollback, trouble, limits, work;
} MOOD[MOODS] = { [EVEN] = { 20, 20, 7, 25, 50 }, [CROWDED] = { 35, 15, 4, 0, 60 }, [DYING] = { 12, 10, 16, 10, 50 } };

static uint64_t next(struct history *h)
{
	uint64_t z = h->random += 0x9e3779b97f4a7c15u;
	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
	return z ^ (z >> 31);
}

int pick(struct history *h, int n)
{
	return (int)(next(h) % (uint64_t)n);
}

bool chance(struct history *h, int percent)
{
	return pick(h, 100) < percent;
}

void note(struct history *h, const char *fmt, ...)
{
	char *line = h->log[h->n_log++ % LOG_LINES];
	va_list ap;
	va_start(ap, fmt);
	int n = snprintf(line, sizeof h->log[0], "%5d ", h->step);
	vsnprintf(line + n, sizeof h->log[0] - (size_t)n, fmt, ap);
	va_end(ap);
}

void wrong(struct history *h, const char *fmt, ...)
{
	va_list ap;
	if (h->is_wrong)
		return;
	h->is_wrong = true;
	va_start(ap, fmt);
	vsnprintf(h->wrong, sizeof h->wrong, fmt, ap);
	va_end(ap);
}

void history_print(const struct history *h, FILE *f)
{
	/* The rule and the seed last: of a long output the end is kept. */
	for (int i = MAX(0, h->n_log - LOG_LINES); i < h->n_log; i++)
		fprintf(f, "  %s\n", h->log[i % LOG_LINES]);
	fprintf(f, "seed %llu, step %d of %d: %s\n", (unsigned long long)h->seed, h->step, h->steps,
	        h->is_wrong ? h->wrong : "nothing wrong");
	fprintf(f, "%d workers, %d agents; repeat: PROPERTY_SEED=%llu PROPERTY_STEPS=%d\n", h->n_workers, h->n_agents,
	        (unsigned long long)h->seed, h->steps);
}

static struct rows look_at(struct history *h, const char *sql)
{
	struct rows r = { 0 };
	struct err err;
	if (pg_exec(h->pg, &h->arena, sql, NULL, 0, 60000, &r, &err) < 0) {
		wrong(h, "%s, in: %.300s", err.msg, sql);
		r.n_rows = 0;
	}
	return r;
}

static struct rows vlook(struct history *h, const char *fmt, va_list ap)
{
	char *sql;
	if (vasprintf(&sql, fmt, ap) < 0)
		abort();
	struct rows r = look_at(h, sql);
	free(sql);
	return r;
}

struct rows look(struct history *h, const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	struct rows r = vlook(h, fmt, ap);
	va_end(ap);
	return r;
}

const char *look_one(struct history *h, const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	struct rows r = vlook(h, fmt, ap);
	va_end(ap);
	return r.n_rows > 0 && r.n_cols > 0 && rows_at(&r, 0, 0) != NULL ? rows_at(&r, 0, 0) : "";
}

int message_at(const struct history *h, const char *uuid)
{
	for (int i = h->n_messages - 1; i >= 0; i--)
		if (strcmp(h->messages[i].uuid, uuid) == 0)
			return i;
	return -1;
}

int job_at(const struct history *h, const char *uuid)
{
	for (int i = h->n_jobs - 1; i >= 0; i--)
		if (strcmp(h->jobs[i].uuid, uuid) == 0)
			return i;
	return -1;
}

/* ---------------------------------------------------------------- calls */

/* begin, commit, rollback: they wait for nobody. */
static bool tell(struct history *h, struct actor *a, const char *sql)
{
	struct err err;
	if (pg_exec(a->pg, &h->arena, sql, NULL, 0, 30000, NULL, &err) == 0)
		return true;
	wrong(h, "actor %d, %s: %s", a->index, sql, err.msg);
	return false;
}

static void finished(struct history *h, struct actor *a, bool is_committed)
{
	struct op *op = &a->op;
	if (is_committed && op->move->committed != NULL)
		op->move->committed(h, a, op);
	if (!is_committed && op->move->undone != NULL)
		op->move->undone(h, a, op);
	op->move = NULL;
}

static void freeze(struct history *h, struct actor *a)
{
	note(h, "actor %d: its backend is stopped", a->index);
	a->is_frozen = kill((pid_t)atoi(a->pid), SIGSTOP) == 0;
}

static void thaw(struct actor *a)
{
	if (a->is_frozen)
		kill((pid_t)atoi(a->pid), SIGCONT);
	a->is_frozen = false;
}

/* The disk is full: nothing of it was done. */
static bool is_full(const struct err *err)
{
	return err->code == ERR_DB && strcmp(err->msg, "no room") == 0;
}

/* Applications whose transactions are serializable are told so, and begin again. */
static bool is_conflict(const struct history *h, const struct actor *a, const struct err *err)
{
	return err->code == ERR_DB_CONFLICT && a->kind == APPLICATION && h->is_serializable &&
	       strstr(err->msg, "serialize") != NULL;
}

static void end_transaction(struct history *h, struct actor *a, bool commit)
{
	struct err err;
	note(h, "actor %d %s", a->index, commit ? "commits" : "rolls back");
	thaw(a);
	bool is_done = pg_exec(a->pg, &h->arena, commit ? "commit" : "rollback", NULL, 0, 30000, NULL, &err) == 0;
	if (is_done)
		finished(h, a, commit);
	else if (is_conflict(h, a, &err))
		finished(h, a, false);
	else
		wrong(h, "actor %d, %s: %s", a->index, commit ? "commit" : "rollback", err.msg);
	a->in_tx = false;
}

/* The answer is there. A refusal must be what the state of the message asked for. */
static void answered(struct history *h, struct actor *a)
{
	struct op *op = &a->op;
	struct err err = { 0 };
	a->in_flight = false;
	op->rows = (struct rows){ 0 };
	bool ok = pg_finish(a->pg, &a->arena, &op->rows, &err) == 0;
	enum err_code code = ok ? ERR_OK : err.code;
	bool is_deadlock = code == ERR_DB_CONFLICT && strstr(err.msg, "deadlock") != NULL;
	if (op->was_blocked || !ok)
		note(h, "actor %d answered: %s", a->index, ok ? "done" : err.msg);
	h->n_deadlocks += is_deadlock;
	bool either = op->was_blocked || op->expect == ERR_N;
	if (code != op->expect && !is_deadlock && !is_conflict(h, a, &err) && !is_full(&err) &&
	    !(either && (ok || code == ERR_REFUSED)))
		wrong(h, "actor %d: %s was answered with \"%s\" (%s), not with %s", a->index, op->said, ok ? "done" : err.msg,
		      err_name(code), err_name(op->expect));
	if (!ok) {
		if (a->in_tx)
			tell(h, a, "rollback");
		a->in_tx = false;
		if (is_full(&err))
			finished(h, a, false);
		op->move = NULL;
		return;
	}
	if (op->move->answered != NULL)
		op->move->answered(h, a, op);
	if (!a->in_tx)
		finished(h, a, true);
}

void hear_dispatches(struct history *h)
{
	for (int i = 0; i < h->n_actors && !h->is_wrong; i++) {
		struct actor *a = &h->actors[i];
		if (!a->in_flight || strcmp(a->op.move->name, "dispatch") != 0)
			continue;
		struct pollfd p = { .fd = pg_fd(a->pg), .events = POLLIN };
		poll(&p, 1, 100);
		if (pg_ready(a->pg))
			answered(h, a);
	}
}

/* Until every statement in flight is answered or waits for a lock: then nothing moves by itself. */
static void settle_down(struct history *h)
{
	for (int i = 0; i < h->n_actors && !h->is_wrong; i++) {
		struct actor *a = &h->actors[i];
		usec_t until = clock_mono() + 20 * USEC_PER_SEC;
		for (int tries = 0; a->in_flight && !h->is_wrong; tries++) {
			struct pollfd p = { .fd = pg_fd(a->pg), .events = POLLIN };
			poll(&p, 1, tries < 3 ? 3 : 1);
			if (pg_ready(a->pg)) {
				bool was_blocked = a->op.was_blocked;
				answered(h, a);
				if (was_blocked)
					i = -1; /* what it held may have been another's wait */
				break;
			}
			if (clock_mono() > until)
				wrong(h, "actor %d: %s is not answered and waits for nobody", a->index, a->op.said);
			if (tries < 3 || strcmp(look_one(h, "select cardinality(pg_blocking_pids(%s)) > 0", a->pid), "t") != 0)
				continue;
			judge_wait(h, a);
			h->n_blocked += !a->op.was_blocked;
			if (!a->op.was_blocked)
				note(h, "actor %d waits for a lock", a->index);
			a->op.was_blocked = true;
			break;
		}
	}
}

static const struct move *choose(struct history *h, enum kind kind)
{
	int sum = 0, at;
	for (int i = 0; i < N_MOVES; i++)
		sum += MOVES[i].kind == kind ? MOVES[i].weight[h->mood] : 0;
	at = pick(h, sum);
	for (int i = 0; i < N_MOVES; i++)
		if (MOVES[i].kind == kind && (at -= MOVES[i].weight[h->mood]) < 0)
			return &MOVES[i];
	return NULL;
}

void actor_does(struct history *h, struct actor *a, const struct move *m, int open_percent)
{
	struct op *op = &a->op;
	struct err err;
	arena_release(&a->arena);
	*op = (struct op){ .message = -1, .agent = -1, .expect = ERR_OK, .sent_step = h->step };
	if (!m->build(h, a, op) || h->is_wrong)
		return;
	op->move = m;
	a->in_tx = m->stays_open && chance(h, open_percent);
	a->tx_ends = h->step + 1 + pick(h, 10);
	note(h, "actor %d: %s%s", a->index, op->said, a->in_tx ? ", left open" : "");
	if (a->in_tx &&
	    !tell(h, a, a->kind == APPLICATION && h->is_serializable ? "begin isolation level serializable" : "begin"))
		return;
	if (pg_start(a->pg, op->sql, NULL, 0, &err) < 0)
		wrong(h, "actor %d: %s", a->index, err.msg);
	else
		a->in_flight = true;
}

static void crash_or_wait(struct history *h)
{
	static const int SECONDS[] = { 2, 6, 31, 31, 62, 62, LEASE + 1 };
	if (chance(h, 20))
		clock_steps(h);
	else if (chance(h, 15))
		look(h, "update prop.broken set is_on = not is_on");
	else if (chance(h, 15))
		look(h, "update prop.full set is_on = not is_on");
	else if (chance(h, h->mood == DYING ? 70 : 40))
		for (int i = 0, first = pick(h, h->n_workers); i < h->n_workers; i++) {
			if (worker_dies(h, &h->actors[(first + i) % h->n_workers]))
				break;
		}
	else
		time_passes(h, SECONDS[pick(h, ARRAY_SIZE(SECONDS))]);
}

static void step(struct history *h)
{
	if (plan_step(h))
		return;
	for (int i = 0; i < h->n_actors; i++) {
		struct actor *a = &h->actors[i];
		if (a->in_tx && !a->in_flight && a->tx_ends <= h->step) {
			end_transaction(h, a, !chance(h, MOOD[h->mood].rollback));
			return;
		}
	}
	for (int i = 0; i < h->n_actors; i++) {
		struct actor *a = &h->actors[i];
		if (a->kind == STRANGER && a->in_tx && !a->in_flight && !a->is_frozen && chance(h, 10))
			freeze(h, a);
	}
	if (chance(h, MOOD[h->mood].trouble)) {
		crash_or_wait(h);
		return;
	}
	for (int tries = 0; tries < 20; tries++) {
		struct actor *a = &h->actors[pick(h, chance(h, MOOD[h->mood].work) ? h->n_workers : h->n_actors)];
		if (a->in_flight || a->in_tx)
			continue;
		actor_does(h, a, choose(h, a->kind), a->kind == STRANGER ? 100 : MOOD[h->mood].open);
		if (a->in_flight || h->is_wrong)
			return;
	}
}

/* Everybody ends what is open; then nothing is in flight. */
static void quiesce(struct history *h)
{
	for (bool any = true; any && !h->is_wrong;) {
		any = false;
		settle_down(h);
		for (int i = 0; i < h->n_actors && !h->is_wrong; i++) {
			any |= h->actors[i].in_tx || h->actors[i].in_flight;
			if (h->actors[i].in_tx && !h->actors[i].in_flight)
				end_transaction(h, &h->actors[i], true);
		}
	}
}

/* ---------------------------------------------------------------- the whole */

/* Histories hand their connections on: a new one must first compile every function. */
static struct {
	struct pg *pg;
	char pid[12];
} idle[ACTORS_MAX + 1];

static struct pg *connect_actor(char pid[static 12])
{
	struct arena arena = ARENA_INIT;
	struct rows r;
	struct err err;
	for (size_t i = 0; i < ARRAY_SIZE(idle); i++)
		if (idle[i].pg != NULL) {
			struct pg *pg = idle[i].pg;
			idle[i].pg = NULL;
			memcpy(pid, idle[i].pid, 12);
			return pg;
		}
	struct pg *pg = connect_again("-c synchronous_commit=off -c deadlock_timeout=50ms -c statement_timeout=60s");
	if (pg_exec(pg, &arena, "select pg_backend_pid()", NULL, 0, 5000, &r, &err) < 0)
		BUG("%s", err.msg);
	snprintf(pid, 12, "%s", rows_at(&r, 0, 0));
	arena_release(&arena);
	return pg;
}

static void hand_on(struct pg *pg, const char *pid, bool is_clean)
{
	for (size_t i = 0; is_clean && i < ARRAY_SIZE(idle); i++)
		if (idle[i].pg == NULL) {
			idle[i].pg = pg;
			memcpy(idle[i].pid, pid, 12);
			return;
		}
	pg_close(pg);
}

void history_over(void)
{
	for (size_t i = 0; i < ARRAY_SIZE(idle); i++) {
		pg_close(idle[i].pg);
		idle[i].pg = NULL;
	}
}

static void make_agents(struct history *h)
{
	h->n_agents = 2 + (h->mood == EVEN ? pick(h, AGENTS_MAX - 1) : 0);
	for (int i = 0; i < h->n_agents; i++) {
		struct agent *g = &h->agents[i];
		snprintf(g->slug, sizeof g->slug, "g%d", i);
		look(h,
		     "select signalbox.agent_set('%s', '{\"model\": \"gpt-4o-mini\", \"concurrency_limit\": %s, "
		     "\"rate_limit_per_min\": %s}', 'test')",
		     g->slug, chance(h, MOOD[h->mood].limits) ? "2" : "null", chance(h, MOOD[h->mood].limits) ? "3" : "null");
		g->id = atoi(look_one(h, "select id from signalbox.agents where slug = '%s'", g->slug));
	}
}

static void add_actor(struct history *h, enum kind kind)
{
	struct actor *a = &h->actors[h->n_actors];
	*a = (struct actor){ .kind = kind, .index = h->n_actors++, .agents = "null", .serves = ~0u };
	a->pg = connect_actor(a->pid);
	if (kind != WORKER)
		return;
	if (a->index > 0 && chance(h, 25)) { /* serves some agents only */
		int one = pick(h, h->n_agents), two = pick(h, h->n_agents);
		a->serves = 1u << one | 1u << two;
		snprintf(a->agents, sizeof a->agents, "array['g%d', 'g%d']", one, two);
	}
	worker_begins(h, a);
}

struct history *history_new(uint64_t seed, int steps, enum mood mood)
{
	struct history *h = xcalloc(1, sizeof *h);
	h->seed = h->random = seed;
	h->steps = steps;
	h->pg = connect_actor(h->pid);
	look(h, "select prop.reset()");
	h->mood = (enum mood)pick(h, MOODS);
	if (mood != MOODS)
		h->mood = mood;
	make_agents(h);
	h->slots = 1 + pick(h, SLOTS_MAX);
	h->has_priorities = chance(h, 60);
	h->is_serializable = chance(h, 25);
	h->n_workers = 2 + pick(h, h->mood != EVEN || chance(h, 50) ? 2 : 7);
	for (int i = 0; i < h->n_workers; i++)
		add_actor(h, WORKER);
	for (int i = 0; i < 3; i++)
		add_actor(h, APPLICATION);
	for (int i = 0; i < (h->mood == CROWDED ? 2 : 1); i++)
		add_actor(h, OPERATOR);
	for (int i = pick(h, 3); i > 0; i--)
		add_actor(h, STRANGER);
	return h;
}

void history_free(struct history *h)
{
	for (int i = 0; i < h->n_actors; i++) {
		thaw(&h->actors[i]);
		if (h->actors[i].in_flight)
			pg_cancel(h->actors[i].pg);
		hand_on(h->actors[i].pg, h->actors[i].pid, !h->actors[i].in_flight && !h->actors[i].in_tx);
		arena_release(&h->actors[i].arena);
	}
	hand_on(h->pg, h->pid, !h->is_wrong);
	arena_release(&h->arena);
	free(h);
}

bool history_play(struct history *h)
{
	for (h->step = 1; h->step <= h->steps && !h->is_wrong; h->step++) {
		step(h);
		settle_down(h);
		if (!h->is_wrong)
			judge_step(h);
		if (h->step % 64 == 0 && !h->is_wrong) {
			quiesce(h);
			look(h, "update prop.full set is_on = false");
			/* As autovacuum does, so that plans change. */
			if (!h->is_wrong && chance(h, 60))
				look(h, "analyze");
			if (!h->is_wrong)
				judge_places(h);
		}
		arena_release(&h->arena);
		if (h->is_wrong)
			return false;
	}
	quiesce(h);
	look(h, "update prop.full set is_on = false");
	if (!h->is_wrong)
		judge_step(h);
	if (!h->is_wrong)
		judge_places(h);
	if (!h->is_wrong)
		judge_end(h);
	return !h->is_wrong;
}
