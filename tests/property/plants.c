/*
 * Bugs planted on purpose. Each is some replacements in the text of functions as the database has them; when a function is rewritten,
 * this table is what must follow. `times`: how often the text stands there; anything else is a red test, so that no plant withers unseen.
 */
#include "tests/property/property.h"

#include "shared/clock.h"
#include "shared/str.h"

#define SEEDS_MAX 60
#define STEPS 150

struct edit {
	const char *function, *find, *replace;
	int times;
};
static const struct plant {
	const char *name;
	enum mood mood;
	bool is_more; /* left to the long run */
	struct edit edits[5];
} PLANTS[] = {
	{ "no session lock",
	  CROWDED,
	  false,
	  { { "dispatch", "where uuid = dispatch.session for no key update", "where uuid = dispatch.session", 1 },
	    { "dispatch", "and x.thread_key = dispatch.thread_key for no key update", "and x.thread_key = dispatch.thread_key",
	      1 },
	    { "settle_batch", "where q.job_id = r.job_id) order by s.id for no key update;", "where q.job_id = r.job_id) order by s.id;",
	      1 },
	    { "settle_batch", "where s.id = q.session_id for no key update skip locked)", "where s.id = q.session_id)", 2 } } },
	{ "no fence",
	  DYING,
	  false,
	  { { "settle_batch", "where q.job_id = r.job_id and q.state = 'running' and", "where q.state = 'running' and", 1 } } },
	{ "a rescue before its time",
	  DYING,
	  false,
	  { { "rescue", "where w.ended_at is not null or q.deadline < t and is_overdue(q.deadline, w) order by 1",
	      "where w.lease_until < t + interval '60 s' order by 1", 1 },
	    { "rescue", "(q.worker_id is not null and (w.id is null or w.ended_at is not null))", "true", 1 } } },
	/* Of messages that are their session's first and were never tried: only a late commit puts those behind. */
	{ "watermark by id",
	  EVEN,
	  false,
	  { { "claim", "x.seq >= c.low_seq and x.state = 'ready'",
	      "x.seq >= c.low_seq and x.state = 'ready' and (x.attempts > 0 or exists (select from ai_messages o "
	      "where o.session_id = x.session_id and o.role = 'assistant' and o.id < x.message_id) "
	      "or x.seq >= coalesce((select w.seq from prop.watermark w "
	      "where w.agent_id = x.agent_id and w.priority = x.priority), 0))",
	      1 },
	    { "claim", "if rated then",
	      "insert into prop.watermark select q.agent_id, q.priority, max(q.seq) from queue q where q.message_id = any (ids) group by 1, 2 "
	      "on conflict on constraint watermark_pkey do update set seq = greatest(watermark.seq, excluded.seq); "
	      "if rated then",
	      1 } } },
	{ "promotion missing", CROWDED, false, { { "settle_batch", "perform promote_heads(sessions, true);", "", 1 } } },
	{ "double reserve",
	  EVEN,
	  false,
	  { { "claim", "lock table lock_claim in exclusive mode;", "", 1 },
	    { "claim", "for no key update skip locked", "", 2 } } },
	{ "cursor past a retry",
	  EVEN,
	  false,
	  { { "claim", "x.seq >= c.low_seq and x.state = 'ready'",
	      "x.seq >= c.low_seq and x.state = 'ready' and (x.attempts = 0 or x.seq >= coalesce((select w.seq from prop.watermark w "
	      "where w.agent_id = x.agent_id and w.priority = x.priority), 0))",
	      1 },
	    { "claim", "if rated then",
	      "insert into prop.watermark select q.agent_id, q.priority, max(q.seq) from queue q where q.message_id = any (ids) group by 1, 2 "
	      "on conflict on constraint watermark_pkey do update set seq = greatest(watermark.seq, excluded.seq); "
	      "if rated then",
	      1 } } },
	{ "cancel ignored: still answered",
	  CROWDED,
	  false,
	  { { "cancel", "delete from queue where message_id = m.id returning * into q;",
	      "select * into q from queue where message_id = m.id;", 1 } } },
	{ "cancel ignored: never told",
	  CROWDED,
	  false,
	  { { "cancel", "insert into stops values (q.worker_id, q.job_id) on conflict do nothing;", "", 1 } } },
	{ "a settle waits for a stranger",
	  CROWDED,
	  false,
	  { { "settle_batch", "where s.id = q.session_id for no key update skip locked) s",
	      "where s.id = q.session_id for no key update) s", 1 } } },
	{ "a claim waits for a stranger",
	  EVEN,
	  false,
	  { { "claim", "where m.id = x.message_id for no key update skip locked)", "where m.id = x.message_id)", 1 } } },
	{ "a rescue waits for a stranger",
	  DYING,
	  false,
	  { { "rescue", "order by s.id for no key update skip locked);", "order by s.id for no key update);", 1 } } },
	{ "a step of the clock ends leases",
	  DYING,
	  false,
	  { { "tick_clock", "lease_until = greatest(w.lease_until, t + interval '5 s')", "lease_until = w.lease_until", 1 } } },
	{ "one chore stops them all", CROWDED, false, { { "chore", "when others then", "when sqlstate 'P0999' then", 1 } } },
	{ "a dead worker's lease lasts longer when the clock is set back",
	  DYING,
	  true,
	  { { "tick_clock", "lease_until = w.lease_until + gap", "lease_until = w.lease_until", 1 } } },
	{ "no turns", EVEN, true, { { "claim", "perform setval('claim_turn', after);", "null;", 1 } } },
	{ "pause ignored", EVEN, true, { { "claim", "c.paused_at is null and", "", 1 } } },
	{ "one over the limit", EVEN, true, { { "agent_room", "a.concurrency_limit - running_of", "1 + a.concurrency_limit - running_of", 1 } } },
	{ "a later message stays before a retried one",
	  CROWDED,
	  true,
	  { { "retry",
	      "update queue set state = 'blocked' where session_id = m.session_id and state in ('ready', 'delayed') and message_id > m.id;",
	      "", 1 } } },
};

int plants_count(bool all)
{
	int n = 0;
	while (n < (int)ARRAY_SIZE(PLANTS) && (all || !PLANTS[n].is_more))
		n++;
	return n;
}

const char *plants_name(int i)
{
	return PLANTS[i].name;
}

static const char *source_of(const char *function)
{
	return q(
		"select pg_get_functiondef(p.oid) from pg_proc p where p.pronamespace = 'signalbox'::regnamespace and p.proname = '%s'",
		function);
}

static void install(const char *definition)
{
	struct err err;
	if (pg_script(W.pg, definition, 10000, &err) < 0)
		fail_msg("a planted function is refused: %s\n%s", err.msg, definition);
}

static void plant(const struct edit *e)
{
	size_t len = strlen(e->find);
	const char *from = source_of(e->function);
	struct strbuf to = STRBUF_INIT(1 << 20);
	int n = 0;
	for (const char *at; (at = strstr(from, e->find)) != NULL; from = at + len, n++) {
		strbuf_add(&to, from, (size_t)(at - from));
		strbuf_str(&to, e->replace);
	}
	strbuf_str(&to, from);
	if (n != e->times)
		fail_msg("plants.c: %s() has this text %d times, not %d: %s", e->function, n, e->times, e->find);
	install(strbuf_text(&to));
	strbuf_release(&to);
}

void plants_find(int i, uint64_t seed)
{
	const struct plant *p = &PLANTS[i];
	const char *before[ARRAY_SIZE(p->edits)] = { NULL };
	bool is_found = false;
	int steps = 0, n;
	usec_t began = clock_mono();
	for (int k = 0; k < (int)ARRAY_SIZE(before) && p->edits[k].function != NULL; k++)
		before[k] = source_of(p->edits[k].function);
	for (int k = 0; k < (int)ARRAY_SIZE(before) && p->edits[k].function != NULL; k++)
		plant(&p->edits[k]);
	for (n = 0; n < SEEDS_MAX && !is_found; n++) {
		struct history *h = history_new(seed + (uint64_t)n, STEPS, p->mood);
		is_found = !history_play(h);
		steps += h->step;
		if (is_found)
			printf("%s: after %d histories, %d steps, %.1f s: %.100s\n", p->name, n + 1, steps,
			       (double)(clock_mono() - began) / USEC_PER_SEC, h->wrong);
		history_free(h);
	}
	for (int k = 0; k < (int)ARRAY_SIZE(before) && before[k] != NULL; k++)
		install(before[k]);
	if (!is_found)
		fail_msg("'%s' was planted and not found with %d histories from seed %llu", p->name, SEEDS_MAX,
		         (unsigned long long)seed);
}
