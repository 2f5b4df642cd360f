/*
 * The same functions with real concurrency: n workers, two applications and an operator, each a thread with its own connection, and one that
 * checks a moment of it all again and again. Then everything comes to rest, drains, and is checked exactly. Not repeatable: a seed
 * only decides what each thread wants.
 */
#include "tests/property/property.h"

#include <pthread.h>
#include <stdatomic.h>
#include <unistd.h>

#include "shared/str.h"

#define AGENTS 4
#define HELD_MAX 12

struct held {
	char uuid[UUID_SIZE], message[UUID_SIZE], worker[UUID_SIZE], record[500];
	const char *outcome; /* NULL: not yet decided */
	bool could_lose, was_called;
};

static struct {
	atomic_int is_over, is_wrong, n_sent, n_claimed, n_settled, n_deadlocks, n_checks;
	atomic_int paused[AGENTS + 1]; /* by the agent's number: of which pause, 0 when it may run */
	pthread_mutex_t lock;
	char why[600];
} T = { .lock = PTHREAD_MUTEX_INITIALIZER };

struct player {
	uint64_t random;
	int index, steps;
	struct pg *pg;
	struct arena arena;
	char worker[UUID_SIZE];
	struct held held[HELD_MAX];
	int n_held;
	pthread_t thread;
};

static int roll(struct player *p, int n)
{
	p->random = p->random * 6364136223846793005u + 1442695040888963407u;
	return (int)((p->random >> 33) % (uint64_t)n);
}

static void blame(const char *fmt, ...) PRINTF(1, 2);
static void blame(const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	pthread_mutex_lock(&T.lock);
	if (atomic_exchange(&T.is_wrong, 1) == 0)
		vsnprintf(T.why, sizeof T.why, fmt, ap);
	pthread_mutex_unlock(&T.lock);
	va_end(ap);
}

/* A refusal is an answer where `refusable`; a deadlock is resolved by the database and counted. False: there are no rows. */
static bool ask(struct player *p, struct rows *r, bool refusable, const char *fmt, ...) PRINTF(4, 5);
static bool ask(struct player *p, struct rows *r, bool refusable, const char *fmt, ...)
{
	char sql[4096];
	struct err err;
	va_list ap;
	va_start(ap, fmt);
	if (vsnprintf(sql, sizeof sql, fmt, ap) >= (int)sizeof sql)
		BUG("statement too long");
	va_end(ap);
	*r = (struct rows){ 0 };
	if (pg_exec(p->pg, &p->arena, sql, NULL, 0, 60000, r, &err) == 0)
		return true;
	if (strstr(err.msg, "deadlock") != NULL)
		atomic_fetch_add(&T.n_deadlocks, 1);
	else if (!refusable || err.code != ERR_REFUSED)
		blame("%s, in: %.300s", err.msg, sql);
	r->n_rows = 0;
	return false;
}

/* ---------------------------------------------------------------- workers */

static void begin_worker(struct player *p)
{
	struct rows r;
	if (ask(p, &r, false, "select gen_random_uuid()"))
		snprintf(p->worker, sizeof p->worker, "%s", rows_at(&r, 0, 0));
	ask(p, &r, false, "select signalbox.worker_hello('%s', 'w%d', '0', 8, null, '1 h')", p->worker, p->index);
}

static void claim(struct player *p)
{
	int before[AGENTS + 1], slots = 1 + roll(p, MIN(SLOTS_MAX, HELD_MAX - p->n_held));
	struct rows r;
	for (int i = 1; i <= AGENTS; i++)
		before[i] = atomic_load(&T.paused[i]);
	ask(p, &r, false,
	    "select c.message_id, c.message_uuid, c.job_id, c.agent_id, u.content from signalbox.claim('%s', %d, '300 s') c "
	    "join signalbox.ai_messages m on m.id = c.message_id join signalbox.ai_messages u on u.id = m.reply_to",
	    p->worker, slots);
	for (int i = 0; i < r.n_rows; i++) {
		struct held *h = &p->held[p->n_held++];
		int agent = (int)rows_int(&r, i, 3, 0), n = roll(p, 100);
		if (before[agent] > 0 && atomic_load(&T.paused[agent]) == before[agent])
			blame("paused: agent %d is paused and starts %s", agent, rows_at(&r, i, 1));
		*h = (struct held){ .outcome = n < 70 ? "completed" : n < 82 ? "error" : n < 90 ? "rate_limited" : "released" };
		h->was_called = n < 90 && roll(p, 10) > 0;
		snprintf(h->uuid, sizeof h->uuid, "%s", rows_at(&r, i, 2));
		snprintf(h->message, sizeof h->message, "%s", rows_at(&r, i, 1));
		memcpy(h->worker, p->worker, sizeof h->worker);
		snprintf(
			h->record, sizeof h->record,
			"{\"message_id\":%s,\"job_id\":\"%s\",\"outcome\":\"%s\",\"content\":\"answer %s %s\",\"error_class\":\"x\",\"error\":\"x\","
			"\"is_permanent\":%s,\"model\":\"gpt-4o-mini\",\"tokens_prompt\":10,\"tokens_completion\":5,\"was_called\":%s,\"wait_ms\":20,"
			"\"generation_ms\":1}",
			rows_at(&r, i, 0), rows_at(&r, i, 2), h->outcome, rows_at(&r, i, 4), rows_at(&r, i, 2),
			n % 3 == 0 ? "true" : "false", h->was_called ? "true" : "false");
	}
	atomic_fetch_add(&T.n_claimed, r.n_rows);
}

/* The oldest of one incarnation, sometimes twice. */
static void settle(struct player *p)
{
	int n = 0, max = 1 + roll(p, 4);
	struct strbuf recs = STRBUF_INIT(3000), acks = STRBUF_INIT(3000);
	struct rows r;
	while (n < max && n < p->n_held && strcmp(p->held[n].worker, p->held[0].worker) == 0)
		strbuf_addf(&recs, "%s%s", n > 0 ? "," : "", p->held[n].record), n++;
	for (int times = roll(p, 10) == 0 ? 2 : 1; n > 0 && times > 0; times--) {
		/* After a deadlock it is still ours, and sent again later. */
		if (!ask(p, &r, false, "select job_id, result from signalbox.settle('%s', '[%s]', 3, '20 ms')", p->held[0].worker,
		         strbuf_text(&recs)))
			break;
		if (r.n_rows != n)
			blame("settle of %d answers %d", n, r.n_rows);
		strbuf_clear(&acks);
		for (int i = 0; i < r.n_rows; i++)
			for (int k = 0; k < n; k++)
				if (strcmp(p->held[k].uuid, rows_at(&r, i, 0)) == 0)
					strbuf_addf(&acks, "%s('%s','%s','%s','%s',%s,%s)", acks.len > 0 ? "," : "",
					            p->held[k].uuid, p->held[k].message, p->held[k].outcome, rows_at(&r, i, 1),
					            p->held[k].was_called ? "true" : "false",
					            p->held[k].could_lose ? "true" : "false");
		ask(p, &r, false, "insert into prop.acked (job_id, message, outcome, result, was_called, could_lose) values %s",
		    strbuf_text(&acks));
		if (times == 1) {
			memmove(p->held, p->held + n, sizeof p->held[0] * (size_t)(p->n_held - n));
			p->n_held -= n;
			atomic_fetch_add(&T.n_settled, n);
		}
	}
	strbuf_release(&recs);
	strbuf_release(&acks);
}

static void *work(void *arg)
{
	struct player *p = arg;
	struct rows r;
	begin_worker(p);
	for (int i = 0; i < p->steps && !atomic_load(&T.is_wrong); i++) {
		int n = roll(p, 100);
		if (n < 45 && p->n_held < HELD_MAX)
			claim(p);
		else if (n < 88)
			settle(p);
		else if (n < 92)
			ask(p, &r, false, "select * from signalbox.worker_renew('%s', '1 h', false)", p->worker);
		else if (n < 98)
			ask(p, &r, false, n < 96 ? "select signalbox.tick()" : "select signalbox.tend()");
		else if (ask(p, &r, false, "select prop.expire('%s')", p->worker) && r.n_rows > 0) {
			for (int k = 0; k < p->n_held; k++)
				p->held[k].could_lose = true;
			begin_worker(p);
		}
		arena_release(&p->arena);
	}
	while (p->n_held > 0 && !atomic_load(&T.is_wrong))
		settle(p);
	ask(p, &r, false, "select signalbox.worker_bye('%s')", p->worker);
	arena_release(&p->arena);
	return NULL;
}

/* ---------------------------------------------------------------- the others */

static void *apply(void *arg)
{
	struct player *p = arg;
	struct rows r;
	while (!atomic_load(&T.is_over) && !atomic_load(&T.is_wrong)) {
		char nonce[40], key[60] = "", more[100] = "", message[UUID_SIZE];
		int agent = roll(p, AGENTS), n = atomic_fetch_add(&T.n_sent, 1), open = roll(p, 6) == 0;
		/* Not far ahead of the workers: what matters is what happens at the ends of sessions. */
		if (n - atomic_load(&T.n_settled) > 60)
			usleep(30000);
		snprintf(nonce, sizeof nonce, "n%d-%d", p->index, n);
		if (roll(p, 12) == 0) {
			snprintf(key, sizeof key, "g%d-k%d", agent, roll(p, 40));
			snprintf(nonce, sizeof nonce, "said with %.20s", key);
			snprintf(more, sizeof more, ", idempotency_key => '%s'", key);
		}
		if (roll(p, 12) == 0)
			snprintf(more + strlen(more), sizeof more - strlen(more),
			         ", run_after => clock_timestamp() + interval '30 ms'");
		if (open)
			ask(p, &r, false, "begin");
		bool ok = ask(
			p, &r, false,
			"select message_id from signalbox.dispatch('g%d', '%s', user_id => 'u', thread_key => 't%d', priority => %d%s)",
			agent, nonce, roll(p, 8), roll(p, 3), more);
		snprintf(message, sizeof message, "%s", ok ? rows_at(&r, 0, 0) : "");
		if (open) {
			usleep((useconds_t)roll(p, 3000));
			bool commit = ok && roll(p, 5) > 0;
			ok = ask(p, &r, false, commit ? "commit" : "rollback") && commit;
		}
		if (ok)
			ask(p, &r, false, "select prop.note_sent('%s', '%s', nullif('%s', ''))", message, nonce, key);
		arena_release(&p->arena);
	}
	return NULL;
}

static void *operate(void *arg)
{
	static const struct {
		const char *function, *states, *more;
	} ACTS[] = { { "cancel", "processing", ", null" }, { "cancel", "queued", ", null" },
		     { "cancel", "pending", ", null" },    { "retry", "failed", ", null" },
		     { "retry", "cancelled", ", null" },   { "retry_hold", "failed", ", null, null, '10 ms'" },
		     { "retry_undo", "failed", "" },       { "retry", "processing", ", null" } };
	struct player *p = arg;
	struct rows r;
	for (int pause = 1; !atomic_load(&T.is_over) && !atomic_load(&T.is_wrong); pause++) {
		int a = roll(p, ARRAY_SIZE(ACTS)), agent = 1 + roll(p, AGENTS);
		if (roll(p, 8) == 0) {
			ask(p, &r, false, "select signalbox.pause_agent('g%d', 'op', 'test')", agent - 1);
			atomic_store(&T.paused[agent], pause);
			usleep((useconds_t)roll(p, 3000));
			atomic_store(&T.paused[agent], 0);
			ask(p, &r, false, "select signalbox.resume_agent('g%d', 'op')", agent - 1);
		}
		ask(p, &r, false,
		    "select uuid from signalbox.ai_messages where role = 'assistant' and processing_status = '%s' order by random() limit 1",
		    ACTS[a].states);
		if (r.n_rows > 0)
			ask(p, &r, true, "select signalbox.%s('%s', 'op'%s)", ACTS[a].function, rows_at(&r, 0, 0), ACTS[a].more);
		usleep(1000);
		arena_release(&p->arena);
	}
	return NULL;
}

static void *check(void *arg)
{
	struct player *p = arg;
	struct rows r;
	while (!atomic_load(&T.is_over) && !atomic_load(&T.is_wrong)) {
		ask(p, &r, false, "begin isolation level repeatable read");
		ask(p, &r, false, "select name, what from prop.violations(false) limit 1");
		if (r.n_rows > 0)
			blame("%s: %s", rows_at(&r, 0, 0), rows_at(&r, 0, 1));
		ask(p, &r, false, "commit");
		atomic_fetch_add(&T.n_checks, 1);
		arena_release(&p->arena);
		usleep(50000);
	}
	return NULL;
}

/* ---------------------------------------------------------------- the whole */

static void finish(struct player *p)
{
	struct rows r;
	for (int i = 0; i < AGENTS; i++)
		ask(p, &r, false, "select signalbox.resume_agent('g%d', 'test')", i);
	begin_worker(p);
	ask(p, &r, false, "select count(*) from signalbox.queue where state <> 'failed'");
	int bound = r.n_rows > 0 ? (int)rows_int(&r, 0, 0, 0) + 10 : 0;
	for (int i = 0; i < bound && !atomic_load(&T.is_wrong); i++) {
		ask(p, &r, false, "select prop.drain('%s')", p->worker);
		ask(p, &r, false, "select count(*) from signalbox.queue where state <> 'failed'");
		if (r.n_rows > 0 && rows_int(&r, 0, 0, 1) == 0)
			break;
		if (i == bound - 1)
			blame("%s messages are left behind after %d rounds", rows_at(&r, 0, 0), bound);
	}
	ask(p, &r, false, "select name, what from prop.violations(true) limit 1");
	if (r.n_rows > 0)
		blame("at the end: %s: %s", rows_at(&r, 0, 0), rows_at(&r, 0, 1));
	arena_release(&p->arena);
}

bool threads_play(uint64_t seed, int n_workers, int steps, char why[static 600])
{
	enum { OTHERS = 4 };
	static void *(*const ROLE[OTHERS])(void *) = { apply, apply, operate, check };
	struct player *players = xcalloc((size_t)n_workers + OTHERS, sizeof *players);
	T.is_over = T.is_wrong = T.n_sent = T.n_claimed = T.n_settled = T.n_deadlocks = T.n_checks = 0;
	q("select prop.reset()");
	for (int i = 0; i < AGENTS; i++)
		q("select signalbox.agent_set('g%d', '{\"model\": \"gpt-4o-mini\", \"concurrency_limit\": %s}', 'test')", i,
		  i == 0 ? "5" : "null");
	for (int i = 0; i < n_workers + OTHERS; i++) {
		players[i] = (struct player){ .random = seed + (uint64_t)i * 7919, .index = i, .steps = steps };
		players[i].pg = connect_again("-c synchronous_commit=off -c deadlock_timeout=100ms");
	}
	for (int i = 0; i < n_workers + OTHERS; i++)
		if (pthread_create(&players[i].thread, NULL, i < n_workers ? work : ROLE[i - n_workers], &players[i]) != 0)
			BUG("no thread");
	for (int i = 0; i < n_workers; i++)
		pthread_join(players[i].thread, NULL);
	atomic_store(&T.is_over, 1);
	for (int i = n_workers; i < n_workers + OTHERS; i++)
		pthread_join(players[i].thread, NULL);
	if (!atomic_load(&T.is_wrong))
		finish(&players[0]);
	printf("%d workers: %d messages, %d claimed, %d deadlocks, checked %d times meanwhile\n", n_workers, T.n_sent,
	       T.n_claimed, T.n_deadlocks, T.n_checks);
	for (int i = 0; i < n_workers + OTHERS; i++)
		pg_close(players[i].pg);
	free(players);
	snprintf(why, 600, "%s", T.why);
	return !atomic_load(&T.is_wrong);
}
