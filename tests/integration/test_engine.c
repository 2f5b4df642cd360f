/*
 * The engine's care for the whole queue: positions where thousands wait equal the order in which claims really take them, everything can be
 * paused, the cursors of lanes never leave a message behind, what ended long ago can be deleted, and whoever holds the horizon is named.
 */
#include "tests/lib/harness/harness.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define W1 "00000000-0000-0000-0000-000000000001"

static void hello(void)
{
	q("select signalbox.worker_hello('" W1 "', 'one', 'test', 100000, null, '1 hour')");
}

/* n messages of one agent, each in a session of its own, or in sessions of `deep` messages; straight into the tables, as an import would. */
static void fill(const char *agent, int n, int deep, int priority)
{
	q("with a as (select id from signalbox.agents where slug = '%s'), "
	  "s as (insert into signalbox.ai_sessions (agent_id, message_count) select a.id, %d from a, generate_series(1, %d) returning id, agent_id), "
	  "m as (insert into signalbox.ai_messages (session_id, role, processing_status, queued_at, priority) "
	  "      select s.id, 'assistant', 'queued', clock_timestamp(), %d from generate_series(1, %d) j, s order by j, s.id returning id, session_id) "
	  "select count(*) from m",
	  agent, deep, n / deep, priority, deep);
}

static void prepare(void)
{
	/* The superuser writes as an import does: the triggers keep the queue in step. */
	hello();
	q("select signalbox.tend()");
}

static void again_tend(void)
{
	q("update signalbox.chores set done_at = '-infinity'");
	q("update signalbox.lane_maps set made_at = '-infinity'");
	q("select signalbox.tend()");
}

/* Every 97th waiting message: its position, and when claims of one would take it. */
static void positions_are_the_order_of_service(void)
{
	EXPECT("(null)",
	       "with o as (select message_id, place from signalbox.service_order(1000000)) "
	       "select string_agg(o.place || ' is ' || signalbox.queue_position(m.uuid), ', ') from o join signalbox.ai_messages m "
	       "on m.id = o.message_id where o.place %% 97 = 1 and signalbox.queue_position(m.uuid) <> o.place");
}

static void test_positions_far_back(void **state)
{
	(void)state;
	prepare();
	fill("o", 3000, 1, 0);
	fill("o", 1500, 1, 5);
	fill("a", 2600, 2, 0);
	again_tend();
	EXPECT("t", "select count(*) > 2 from signalbox.lane_maps");
	positions_are_the_order_of_service();
	/* The front moves on; the maps are older than that. */
	q("select count(*) from signalbox.claim('" W1 "', 900, '60 s')");
	q("select count(*) from signalbox.settle('" W1
	  "', (select json_agg(json_build_object('message_id', message_id, 'job_id', job_id, 'outcome', "
	  "'completed', 'content', 'x')) from signalbox.queue where state = 'running'), 3, '30 s')");
	EXPECT("900", "select count(*) from signalbox.ai_messages where processing_status = 'completed'");
	EXPECT("(null)",
	       "select string_agg(x.n || ' is ' || x.place, ', ') from (select row_number() over (partition by q.agent_id "
	       "order by q.rank, q.seq, q.message_id) as n, signalbox.place_in_agent(q) as place from signalbox.queue q) x where x.n <> x.place");
	again_tend();
	positions_are_the_order_of_service();
}

static void test_order_is_what_claims_take(void **state)
{
	(void)state;
	prepare();
	fill("o", 40, 1, 0);
	fill("a", 60, 3, 0);
	fill("o", 10, 1, 7);
	again_tend(); /* opens the lane of 7 */
	q("create temp table expected as select message_id, place from signalbox.service_order(1000) where message_id in "
	  "(select message_id from signalbox.queue where state = 'ready')");
	q("create temp table taken (message_id bigint, n serial)");
	for (int i = 0; i < 70; i++) /* nothing settles, so the blocked ones stay where they are */
		q("insert into taken (message_id) select message_id from signalbox.claim('" W1 "', 1, '60 s')");
	EXPECT("70 0", "select count(*) || ' ' || count(*) filter (where e.rank <> t.n) from taken t join "
	               "(select message_id, row_number() over (order by place) as rank from expected) e using (message_id)");
	q("drop table expected, taken");
}

static void test_many_agents(void **state)
{
	(void)state;
	prepare();
	q("select signalbox.agent_set('n' || i, '{\"provider\": \"o\", \"model\": \"practice\"}', 'test') from generate_series(1, 80) i");
	for (int i = 1; i <= 80; i++)
		fill(text("n%d", i), 5 + i % 7 * 40, 1, i % 3);
	again_tend();
	positions_are_the_order_of_service();
	q("select count(*) from signalbox.claim('" W1 "', 33, '60 s')"); /* the circle begins elsewhere now */
	again_tend();
	positions_are_the_order_of_service();
}

static void test_cursors_leave_nothing(void **state)
{
	(void)state;
	prepare();
	fill("o", 300, 3, 0);
	/* A cursor far ahead, as after an hour of traffic: what comes back to an old place must lower it. */
	q("update signalbox.lane_cursors set low_seq = 1000000000, low_waiting = 1000000000");
	EXPECT("0", "select count(*) from signalbox.claim('" W1 "', 10, '60 s')");
	again_tend(); /* the sweep */
	EXPECT("10", "select count(*) from signalbox.claim('" W1 "', 10, '60 s')");
	q("update signalbox.lane_cursors set low_seq = 1000000000, low_waiting = 1000000000");
	q("select count(*) from signalbox.settle('" W1
	  "', (select json_agg(json_build_object('message_id', message_id, 'job_id', job_id, 'outcome', "
	  "'released')) from signalbox.queue where state = 'running'), 3, '30 s')");
	EXPECT("10", "select count(*) from signalbox.claim('" W1 "', 10, '60 s')"); /* without a sweep */
	/* A lane that nobody opened. */
	q("delete from signalbox.lane_cursors");
	EXPECT("0", "select count(*) from signalbox.claim('" W1 "', 10, '60 s')");
	again_tend();
	EXPECT("10", "select count(*) from signalbox.claim('" W1 "', 10, '60 s')");
}

static void test_pause_all(void **state)
{
	(void)state;
	prepare();
	const char *m = say("o", "waits");
	assert_int_equal(run(bin("signalbox"), "pause", "--all", "deploy 1.4", NULL), 0);
	EXPECT("0", "select count(*) from signalbox.claim('" W1 "', 10, '60 s')");
	EXPECT("paused", "select signalbox.message_status('%s') ->> 'waits_for'", m);
	EXPECT("(null)", "select signalbox.message_status('%s') ->> 'eta_seconds'", m);
	EXPECT("PAUSED deploy 1.4", "select state || ' ' || pause_reason from signalbox.agents_page() where slug = 'o'");
	EXPECT("t", "select signalbox.queue_status() ->> 'alerts' like '%%everything paused by%%deploy 1.4%%'");
	assert_int_equal(run(bin("signalbox"), "pause", "a", NULL), 0);
	assert_int_equal(run(bin("signalbox"), "resume", "--all", NULL), 0);
	EXPECT("1", "select count(*) from signalbox.claim('" W1 "', 10, '60 s')");
	say("a", "stays paused by name");
	EXPECT("0", "select count(*) from signalbox.claim('" W1 "', 10, '60 s')");
	EXPECT("pause_all resume_all",
	       "select string_agg(action, ' ' order by id) from signalbox.operator_log where action like '%%_all'");
	assert_int_equal(run(bin("signalbox"), "pause", NULL), 2);
	assert_int_equal(run(bin("signalbox"), "pause", "--all", "reason", "too many", NULL), 2);
}

static void test_prune(void **state)
{
	(void)state;
	prepare();
	for (int i = 0; i < 6; i++)
		say_in("o", text("t%d", i % 3), text("number %d", i));
	for (int round = 0; round < 2; round++)
		q("select count(*) from signalbox.settle('" W1
		  "', (select json_agg(json_build_object('message_id', message_id, 'job_id', job_id, "
		  "'outcome', case when message_id %% 3 = 0 then 'error' else 'completed' end, 'is_permanent', true, 'error_class', 'auth', 'error', 'x', "
		  "'content', 'x', 'was_called', true, 'provider', 'o', 'model', 'gpt-4o', 'tokens_prompt', 1, 'tokens_completion', 1)) "
		  "from signalbox.claim('" W1 "', 10, '60 s')), 3, '30 s')");
	const char *waiting = say_in("o", "t0", "young and waiting");
	EXPECT("t",
	       "select count(*) filter (where processing_status = 'failed') > 0 and count(*) filter (where processing_status = 'completed' "
	       "and role = 'assistant') > 2 from signalbox.ai_messages");
	assert_int_equal(run(bin("signalbox"), "prune", "--older-than", "1d", "--yes", NULL), 0);
	EXPECT("14", "select count(*) from signalbox.ai_messages"); /* nothing is that old */
	q("update signalbox.ai_messages set created_at = created_at - interval '2 days', processing_completed_at = processing_completed_at - interval '2 days' "
	  "where processing_status in ('completed', 'failed') and id < (select id - 1 from signalbox.ai_messages where uuid = '%s')",
	  waiting);
	q("update signalbox.ai_sessions set created_at = created_at - interval '2 days'");
	assert_int_equal(run(bin("signalbox"), "prune", "--older-than", "1d", NULL), 5); /* only says */
	EXPECT("14", "select count(*) from signalbox.ai_messages");
	assert_int_equal(run(bin("signalbox"), "prune", "--older-than", "1d", "--batch", "3", "--yes", NULL), 0);
	EXPECT("0", "select count(*) from signalbox.ai_messages where role = 'assistant' and processing_status = 'completed'");
	EXPECT("t", "select count(*) > 0 from signalbox.ai_messages where processing_status = 'failed'");
	EXPECT("queued", "select processing_status from signalbox.ai_messages where uuid = '%s'", waiting);
	EXPECT("0",
	       "select count(*) from signalbox.ai_sessions s where message_count <> (select count(*) from signalbox.ai_messages m where m.session_id = s.id)");
	EXPECT("6", "select count(*) from signalbox.ai_costs");
	assert_int_equal(run(bin("signalbox"), "prune", "--older-than", "1d", "--failed", "--yes", NULL), 0);
	EXPECT("2", "select count(*) from signalbox.ai_messages");
	EXPECT("1", "select count(*) from signalbox.queue");
	EXPECT("0", "select count(*) from signalbox.attempts");
	assert_int_equal(run(bin("signalbox"), "prune", "--older-than", "1s", "--yes", NULL), 2);
}

static void test_doctor_names_the_holder(void **state)
{
	(void)state;
	struct pg *holder = connect_again(NULL);
	q_on(holder, "set application_name = 'somebody''s report'");
	q_on(holder, "begin isolation level repeatable read");
	q_on(holder, "select 1");
	const char *pid = q_on(holder, "select pg_backend_pid()");
	run(bin("signalbox"), "doctor", "--json", NULL);
	char *said = NULL;
	size_t room = 0;
	FILE *f = fopen(text("%s/run.log", W.dir), "r");
	bool named = false;
	while (getline(&said, &room, f) > 0)
		named |= strstr(said, text("pid %s (somebody's report", pid)) != NULL;
	free(said);
	fclose(f);
	assert_true(named);
	pg_close(holder);
}

static void test_days_add_up(void **state)
{
	(void)state;
	prepare();
	for (int i = 0; i < 4; i++)
		say("o", "x");
	q("select count(*) from signalbox.settle('" W1
	  "', (select json_agg(json_build_object('message_id', message_id, 'job_id', job_id, "
	  "'outcome', 'completed', 'content', 'x')) from signalbox.claim('" W1 "', 10, '60 s')), 3, '30 s')");
	EXPECT("4", "select signalbox.queue_status() ->> 'completed_today'");
	/* As if an hour had passed: the minute is rolled into its day, and counted once. */
	q("update signalbox.rolled_upto set minute = date_trunc('day', now(), 'UTC')");
	q("update signalbox.stats_minute set minute = greatest(minute - interval '10 min', date_trunc('day', now(), 'UTC'))");
	again_tend();
	again_tend();
	EXPECT("4", "select signalbox.queue_status() ->> 'completed_today'");
}

/* The life of one message, in the statements that workers and applications keep planned. */
static void one_life(void)
{
	q("create temp table life as select c.* from signalbox.dispatch('o', 'a life') d, lateral signalbox.claim('" W1
	  "', 1, '60 s') c");
	q("select count(*) from signalbox.contexts('" W1
	  "', array(select message_id from life), array(select job_id from life), true)");
	EXPECT("kept",
	       "select result from signalbox.settle_batch('" W1
	       "', (select json_agg(json_build_object('message_id', message_id, 'job_id', job_id, 'outcome', 'completed', 'content', 'x', "
	       "'was_called', true, 'provider', 'o', 'model', 'gpt-4o', 'tokens_prompt', 1, 'tokens_completion', 1, "
	       "'chain', json_build_array(json_build_object('call', 1, 'was_called', true, 'provider', 'o', 'model', 'gpt-4o')), 'n_calls', 2)) from life), 3, '30 s', true)");
	q("drop table life");
}

/* What applications and operators do with a message that waits, and with the next one of its session. */
static void one_wait(void)
{
	q("create temp table life as select message_id from signalbox.dispatch('o', 'waits', user_id => 'u', thread_key => 't')");
	q("create temp table next as select message_id from signalbox.dispatch('o', 'the next', user_id => 'u', thread_key => 't')");
	q("select signalbox.message_status(message_id), signalbox.queue_position(message_id), signalbox.watch(message_id), "
	  "signalbox.message_uuid(message_id::text) from life");
	q("select count(*) from life, signalbox.stream_text(message_id, null, 0)");
	q("select signalbox.cancel(message_id, 'test') from life");
	q("select signalbox.retry(message_id, 'test') from life");
	q("select signalbox.cancel(message_id, 'test') from life");
	q("select signalbox.cancel(message_id, 'test') from next");
	q("drop table life, next");
}

#define READ "(coalesce(idx_tup_fetch, 0) + seq_tup_read)"
/* A program that is started on the day of the installation has planned its statements for tables of one page. Thousands of messages later each must
 * still look up what it needs, and not read through a table or an index. */
static void reads_little(void (*life)(void))
{
	static const char *const TABLES[] = { "ai_messages", "ai_sessions", "queue", "attempts", "ai_costs" };
	prepare();
	life();
	for (size_t i = 0; i < ARRAY_SIZE(TABLES); i++) {
		q("alter table signalbox.%s set (autovacuum_enabled = false)", TABLES[i]); /* it would plan anew */
		q("vacuum analyze signalbox.%s", TABLES[i]);
	}
	for (int i = 0; i < 8; i++)
		life();
	q("select signalbox.pause_agent('a', 'test', 'so that o is next')");
	fill("a", 5000, 1, 0);
	q("begin");
	q("create temp table before as select relname, " READ
	  " as n from pg_stat_xact_user_tables where schemaname = 'signalbox'");
	life();
	EXPECT("(null)", "select string_agg(relname || ' ' || " READ
	                 " - b.n, ', ') from pg_stat_xact_user_tables x join before b using (relname) "
	                 "where x.schemaname = 'signalbox' and " READ " - b.n > 200");
	q("drop table before");
	q("commit");
}

static void test_plans_of_the_first_day(void **state)
{
	(void)state;
	reads_little(one_life);
}

static void test_what_is_asked_of_it(void **state)
{
	(void)state;
	reads_little(one_wait);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, scene_up, scene_down)
	const struct CMUnitTest tests[] = {
		T(test_positions_far_back),
		T(test_order_is_what_claims_take),
		T(test_many_agents),
		T(test_cursors_leave_nothing),
		T(test_pause_all),
		T(test_prune),
		T(test_doctor_names_the_holder),
		T(test_days_add_up),
		T(test_plans_of_the_first_day),
		T(test_what_is_asked_of_it),
	};
	return world_end(cmocka_run_group_tests(tests, world_up, world_down));
}
