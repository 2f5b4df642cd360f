/*
 * Why: the promise to everybody who runs more than one worker. Each message is answered once, by one call of the provider, and a session's
 * messages one after another; with nothing going wrong, the provider's own log must show exactly as many requests as there are messages.
 */
#include <signal.h>

#include "tests/lib/harness/harness.h"

#define MESSAGES 500

static void test_each_once(void **state)
{
	(void)state;
	q("select signalbox.agent_set('third', '{\"provider\": \"a\", \"model\": \"practice\", \"concurrency_limit\": 3}', 'test')");
	pid_t one = worker("--concurrency", "16", NULL), two = worker("--concurrency", "16", NULL);
	/* Three agents with ten sessions each, dispatched in two statements so that the workers begin in the middle of it. An answer takes 50 ms,
	 * so that all last longer than a worker's poll: without LISTEN, a worker may hear of the messages a second after the other one. */
	for (int half = 0; half < 2; half++)
		q("select count(*) from generate_series(%d, %d) i, signalbox.dispatch((array['o', 'a', 'third'])[1 + i %% 3], "
		  "'[[words=2 slow=50]] nonce-' || i || '.', user_id => 'u', thread_key => 't' || i %% 10)",
		  1 + half * MESSAGES / 2, (half + 1) * MESSAGES / 2);
	wait_for("select count(*) from signalbox.ai_messages where role = 'assistant' and processing_status = 'completed'",
	         text("%d", MESSAGES), 60);
	EXPECT("0", "select count(*) from signalbox.queue");
	EXPECT("30", "select count(*) from signalbox.ai_sessions");
	assert_int_equal(provider_calls("nonce-"), MESSAGES);
	for (int i = 1; i <= MESSAGES; i++)
		assert_int_equal(provider_calls(text("nonce-%d.", i)), 1);
	EXPECT(text("%d %d 0", MESSAGES, MESSAGES),
	       "select count(*) || ' ' || count(distinct message_id) || ' ' || "
	       "count(*) filter (where outcome is distinct from 'completed') from signalbox.attempts");
	/* Nobody has another's answer. */
	EXPECT("0", "select count(*) from signalbox.ai_messages m join signalbox.ai_messages u on u.id = m.reply_to "
	            "where position(substring(u.content from 'nonce-[0-9]+[.]') in m.content) = 0 or m.retry_count <> 0");
	/* One at a time in a session, and in the order of dispatch. */
	EXPECT("0",
	       "select count(*) from (select m.session_id, m.id, a.started_at, lag(a.ended_at) over (partition by m.session_id order by m.id) as before "
	       "from signalbox.attempts a join signalbox.ai_messages m on m.id = a.message_id) x where started_at < before");
	EXPECT("0",
	       "select count(*) from (select processing_started_at as t, lag(processing_started_at) over (partition by session_id order by id) as before "
	       "from signalbox.ai_messages where role = 'assistant') x where t <= before");
	/* Never more than three of the third agent at once. */
	EXPECT("t",
	       "select max(n) <= 3 from (select (select count(*) from signalbox.attempts b where b.agent_id = 3 and b.started_at <= a.started_at "
	       "and b.ended_at > a.started_at) as n from signalbox.attempts a where a.agent_id = 3) x");
	EXPECT("2", "select count(distinct worker_id) from signalbox.attempts"); /* both had a share */
	EXPECT("t",
	       "select sum(tokens_completion) = (select sum(tokens_completion) from signalbox.stats_minute) from signalbox.attempts");
	send_signal(one, SIGTERM);
	send_signal(two, SIGTERM);
	assert_int_equal(wait_exit(one, DEADLINE), 0);
	assert_int_equal(wait_exit(two, DEADLINE), 0);
	EXPECT("2", "select count(*) from signalbox.workers where ended_at is not null");
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test_setup_teardown(test_each_once, scene_up, scene_down) };
	return world_end(cmocka_run_group_tests(tests, world_up, world_down));
}
