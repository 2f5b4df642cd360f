/*
 * Why: the database is not ours alone. An application forgets to commit, somebody holds locks, a disk is full, a clock is set, a backend freezes, a chore
 * fails: the other messages go on as if nothing were, and an answer that was paid for is there afterwards, called once.
 */
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/lib/harness/harness.h"

#define QUICK "--lease", "2s", "--poll", "100ms", "--backoff", "100ms"

/* Twenty messages of the other agent, each a session of its own. */
static void others_go_on(void)
{
	q("select count(*) from generate_series(1, 20) i, signalbox.dispatch('a', 'other ' || i)");
	wait_for("select count(*) from signalbox.ai_messages m join signalbox.ai_messages u on u.id = m.reply_to "
	         "where u.content like 'other %' and m.processing_status <> 'completed'",
	         "0", 5);
}

/* Of what has to last for some seconds. */
static void wait_doctor(const char *pattern)
{
	for (int64_t until = 0; !doctor_says(W.direct, pattern);)
		if (!again(&until, 20))
			fail_msg("doctor does not say %s", pattern);
}

/* The session that a message belongs to. */
static const char *session_of(const char *message)
{
	return q(
		"select s.uuid from signalbox.ai_sessions s join signalbox.ai_messages m on m.session_id = s.id where m.uuid = '%s'",
		message);
}

/* What the settle meets while the table holds this trigger. */
static void settle_meets(const char *condition, const char *errcode)
{
	q("create or replace function public.weather() returns trigger language plpgsql as $$ begin if %s then raise exception 'weather' using errcode = '%s'; end if; "
	  "return new; end $$",
	  condition, errcode);
	q("drop trigger if exists weather on signalbox.attempts");
	q("create trigger weather before insert on signalbox.attempts for each row execute function public.weather()");
}

static void clear_weather(void)
{
	q("drop trigger if exists weather on signalbox.attempts");
}

/* ---------------------------------------------------------------- locks */

/* The application asks again in a conversation that is being answered, and forgets to commit. `freeze`: and its backend is stopped. */
static void forgets(bool freeze)
{
	struct pg *app = connect_again(NULL);
	worker(QUICK, "--agents", "o", NULL);
	pid_t dies = worker(QUICK, "--agents", "a", NULL);
	wait_for("select count(*) from signalbox.workers where ended_at is null", "2", 0);
	const char *m = say("o", text("[[slow=300]] forgotten-%d.", freeze));
	wait_for(state_sql(m), "processing", 0);
	q_on(app, "begin");
	q_on(app, "select * from signalbox.dispatch('o', 'forgotten-2', session => '%s', priority => 70)", session_of(m));
	const char *held = say("a", "[[slow=1000]] of the dead, and locked"), *lost = say("a", "[[slow=1000]] of the dead");
	wait_for(state_sql(held), "processing", 0);
	wait_for(state_sql(lost), "processing", 0);
	q_on(app, "select * from signalbox.dispatch('a', 'forgotten-3', session => '%s')", session_of(held));
	const char *pid = q_on(app, "select pg_backend_pid()");
	if (freeze)
		send_signal((pid_t)atoi(pid), SIGSTOP);
	/* Its record is kept, and said to be (a second later that of `held` too); and a dead worker's messages are others' in the meantime. */
	wait_for("select sum(kept) in (1, 2) from signalbox.workers where ended_at is null", "t", 0);
	assert_string_equal(alert_level("kept"), "WARN");
	EXPECT("t", "select (signalbox.queue_status() ->> 'records_kept')::int in (1, 2)");
	assert_true(doctor_says(W.direct, "^FAIL *records .*[12] records wait"));
	kill_now(dies);
	worker(QUICK, "--agents", "a", NULL);
	wait_completed(lost);
	others_go_on();
	/* The same priority, by somebody else: the lane is the fleet's to open. */
	const char *urgent = q("select message_id from signalbox.dispatch('o', 'urgent', priority => 70)");
	wait_for(state_sql(urgent), "completed", 5);
	assert_string_equal(status_of(m), "processing");
	assert_string_equal(status_of(held), "processing");
	if (freeze)
		send_signal((pid_t)atoi(pid), SIGCONT);
	q_on(app, "commit");
	wait_completed(m);
	wait_for("select count(*) from signalbox.ai_messages where role = 'assistant' and processing_status <> 'completed'", "0",
	         0);
	assert_int_equal(provider_calls(text("forgotten-%d.", freeze)), 1);
	EXPECT("completed",
	       "select string_agg(outcome, ' ') from signalbox.attempts a join signalbox.ai_messages m on m.id = a.message_id where m.uuid = '%s'",
	       m);
	wait_for("select sum(kept) from signalbox.workers where ended_at is null", "0", 0);
	assert_string_equal(alert_level("kept"), "none");
	pg_close(app);
}

static void test_forgotten_commit(void **state)
{
	(void)state;
	forgets(false);
}

static void test_frozen_backend(void **state)
{
	(void)state;
	forgets(true);
}

/* One place, and the commit of the first answer takes its time: the second message is called meanwhile. */
static void test_a_slow_commit(void **state)
{
	(void)state;
	q("create table public.gate ()");
	q("create or replace function public.weather() returns trigger language plpgsql as $$ begin while not exists (select from public.gate) loop "
	  "perform pg_sleep(0.02); end loop; return new; end $$");
	q("grant select on public.gate to public");
	q("create trigger weather before insert on signalbox.attempts for each row execute function public.weather()");
	worker(QUICK, "--concurrency", "1", NULL);
	const char *first = say("o", "slow-commit-1");
	wait_for(state_sql(first), "processing", 0);
	const char *second = say("o", "slow-commit-2");
	for (int64_t until = 0; provider_calls("slow-commit-2") == 0;)
		if (!again(&until, 5))
			fail_msg("the second message was not called");
	assert_string_equal(status_of(first), "processing");
	q("insert into public.gate default values");
	wait_completed(first);
	wait_completed(second);
	assert_int_equal(provider_calls("slow-commit"), 2);
	clear_weather();
	q("drop table public.gate");
}

/* One place, and the record of the first message is refused for a reason that passes: nothing new is claimed meanwhile. */
static void test_a_kept_record_holds_its_place(void **state)
{
	(void)state;
	worker(QUICK, "--concurrency", "1", NULL);
	settle_meets("new.outcome = 'completed'", "53100");
	const char *first = say("o", "kept-place-1");
	wait_for("select sum(kept) from signalbox.workers where ended_at is null", "1", 0);
	const char *second = say("o", "kept-place-2");
	usleep(1000000);
	assert_string_equal(status_of(second), "queued");
	clear_weather();
	wait_completed(first);
	wait_completed(second);
}

/* The record is kept for longer than the attempt may last: nobody else takes the message. */
static void test_kept_past_the_deadline(void **state)
{
	(void)state;
	worker(QUICK, NULL);
	settle_meets("new.outcome = 'completed'", "53100");
	const char *m = say("o", "kept-long");
	wait_for("select sum(kept) from signalbox.workers where ended_at is null", "1", 0);
	q("update signalbox.queue set deadline = clock_timestamp() - interval '1 s' where state = 'running'");
	const char *now = q("select clock_timestamp()");
	wait_for(
		text("select bool_and(done_at > '%s'::timestamptz + interval '2 s') from signalbox.chores where name in ('clock', 'overdue')",
	             now),
		"t", 0);
	assert_string_equal(status_of(m), "processing");
	clear_weather();
	wait_completed(m);
	EXPECT("completed", "select string_agg(outcome, ' ') from signalbox.attempts");
	/* A worker that says nothing of the kind has lost it. */
	const char *n = say("o", "[[hang]] overdue");
	wait_for(state_sql(n), "processing", 0);
	q("update signalbox.queue set deadline = clock_timestamp() - interval '1 s' where state = 'running'");
	wait_for("select string_agg(outcome, ' ') from signalbox.attempts where outcome = 'lost'", "lost", 0);
	q("select signalbox.cancel('%s', 'test')", n);
}

/* Whoever may log in can take any advisory lock. */
static void test_every_name_is_locked(void **state)
{
	(void)state;
	struct pg *stranger = connect_again(NULL);
	q_on(stranger,
	     "select pg_advisory_lock(hashtext('signalbox.' || n)) from unnest('{claim,tick,tend,breakers,migrate,lane}'::text[]) n");
	worker(QUICK, NULL);
	wait_completed(say("o", "hello"));
	q("select message_id from signalbox.dispatch('o', 'first of its priority', priority => 33)");
	wait_for("select count(*) from signalbox.ai_messages where role = 'assistant' and processing_status <> 'completed'", "0",
	         5);
	assert_int_equal(run(bin("signalbox"), "migrate", NULL), 0);
	/* The fleet's own locks are nobody else's; doctor names who has them all the same. */
	q("drop role if exists t_nobody");
	q("create role t_nobody");
	q("grant signalbox_admin to t_nobody");
	q("set role t_nobody");
	EXPECT_ERR(ERR_REFUSED, "do $$ begin lock table signalbox.lock_claim in exclusive mode; end $$");
	q("reset role");
	q_on(stranger, "begin");
	q_on(stranger, "lock table signalbox.lock_claim in exclusive mode");
	wait_doctor("^FAIL *transactions .*lock_claim");
	q_on(stranger, "rollback");
	pg_close(stranger);
}

/* An application writes our rows itself, and forgets to commit: a claim passes it over. */
static void test_direct_writer(void **state)
{
	(void)state;
	struct pg *app = connect_again(NULL);
	q("select signalbox.pause_agent('o', 'test')");
	const char *m = say("o", "held by a writer"), *next = say("o", "behind it");
	q_on(app, "begin");
	q_on(app, "select 1 from signalbox.ai_messages where uuid = '%s' for update", m);
	q("select signalbox.resume_agent('o', 'test')");
	worker(QUICK, NULL);
	wait_completed(next);
	others_go_on();
	assert_string_equal(status_of(m), "queued");
	q_on(app, "commit");
	wait_completed(m);
	/* And the record of one that it has locked while it ran is kept. */
	m = say("o", "[[slow=300]] held while it runs");
	wait_for(state_sql(m), "processing", 0);
	q_on(app, "begin");
	q_on(app, "select 1 from signalbox.ai_messages where uuid = '%s' for update", m);
	wait_for("select sum(kept) from signalbox.workers where ended_at is null", "1", 0);
	others_go_on();
	q_on(app, "commit");
	wait_completed(m);
	pg_close(app);
}

/* Operators' transactions: a paused agent's lane, an agent's settings, a provider's breaker, a worker that is to end. */
static void test_operators_transactions(void **state)
{
	(void)state;
	static const char *const ACTS[] = {
		"select signalbox.pause_agent('o', 'test')",
		"select signalbox.agent_set('o', '{\"max_tokens\": 100}', 'test')",
		"select signalbox.provider_set('o', '{\"breaker\": \"closed\"}', 'test')",
		"select signalbox.drain_worker(id, 'test') from signalbox.workers where ended_at is null",
	};
	worker(QUICK, NULL);
	wait_completed(say("o", "hello"));
	for (size_t i = 0; i < ARRAY_SIZE(ACTS); i++) {
		struct pg *operator= connect_again(NULL);
		q_on(operator, "begin");
		q_on(operator, "%s", ACTS[i]);
		wait_completed(say("o", "meanwhile"));
		others_go_on();
		wait_for(
			"select count(*) from signalbox.workers where ended_at is null and renewed_at > clock_timestamp() - interval '1 s'",
			"1", 3);
		q_on(operator, "rollback");
		pg_close(operator);
	}
}

/* ---------------------------------------------------------------- weather */

/* Disk full, an input/output error, a function that a migration has just taken away, a right that is missing. */
static void test_weather_is_no_fault_of_the_record(void **state)
{
	(void)state;
	static const char *const CODES[] = { "53100", "58030", "XX001", "42883", "42501", "40001", "57014", "55P03" };
	worker(QUICK, NULL);
	for (size_t i = 0; i < ARRAY_SIZE(CODES); i++) {
		settle_meets("true", CODES[i]);
		const char *m = say("o", text("weather-%s", CODES[i])), *n = say("a", "of another agent");
		q("select count(*) from generate_series(1, 20) i, signalbox.dispatch('a', 'one of many ' || i)"); /* some are not even tried */
		wait_for("select sum(kept) from signalbox.workers where ended_at is null", "22", 0);
		assert_string_equal(status_of(m), "processing");
		clear_weather();
		wait_completed(m);
		wait_completed(n);
		wait_for("select count(*) from signalbox.queue", "0", 0);
		wait_for("select sum(kept) from signalbox.workers where ended_at is null", "0", 0);
		assert_int_equal(provider_calls(text("weather-%s", CODES[i])), 1);
	}
	EXPECT("completed", "select string_agg(distinct outcome, ' ') from signalbox.attempts");
}

/* Records that cannot be written, for a reason of their own or not, hold up no other: not even as many as are tried in a row. */
static void test_bad_records(void **state)
{
	(void)state;
	static const struct {
		const char *code, *becomes;
	} CASES[] = { { "22003", "failed" }, { "53100", "processing" } };
	worker(QUICK, NULL);
	for (size_t i = 0; i < ARRAY_SIZE(CASES); i++) {
		settle_meets("true", "53100"); /* until all of them are kept, and so said together */
		q("select count(*) from generate_series(1, 30) n, signalbox.dispatch('o', case when n <= 5 then '[[slow=50]] bad' else '[[slow=50]] good' end)");
		wait_for("select sum(kept) from signalbox.workers", "30", 0);
		settle_meets(
			"new.outcome = 'completed' and new.message_id in (select m.id from signalbox.ai_messages m join signalbox.ai_messages u on u.id = m.reply_to where u.content like '%%bad%%')",
			CASES[i].code);
		wait_for(
			text("select string_agg(distinct m.processing_status::text, ' ') from signalbox.ai_messages m join signalbox.ai_messages u on u.id = m.reply_to "
		             "where u.content like '%%bad%%' and m.id > %zu * 60",
		             i),
			CASES[i].becomes, 0);
		wait_for(
			text("select count(*) from signalbox.ai_messages m join signalbox.ai_messages u on u.id = m.reply_to where u.content like '%%good%%' "
		             "and m.processing_status = 'completed' and m.id > %zu * 60",
		             i),
			"25", 0);
		clear_weather();
		wait_for("select sum(kept) from signalbox.workers", "0", 0);
	}
	EXPECT("5 database_data: weather",
	       "select count(*) || ' ' || min(processing_error) from signalbox.ai_messages where processing_status = 'failed'");
	wait_for("select count(*) from signalbox.ai_messages where processing_status = 'processing'", "0", 0);
}

/* ---------------------------------------------------------------- chores, clocks */

static void test_a_chore_fails(void **state)
{
	(void)state;
	q("create or replace function public.fails() returns trigger language plpgsql as $$ begin raise exception 'no chore today'; end $$");
	q("create trigger fails before delete on signalbox.starts for each statement execute function public.fails()");
	worker(QUICK, NULL);
	wait_for("select error from signalbox.chores where name = 'forget'", "no chore today", 0);
	const char *swept = q("select well_at from signalbox.chores where name = 'sweep'");
	wait_for(text("select well_at > '%s' from signalbox.chores where name = 'sweep'", swept), "t", 0);
	wait_completed(q("select message_id from signalbox.dispatch('o', 'a new lane', priority => 12)"));
	assert_true(doctor_says(W.direct, "^FAIL *chores .*forget has not gone well .*no chore today"));
	q("update signalbox.chores set well_at = well_at - interval '3 min' where name = 'forget'");
	assert_string_equal(alert_level("chore"), "WARN");
	q("drop trigger fails on signalbox.starts");
	wait_for("select error from signalbox.chores where name = 'forget'", "(null)", 0);
	assert_string_equal(alert_level("chore"), "none");
}

/* As if the clock of the server had been set: all that is written lies so much further away. */
static void clock_set_by(const char *by)
{
	q("lock table signalbox.lock_tick, signalbox.lock_tend in exclusive mode"); /* nobody else writes these meanwhile */
	q("update signalbox.workers set lease_until = lease_until - '%s'::interval, renewed_at = renewed_at - '%s'::interval", by,
	  by);
	q("update signalbox.queue set deadline = deadline - '%s'::interval, run_after = run_after - '%s'::interval", by, by);
	q("update signalbox.lanes set blocked_until = blocked_until - '%s'::interval", by);
	q("update signalbox.chores set done_at = done_at - '%s'::interval, well_at = well_at - '%s'::interval", by, by);
	q("update signalbox.breakers set until = until - '%s'::interval, changed_at = changed_at - '%s'::interval", by, by);
	q("update signalbox.rolled_upto set minute = date_trunc('minute', minute - '%s'::interval)", by);
	q("update signalbox.stats_minute set minute = minute - '%s'::interval", by);
	q("update signalbox.ai_costs set created_at = created_at - '%s'::interval", by);
}

static void test_the_clock_is_set_forward(void **state)
{
	(void)state;
	q("update signalbox.chores set done_at = '-infinity'"); /* as when there never was a tick */
	worker(QUICK, NULL);
	const char *m = say("o", "[[slow=1500]] forward");
	wait_for(state_sql(m), "processing", 0);
	q("begin");
	clock_set_by("1 day");
	q("select signalbox.tick()"); /* another worker's, before this one has renewed its lease */
	q("commit");
	wait_completed(m);
	EXPECT("completed 1",
	       "select string_agg(outcome, ' ') || ' ' || (select count(*) from signalbox.workers) from signalbox.attempts");
	assert_int_equal(provider_calls("forward"), 1);
}

static void test_the_clock_is_set_back(void **state)
{
	(void)state;
	worker(QUICK, NULL);
	wait_completed(say("o", "spent"));
	q("update signalbox.rolled_upto set minute = date_trunc('minute', clock_timestamp() + interval '1 min')");
	q("insert into signalbox.stats_day select date_trunc('day', minute, 'UTC'), agent_id, sum(completed), 0, 0, 0, 0, 0, 0, 0 from signalbox.stats_minute group by 1, 2");
	q("update signalbox.lanes set blocked_until = clock_timestamp() + interval '2 s'");
	q("insert into signalbox.breakers (provider, state, until, reason) values ('o', 'parked', clock_timestamp() + interval '2 s', 'rate_limited')");
	q("select signalbox.worker_hello('00000000-0000-4000-8000-000000000009', 'dead', '0', 8, null, '60 s')");
	q("select signalbox.pause_agent('a', 'test')");
	const char *first = say("a", "first");
	const char *rests = q("select message_id from signalbox.dispatch('a', 'rests', session => '%s')", session_of(first));
	q("update signalbox.queue set run_after = clock_timestamp() + interval '1 s' where state = 'blocked'");
	q("begin");
	clock_set_by("-1 day");
	q("commit");
	q("select signalbox.resume_agent('a', 'test')");
	wait_completed(rests);
	wait_completed(say("o", "after two seconds"));
	others_go_on();
	wait_for(
		"select bool_and(done_at between clock_timestamp() - interval '10 s' and clock_timestamp()) from signalbox.chores where name <> 'fold'",
		"t", 0);
	EXPECT("t", "select max(lease_until) < clock_timestamp() + interval '1 hour' from signalbox.workers");
	/* The day has given back what lies ahead: it is counted when its minutes are over. */
	wait_for("select minute < clock_timestamp() from signalbox.rolled_upto", "t", 0);
	EXPECT("0", "select sum(completed) from signalbox.stats_day");
}

/* ---------------------------------------------------------------- what gets lost on the way */

/* An answer to a renewal that nobody got: the jobs to stop are told until their records come. */
static void test_a_lost_renewal(void **state)
{
	(void)state;
	q("select signalbox.worker_hello('00000000-0000-4000-8000-000000000001', 'w', '0', 8, null, '60 s')");
	const char *m = say("o", "cancelled");
	const char *job = q("select job_id from signalbox.claim('00000000-0000-4000-8000-000000000001', 1, '60 s')");
	q("select signalbox.cancel('%s', 'test')", m);
	for (int i = 0; i < 3; i++)
		EXPECT(text("{%s}", job),
		       "select stop from signalbox.worker_renew('00000000-0000-4000-8000-000000000001', '60 s', false)");
	q("select * from signalbox.settle_batch('00000000-0000-4000-8000-000000000001', "
	  "json_build_array(json_build_object('message_id', (select id from signalbox.ai_messages where uuid = '%s'), 'job_id', '%s', 'outcome', 'gone')), 3, '1 s', true)",
	  m, job);
	EXPECT("{}", "select stop from signalbox.worker_renew('00000000-0000-4000-8000-000000000001', '60 s', false)");
}

/* A flush that fails, and one whose answer is lost: what a watcher has read together is the answer. */
static void test_a_lost_flush(void **state)
{
	(void)state;
	worker(QUICK, NULL);
	const char *m = say("o", "[[rate=20 words=100]] watched");
	q("select signalbox.watch('%s')", m);
	wait_for("select count(*) > 1 from signalbox.message_stream", "t", 0);
	q("drop sequence if exists public.tries");
	q("create sequence public.tries");
	q("grant usage on public.tries to public");
	q("create or replace function public.flush() returns trigger language plpgsql as $$ begin perform nextval('public.tries'); raise exception 'lost'; end $$");
	q("create trigger flush before insert on signalbox.message_stream for each row execute function public.flush()");
	wait_for("select last_value > 1 from public.tries", "t", 0);
	q("drop trigger flush on signalbox.message_stream");
	/* As if the answer to a flush had not come: the database has more than the worker knows. */
	wait_for("select count(*) > 4 from signalbox.message_stream", "t", 0);
	q("select p.* from signalbox.queue q cross join lateral (select sum(octet_length(text))::int as n from signalbox.message_stream) s "
	  "cross join lateral signalbox.stream_write(array[q.message_id], array[q.job_id], array[s.n], array[' ahead']) p where q.state = 'running'");
	EXPECT("t",
	       "select bool_and(at_byte = before) from (select at_byte, coalesce(sum(octet_length(text)) over (order by at_byte rows between unbounded preceding and 1 preceding), 0) as before "
	       "from signalbox.message_stream) x");
	q("delete from signalbox.message_stream where text = ' ahead'");
	/* As if a crash had taken a piece that was not on the disk yet: it is written again. */
	const char *before = q("select sum(octet_length(text)) from signalbox.message_stream");
	q("delete from signalbox.message_stream where at_byte = (select max(at_byte) from signalbox.message_stream)");
	wait_for(text("select sum(octet_length(text)) > %s + 40 from signalbox.message_stream", before), "t", 0);
	/* Who has read of another attempt begins anew. */
	EXPECT("0", "select at_byte from signalbox.stream_text('%s', '00000000-0000-4000-8000-000000000001', 20)", m);
	char seen[8000] = "";
	for (int64_t until = 0; again(&until, 20) && strcmp(status_of(m), "processing") == 0;) {
		const char *more = q(
			"select coalesce((select text from signalbox.stream_text('%s', (select job_id from signalbox.ai_messages where uuid = '%s'), %zu)), '')",
			m, m, strlen(seen));
		snprintf(seen + strlen(seen), sizeof seen - strlen(seen), "%s", more);
	}
	wait_completed(m);
	const char *whole = q("select content from signalbox.ai_messages where uuid = '%s'", m);
	assert_true(strlen(seen) > strlen(whole) / 2);
	assert_memory_equal(seen, whole, strlen(seen));
}

/* ---------------------------------------------------------------- defaults of others, sizes, signals */

static void test_serializable_by_default(void **state)
{
	(void)state;
	q("alter database signalbox set default_transaction_isolation = 'serializable'");
	q("alter database signalbox set standard_conforming_strings = off");
	worker(QUICK, NULL);
	/* An application's transactions are what it wants: some have to begin again, and what is accepted is answered. */
	int taken = 0, refused = 0;
	struct pg *app[4];
	for (size_t i = 0; i < ARRAY_SIZE(app); i++) {
		app[i] = connect_again(NULL);
		q_on(app[i], "set default_transaction_isolation = 'serializable'");
		q_on(app[i], "set standard_conforming_strings = off");
		q_on(app[i], "begin");
		q_on(app[i], "select 1");
	}
	for (size_t i = 0; i < ARRAY_SIZE(app); i++)
		q_on(app[i], "select * from signalbox.dispatch('o', 'serial', user_id => 'u%zu', thread_key => 't')", i);
	for (size_t i = 0; i < ARRAY_SIZE(app); i++) {
		struct err err;
		if (pg_exec(app[i], &W.arena, "commit", NULL, 0, 5000, NULL, &err) == 0)
			taken++;
		else if (err.code == ERR_DB_CONFLICT)
			refused++;
		pg_close(app[i]);
	}
	assert_int_equal(taken + refused, 4);
	assert_true(taken > 0);
	wait_for("select count(*) from signalbox.ai_messages where processing_status = 'completed' and role = 'assistant'",
	         text("%d", taken), 5);
	for (int i = 0; i < 3; i++)
		assert_int_equal(run(bin("signalbox"), "send", "o", "from the command line", "--wait", NULL), 0);
	assert_int_equal(run(bin("signalbox"), "queue", "--filter", "text:a\\b", NULL), 0);
	/* What was ended at our cost is asked for again; where it always is, that is no database out of reach. */
	q("drop sequence if exists public.conflicts");
	q("create sequence public.conflicts");
	q("grant usage on public.conflicts to public");
	q("create or replace function public.conflict() returns trigger language plpgsql as $$ begin if nextval('public.conflicts') < 3 or new.actor = 'always' then "
	  "raise exception 'a deadlock' using errcode = '40P01'; end if; return new; end $$");
	q("create trigger conflict before insert on signalbox.operator_log for each row execute function public.conflict()");
	assert_int_equal(run(bin("signalbox"), "pause", "o", NULL), 0);
	EXPECT("3", "select last_value from public.conflicts");
	assert_int_equal(run(bin("signalbox"), "resume", "o", "--operator", "always", NULL), 1);
	q("drop trigger conflict on signalbox.operator_log");
	q("alter database signalbox reset default_transaction_isolation");
	q("alter database signalbox reset standard_conforming_strings");
}

static void test_sizes(void **state)
{
	(void)state;
	EXPECT_ERR(ERR_BAD_INPUT, "select signalbox.dispatch('o', repeat('x', 200000000))");
	assert_non_null(strstr(q_error(), "is 200000000 bytes"));
	EXPECT_ERR(ERR_BAD_INPUT, "select signalbox.dispatch('o', repeat(' ', 1000))");
}

/* A backend that is stopped while much is sent to it: the deadline holds for the sending too. */
static void test_a_stopped_backend(void **state)
{
	(void)state;
	struct pg *pg = connect_again(NULL);
	pid_t backend = (pid_t)atoi(q_on(pg, "select pg_backend_pid()"));
	char *much = malloc(16u << 20);
	assert_non_null(much);
	memset(much, 'x', (16u << 20) - 1);
	much[(16u << 20) - 1] = '\0';
	send_signal(backend, SIGSTOP);
	struct err err;
	const char *params[] = { much };
	assert_int_equal(pg_exec(pg, &W.arena, "select length($1)", params, 1, 1000, NULL, &err), -1);
	assert_int_equal(err.code, ERR_DB_DOWN);
	send_signal(backend, SIGCONT);
	assert_true(pg_is_broken(pg));
	pg_close(pg);
	free(much);
}

/* A notification that came with the answer to LISTEN itself is not lost. */
static void test_listen_at_the_start(void **state)
{
	(void)state;
	if (W.is_pooled)
		skip();
	pid_t w = worker(QUICK, NULL);
	wait_for("select bool_and(renewed_at > started_at + interval '5 s') from signalbox.workers", "t", 15);
	assert_false(worker_said(w, "LISTEN brings nothing"));
	assert_false(worker_said(w, "polling"));
}

static void test_signals(void **state)
{
	(void)state;
	static const int SIGNALS[] = { SIGHUP, SIGUSR1, SIGUSR2, SIGPIPE };
	pid_t w = worker(QUICK, NULL);
	wait_completed(say("o", "first"));
	for (size_t i = 0; i < ARRAY_SIZE(SIGNALS); i++)
		send_signal(w, SIGNALS[i]);
	wait_worker_said(w, "hangup: keys are read anew", 0);
	wait_completed(say("o", "afterwards"));
	send_signal(w, SIGTERM);
	assert_int_equal(wait_exit(w, DEADLINE), 0);
#ifndef SAN /* a sanitizer needs files of its own */
	assert_int_equal(run("/bin/sh", "-c",
	                     text("ulimit -n 12; '%s' 2>&1 | grep 'at most 12 open files'", bin("signalbox-worker")), NULL),
	                 0);
#endif
}

#define T(name) cmocka_unit_test_setup_teardown(name, scene_up, scene_down)
int main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_forgotten_commit),
		T(test_frozen_backend),
		T(test_a_slow_commit),
		T(test_a_kept_record_holds_its_place),
		T(test_kept_past_the_deadline),
		T(test_every_name_is_locked),
		T(test_direct_writer),
		T(test_operators_transactions),
		T(test_weather_is_no_fault_of_the_record),
		T(test_bad_records),
		T(test_a_chore_fails),
		T(test_the_clock_is_set_forward),
		T(test_the_clock_is_set_back),
		T(test_a_lost_renewal),
		T(test_a_lost_flush),
		T(test_serializable_by_default),
		T(test_sizes),
		T(test_a_stopped_backend),
		T(test_listen_at_the_start),
		T(test_signals),
	};
	return world_end(cmocka_run_group_tests_name("strangers", tests, world_up, world_down));
}
