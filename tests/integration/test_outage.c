/*
 * Why: a provider that is away for an hour must cost a message nothing but the time: no tries, no storm of calls when it is still down, no hour
 * more
 * when it is back. Two real workers share what they learn of it; an operator, a restart of the database and changed chains come in between.
 */
#include <stdlib.h>

#include "tests/lib/harness/harness.h"

#define QUICK                                                                                                                   \
	"--lease", "2s", "--poll", "100ms", "--backoff", "100ms", "--retries", "3", "--retry-wait", "20ms", "--patience", "1s", \
		"--concurrency", "16"

static const char COMPLETED[] =
	"select count(*) from signalbox.ai_messages where role = 'assistant' and processing_status = 'completed'";

static int outage_up(void **state)
{
	scene_up(state);
	provider("down", "openai");
	provider("spare", "anthropic");
	q("select signalbox.agent_set('alone', '{\"provider\": \"down\", \"model\": \"m\"}', 'test'), "
	  "signalbox.agent_set('c', '{\"provider\": \"down\", \"model\": \"m\", \"chain\": \"spare:m2\"}', 'test')");
	forget_log();
	return 0;
}

static void say_many(const char *agent, int n, const char *words)
{
	q("select count(*) from generate_series(1, %d) i, signalbox.dispatch('%s', '%s-' || i || '.')", n, agent, words);
}

static void completed(int n)
{
	wait_for(COMPLETED, text("%d", n), 20);
}

static int asked(const char *name)
{
	load_log();
	return atoi(q("select count(*) from public.asked where name = '%s'", name));
}

static void wait_state(const char *state)
{
	wait_for("select coalesce(string_agg(state, ' '), 'none') from signalbox.breakers where provider = 'down'", state, 0);
}

static const char *events(void)
{
	return q("select string_agg(event, ' ' order by id) from signalbox.breaker_events where provider = 'down'");
}

static void let_time_pass(void)
{
	q("update signalbox.breakers set until = now() - interval '1 s'");
}

static void test_the_next_answers(void **state)
{
	(void)state;
	worker(QUICK, NULL);
	worker(QUICK, NULL);
	meets("down", "overloaded");
	say_many("c", 200, "outage");
	completed(200);
	assert_string_equal(events(), "opened");
	EXPECT("spare 200",
	       "select string_agg(provider || ' ' || n, ',') from (select provider, count(*) as n from signalbox.attempts group by 1) x");
	load_log();
	/* What was on its way when it opened; the other worker hears of it with its next report, a second later at most. */
	EXPECT("0",
	       "select count(*) from public.asked where name = 'down' and at > (select min(at) + interval '2 s' from signalbox.breaker_events)");
	int calls = asked("down");
	assert_in_range(calls, 5, 2 * 16 * 2);

	for (int i = 1; i <= 2; i++) {
		let_time_pass();
		say_many("c", 50, text("still down %d", i));
		completed(200 + 50 * i);
		wait_for("select count(*) from signalbox.breakers where until > now() + interval '30 s' and probe_job is null",
		         "1", 0);
		assert_int_equal(asked("down"), calls + i);
	}
	meets("down", "");
	let_time_pass();
	say_many("c", 20, "back");
	completed(320);
	wait_state("closed");
	say_many("c", 20, "after");
	completed(340);
	assert_string_equal(events(), "opened probe probe probe closed");
	EXPECT("down",
	       "select string_agg(distinct provider, ' ') from signalbox.attempts a join signalbox.ai_messages m on m.id = a.message_id "
	       "where m.content like '%%after%%'");
}

static const char PROBES[] =
	"select count(distinct a.message_id) || ' ' || bool_and(q.run_after > now() + interval '2 min') from signalbox.attempts a "
	"join signalbox.queue q using (message_id), jsonb_array_elements(a.chain) x where x ? 'is_probe'";

/* A chain of one: nobody else may answer, so all wait. Being the probe is no message's own fault, however often, and they take turns at it: it may
 * be
 * the first that no provider can bear. */
static void test_alone_they_wait(void **state)
{
	(void)state;
	worker(QUICK, NULL);
	worker(QUICK, NULL);
	meets("down", "overloaded");
	say_many("alone", 2, "outage");
	wait_state("open");
	wait_for("select count(*) from signalbox.running", "0", 0);
	const char *errors = q("select sum(errors) from signalbox.queue");
	for (int i = 1; i <= 5; i++) {
		int calls = asked("down");
		if (i == 3)
			EXPECT("2 true", PROBES);
		if (i >= 3)
			q("update signalbox.queue set run_after = now() where state = 'delayed'");
		let_time_pass();
		wait_for("select count(*) from signalbox.breaker_events where event = 'probe'", text("%d", i), 0);
		wait_for("select count(*) from signalbox.breakers where until > now() + interval '30 s' and probe_job is null",
		         "1", 0);
		wait_for("select count(*) from signalbox.running", "0", 0);
		assert_int_equal(asked("down"), calls + 1);
	}
	EXPECT(errors, "select sum(errors) from signalbox.queue");
	EXPECT("queued 2",
	       "select string_agg(s || ' ' || n, ',') from (select processing_status as s, count(*) as n from signalbox.ai_messages "
	       "where role = 'assistant' group by 1) x");
	q("update signalbox.queue set run_after = now() where state = 'delayed'");
	wait_for("select string_agg(distinct signalbox.waits_for(q), ' ') from signalbox.queue q", "breaker", 0);
	meets("down", "");
	let_time_pass();
	completed(2);
	EXPECT("0", "select count(*) from signalbox.attempts where outcome = 'failed'");
}

/* An operator who knows better is heard at once, by messages that wait and by workers that believe otherwise. */
static void test_an_operator_frees_it(void **state)
{
	(void)state;
	worker(QUICK, NULL);
	say("alone", "this worker has reported");
	completed(1);
	q("select signalbox.provider_set('down', '{\"breaker\": \"open\"}', 'test')");
	const char *m = say("c", "news of the breaker come with its report");
	wait_for(text("select processing_status from signalbox.ai_messages where uuid = '%s'", m), "completed", 0);
	say("alone", "waits");
	wait_for("select signalbox.waits_for(q) from signalbox.queue q", "breaker", 0);
	q("select signalbox.provider_set('down', '{\"breaker\": \"auto\"}', 'test')");
	wait_for(COMPLETED, "3", 5);

	meets("down", "status=429 retry_after=80000");
	say("alone", "parked for a day");
	wait_state("closed parked"); /* the first is the operator's */
	wait_for("select count(*) from signalbox.running", "0", 0);
	meets("down", "");
	q("select signalbox.provider_set('down', '{\"breaker\": \"auto\"}', 'test')");
	wait_for(COMPLETED, "4", 8);
}

/* A limit that was said to hold for a day holds for that provider, not for the agent whose chain is mended. */
static void test_a_mended_chain(void **state)
{
	(void)state;
	worker(QUICK, NULL);
	meets("down", "status=429 retry_after=80000");
	say("alone", "x");
	wait_state("parked");
	wait_for("select count(*) from signalbox.running", "0", 0);
	q("select signalbox.agent_set('alone', '{\"chain\": \"spare:m2\"}', 'test')");
	wait_for(COMPLETED, "1", 8);
}

/* The shortest wait counts, and who did not say one asks for little. */
static void test_the_shortest_wait(void **state)
{
	(void)state;
	worker(QUICK, "--retries", "0", "--patience", "60s", NULL);
	meets("down", "status=429");
	meets("spare", "status=429 retry_after=50");
	say("c", "x");
	wait_for("select count(*) from signalbox.attempts where outcome = 'rate_limited'", "1", 0);
	meets("down", "");
	completed(1);
}

static void test_database_restart(void **state)
{
	(void)state;
	worker(QUICK, NULL);
	worker(QUICK, NULL);
	meets("down", "overloaded");
	say_many("alone", 10, "outage");
	wait_state("open");
	wait_for("select count(*) from signalbox.running", "0", 0);
	q("checkpoint"); /* what is told of breakers is not waited for on the disk */
	database("stop", "immediate");
	database("start", NULL);
	wait_state("open");
	int calls = asked("down");
	let_time_pass();
	wait_for("select count(*) from signalbox.breakers where until > now() + interval '30 s' and probe_job is null", "1", 20);
	wait_for("select count(*) from signalbox.running", "0", 0);
	assert_int_equal(asked("down"), calls + 1);
	meets("down", "");
	EXPECT("1",
	       "select count(*) from signalbox.queue where state = 'delayed' and run_after > now() + interval '1 min'"); /* the probe rests */
	let_time_pass();
	completed(10); /* that one too: when another closed the breaker its rest was over */
}

/* A worker dies with the probe in its hands: the next one comes when the first could not be under way any more. */
static void test_probe_dies(void **state)
{
	(void)state;
	pid_t first = worker(QUICK, NULL);
	meets("down", "overloaded");
	say_many("alone", 6, "outage");
	wait_state("open");
	wait_for("select count(*) from signalbox.running", "0", 0);
	meets("down", "hang");
	let_time_pass();
	wait_for("select count(*) from signalbox.breakers where probe_job is not null", "1", 0);
	kill_now(first);
	meets("down", "");
	worker(QUICK, NULL);
	wait_for("select count(*) from signalbox.running", "0", 0); /* the lease is over */
	q("update signalbox.breakers set probe_until = now() - interval '1 s'");
	completed(6);
	wait_state("closed");
}

static void test_changed_while_they_run(void **state)
{
	(void)state;
	worker(QUICK, NULL);
	worker(QUICK, NULL);
	say_many("c", 100, "[[slow=100]] changed");
	for (int i = 0; i < 10; i++) {
		q("select signalbox.agent_set('c', '{\"chain\": %s}', 'test')", i % 2 == 0 ? "null" : "\"spare:m2 a:practice\"");
		q("select signalbox.provider_set('down', '{\"breaker\": \"%s\"}', 'test')", i % 3 == 0   ? "open"
		                                                                            : i % 3 == 1 ? "closed"
		                                                                                         : "auto");
	}
	EXPECT_ERR(ERR_DB_DATA, "delete from signalbox.providers where slug = 'down'"); /* somebody's chain has it */
	q("select signalbox.provider_set('down', '{\"breaker\": \"auto\"}', 'test')");
	completed(100);
}

/* Reports of parks and probes, an operator's word and claims that grant probes take the same rows: in one order. */
static void test_no_deadlock(void **state)
{
	(void)state;
	static const char LOOP[] =
		"i=0; while [ $i -lt 150 ]; do case $0 in "
		"up) echo \"select * from signalbox.report_calls('11111111-1111-1111-1111-111111111111', '[{\\\"provider\\\":\\\"a\\\",\\\"model\\\":\\\"m\\\",\\\"tokens\\\":9,"
		"\\\"class\\\":\\\"auth\\\",\\\"park_ms\\\":5,\\\"park_key\\\":true},{\\\"provider\\\":\\\"o\\\",\\\"model\\\":\\\"m\\\",\\\"class\\\":\\\"auth\\\",\\\"park_ms\\\":5,\\\"park_key\\\":true},{\\\"provider\\\":\\\"a\\\",\\\"model\\\":\\\"n\\\",\\\"class\\\":\\\"rate_limited\\\",\\\"park_ms\\\":0},{\\\"provider\\\":\\\"o\\\",\\\"model\\\":\\\"n\\\",\\\"calls\\\":1}]');\" ;; "
		"quota) echo \"select * from signalbox.report_calls('22222222-2222-2222-2222-222222222222', '[{\\\"provider\\\":\\\"a\\\",\\\"model\\\":\\\"m\\\",\\\"class\\\":\\\"auth\\\","
		"\\\"park_ms\\\":5,\\\"park_key\\\":true},{\\\"provider\\\":\\\"o\\\",\\\"model\\\":\\\"m\\\",\\\"tokens\\\":9},{\\\"provider\\\":\\\"a\\\",\\\"model\\\":\\\"n\\\",\\\"calls\\\":1},{\\\"provider\\\":\\\"o\\\",\\\"model\\\":\\\"n\\\",\\\"class\\\":\\\"rate_limited\\\",\\\"park_ms\\\":0}]');\" ;; "
		"force) echo \"select signalbox.breaker_force('o', 'auto', 'x'), signalbox.breaker_force('a', 'auto', 'x');\" ;; "
		"take) echo \"select count(*) from signalbox.take('11111111-1111-1111-1111-111111111111', 2, '1 s');\" ;; esac; i=$((i + 1)); done "
		"| psql -Xq -d \"$1\" >/dev/null";
	q("select signalbox.provider_set('o', '{\"daily_tokens\": \"1\"}', 'test'), signalbox.worker_hello('11111111-1111-1111-1111-111111111111', "
	  "'one', '0', 99, null, '60 s')");
	say_many("o", 200, "x");
	say_many("a", 200, "x");
	const char *before = q("select deadlocks from pg_stat_database where datname = current_database()");
	int rc = run("/bin/bash", "-c", "for k in up quota force take; do /bin/sh -c \"$0\" $k \"$1\" & done; wait", LOOP,
	             W.direct, NULL);
	assert_int_equal(rc, 0);
	wait_for("select count(*) from pg_stat_activity where application_name = 'psql'", "0", 0); /* they count when they end */
	EXPECT(before, "select deadlocks from pg_stat_database where datname = current_database()");
}

/* An answer that was under way when its model was parked says nothing of the wait. */
static void test_a_late_answer_resets_nothing(void **state)
{
	(void)state;
	static const char SAID[] =
		"select * from signalbox.report_calls('11111111-1111-1111-1111-111111111111', '[{\"provider\": \"o\", \"model\": \"late\", %s}]')";
	q(SAID, "\"class\": \"rate_limited\", \"park_ms\": 0");
	q(SAID, "\"calls\": 1");
	EXPECT("1", "select unsaid from signalbox.breakers where model = 'late'");
	q(SAID, "\"class\": \"rate_limited\", \"park_ms\": 0"); /* nor does a refusal that was */
	EXPECT("1", "select unsaid from signalbox.breakers where model = 'late'");
	q("update signalbox.breakers set until = now() where model = 'late'");
	q(SAID, "\"calls\": 1");
	EXPECT("0", "select unsaid from signalbox.breakers where model = 'late'");
}

#define ONE "00000000-0000-0000-0000-000000000001"
/* One route is the probe, though one breaker, of the key, holds two; and one that another breaker holds is none. */
static void test_one_route_is_the_probe(void **state)
{
	(void)state;
	q("select signalbox.worker_hello('" ONE "', 'one', 'test', 9, null, '1 hour')");
	q("select signalbox.provider_set('o', '{\"key_env\": \"O_API_KEY\"}', 'test')");
	q("select signalbox.agent_set('o', '{\"chain\": \"o:second o:third\"}', 'test')");
	q("select signalbox.breaker_hold('o', '', 'O_API_KEY', 'open', '1 min', 'auth', 'test')");
	q("update signalbox.breakers set until = now() - interval '1 s'");
	q("select signalbox.breaker_hold('o', 'practice', 'O_API_KEY', 'open', '1 min', 'overloaded', 'test')");
	say("o", "x");
	EXPECT("practice overloaded, second probe, third auth",
	       "select string_agg(concat_ws(' ', r ->> 'model', r ->> 'skip', case when r ->> 'probe' = 'true' then 'probe' end), ', ') from signalbox.take('" ONE
	       "', 9, '300 s') t cross join json_array_elements(t.routes) r");
	/* What became of it and of those that were not called comes in one report. */
	q("select * from signalbox.report_calls('" ONE
	  "', (select json_agg(x) from (select 'o' as provider, 'second' as model, 'O_API_KEY' as key_env, 1 as calls, 0 as errors, "
	  "job_id as probe, true as is_ok from signalbox.queue where state = 'running') x))");
	EXPECT("closed", "select state from signalbox.breakers where model = ''");
}

#define T(test) cmocka_unit_test_setup_teardown(test, outage_up, scene_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_the_next_answers),
		T(test_alone_they_wait),
		T(test_an_operator_frees_it),
		T(test_a_mended_chain),
		T(test_the_shortest_wait),
		T(test_database_restart),
		T(test_probe_dies),
		T(test_changed_while_they_run),
		T(test_no_deadlock),
		T(test_a_late_answer_resets_nothing),
		T(test_one_route_is_the_probe),
	};
	return world_end(cmocka_run_group_tests_name("outage", tests, world_up, world_down));
}
