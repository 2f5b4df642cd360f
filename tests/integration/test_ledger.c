/*
 * Why: small sums in SQL that nobody sees go wrong: a budget after its minutes were rolled up, one that fits exactly, a wait that a shorter one cuts, tokens that
 * change places, what may be forgotten, what an operator saw, a place in the queue.
 */
#include "tests/lib/harness/harness.h"

#define W1 "11111111-1111-1111-1111-111111111111"

static int ledger_up(void **state)
{
	scene_up(state);
	q("select signalbox.worker_hello('" W1 "', 'w', '0', 99, null, '60 s')");
	q("delete from signalbox.model_prices where source = 'test'");
	q("insert into signalbox.model_prices (model, valid_from, input_pico, output_pico, cache_read_pico, source) "
	  "values ('priced', '2026-01-01', 1000000, 10000000, 500000, 'test')");
	q("select signalbox.agent_set('o', '{\"model\": \"priced\"}', 'test')");
	return 0;
}

static const char *claimed(int slots)
{
	return q("select count(*) from signalbox.claim('" W1 "', %d, '300 s')", slots);
}

/* All that runs ends so; more: further fields of the records. */
static void settle_all(const char *outcome, const char *more)
{
	q("select signalbox.settle('" W1
	  "', (select json_agg(json_build_object('message_id', message_id, 'job_id', job_id, 'outcome', '%s', 'content', 'x', "
	  "'provider', 'o', 'model', 'priced', 'was_called', true)::jsonb || '%s'::jsonb) from signalbox.queue where state = 'running'), 3, '0 s')",
	  outcome, more);
}

static void test_a_budget_after_the_roll_up(void **state)
{
	(void)state;
	q("select signalbox.agent_set('o', '{\"budget_month\": \"1\"}', 'test')");
	say("o", "x");
	assert_string_equal(claimed(1), "1");
	settle_all("completed", "{\"tokens_prompt\": 7, \"tokens_completion\": 3}");
	EXPECT("999963000000", "select signalbox.money_left(id)::bigint from signalbox.agents where slug = 'o'");
	q("update signalbox.stats_minute set minute = minute - interval '3 min'");
	q("update signalbox.ai_costs set created_at = created_at - interval '3 min'");
	q("update signalbox.rolled_upto set minute = '-infinity'");
	q("select signalbox.roll_days()");
	EXPECT("999963000000", "select signalbox.money_left(id)::bigint from signalbox.agents where slug = 'o'");
	EXPECT("37000000", "select sum(cost_pico)::bigint from signalbox.stats_day");
	q("select signalbox.roll_days()");
	EXPECT("37000000 37000000",
	       "select (select sum(cost_pico)::bigint from signalbox.stats_day) || ' ' || (select sum(cost_pico)::bigint from signalbox.costs_day)");
}

static void test_an_exact_fit(void **state)
{
	(void)state;
	q("select signalbox.agent_set('o', '{\"budget_month\": \"1\"}', 'test')");
	const char *m = say("o", "x");
	const char *most = q(
		"select signalbox.worst_case(a.id, signalbox.prompt_bytes(m.id)) from signalbox.agents a, signalbox.ai_messages m where a.slug = 'o' and m.uuid = '%s'",
		m);
	/* All but so much of the budget is promised to others. */
	q("insert into signalbox.reservations select gen_random_uuid(), 0, id, 1000000000000 - %s + 1, 0, 0, now() + interval '1 h' from signalbox.agents where slug = 'o'",
	  most);
	assert_string_equal(claimed(1), "0");
	q("update signalbox.reservations set pico = pico - 1");
	assert_string_equal(claimed(1), "1");
	EXPECT(most, "select pico from signalbox.reservations where message_id > 0");
}

static void test_a_shorter_wait(void **state)
{
	(void)state;
	say("o", "x");
	assert_string_equal(claimed(1), "1");
	settle_all("rate_limited", "{\"wait_ms\": 60000}");
	q("update signalbox.lanes set blocked_until = null");
	assert_string_equal(claimed(1), "1");
	q("update signalbox.lanes set blocked_until = clock_timestamp() + interval '60 s'");
	settle_all("rate_limited", "{\"wait_ms\": 1000}");
	EXPECT("t",
	       "select blocked_until > clock_timestamp() + interval '50 s' from signalbox.lanes l join signalbox.agents a on a.id = l.agent_id where a.slug = 'o'");
}

static void test_each_kind_of_token(void **state)
{
	(void)state;
	say("o", "x");
	assert_string_equal(claimed(1), "1");
	settle_all("completed",
	           "{\"tokens_prompt\": 100, \"tokens_cached\": 40, \"tokens_completion\": 3, \"tokens_reasoning\": 1}");
	EXPECT("100 40 3 1 110000000",
	       "select tokens_input || ' ' || tokens_cached || ' ' || tokens_output || ' ' || tokens_reasoning || ' ' || cost_pico from signalbox.ai_costs");
	EXPECT("100 3 40 110000000 0",
	       "select tokens_prompt || ' ' || tokens_completion || ' ' || tokens_cached || ' ' || cost_pico || ' ' || cost_wasted_pico from signalbox.stats_minute");
	EXPECT("100 3", "select tokens_prompt || ' ' || tokens_completion from signalbox.ai_messages where role = 'assistant'");
}

static void test_what_may_be_forgotten(void **state)
{
	(void)state;
	say("o", "x");
	assert_string_equal(claimed(1), "1");
	settle_all("completed", "{\"tokens_prompt\": 1, \"tokens_completion\": 1}");
	q("select signalbox.test_dispatch('o', 'tried', 'test', null)");
	q("select signalbox.cancel(uuid, 'test') from signalbox.ai_messages where processing_status = 'queued'");
	q("update signalbox.ai_messages set created_at = now() - interval '3 days', processing_completed_at = case when role = 'assistant' then now() - interval '3 days' end");
	q("update signalbox.ai_sessions set created_at = now() - interval '3 days'");
	q("update signalbox.stats_minute set minute = now() - interval '3 days'");
	q("update signalbox.rolled_upto set minute = now() - interval '5 days'");
	EXPECT("2", "select n from signalbox.prune('1 day', false, 100, 0, true, 'test')");
	EXPECT("t", "select is_over from signalbox.prune('1 day', false, 100, 1000000, true, 'test')");
	EXPECT("1 1",
	       "select (select count(*) from signalbox.stats_minute) || ' ' || (select count(*) from signalbox.ai_sessions)"); /* not in its day yet; the test session */
	q("update signalbox.rolled_upto set minute = now()");
	q("select * from signalbox.prune('1 day', false, 100, 0, true, 'test')");
	EXPECT("0", "select count(*) from signalbox.stats_minute");
	EXPECT("1", "select count(*) from signalbox.ai_costs");
}

static void test_what_was_seen(void **state)
{
	(void)state;
	const char *m = say("o", "x");
	assert_string_equal(claimed(1), "1");
	settle_all("error", "{\"error_class\": \"auth\", \"error\": \"no\", \"is_permanent\": true}");
	const char *job = q("select job_id from signalbox.ai_messages where uuid = '%s'", m);
	EXPECT_ERR(ERR_REFUSED, "select signalbox.retry_hold('%s', 'op', '" W1 "', 'failed')", m);
	EXPECT_ERR(ERR_REFUSED, "select signalbox.retry('%s', 'op', '" W1 "', 'failed')", m);
	EXPECT_ERR(ERR_REFUSED, "select signalbox.retry_hold('%s', 'op', '%s', 'cancelled')", m, job);
	q("select signalbox.retry_hold('%s', 'op', '%s', 'failed', '0 s')", m, job);
	q("select signalbox.tick()");
	assert_string_equal(status_of(m), "queued");
	EXPECT_ERR(ERR_REFUSED, "select signalbox.cancel('%s', 'op', '" W1 "')", m);
}

/* Within a session order counts more than priority: a later message cannot be served before the earlier one, and is not told to be. */
static void test_a_place_in_the_session(void **state)
{
	(void)state;
	q("select signalbox.dispatch('o', 'first', user_id => 'u', thread_key => 't')");
	q("select signalbox.dispatch('o', 'second', user_id => 'u', thread_key => 't', priority => 9)");
	EXPECT("0 0", "select string_agg(priority::text, ' ' order by message_id) from signalbox.queue");
	EXPECT("ready blocked", "select string_agg(state::text, ' ' order by message_id) from signalbox.queue");
	assert_string_equal(claimed(9), "1");
	settle_all("completed", "{}");
	EXPECT("9 ready", "select priority || ' ' || state from signalbox.queue");
}

/* One agent's absurd sum keeps nobody from seeing the rest. */
static void test_an_absurd_sum(void **state)
{
	(void)state;
	q("select signalbox.add_stats(date_trunc('minute', now()), id, gen_random_uuid(), cost_pico => 9e18) from signalbox.agents where slug = 'o'");
	q("update signalbox.agents set budget_day = 0.1 where slug = 'o'");
	EXPECT("1000000",
	       "select substring(a ->> 'message' from '[0-9]{2,}') from jsonb_array_elements(signalbox.queue_status() -> 'alerts') a "
	       "where a ->> 'name' = 'budget'");
	q("update signalbox.agents set budget_day = null where slug = 'o'");
	q("delete from signalbox.stats_minute where cost_pico = 9e18");
}

/* A rate that is not nothing does not look like nothing. */
static void test_a_small_rate(void **state)
{
	(void)state;
	q("select signalbox.add_stats(date_trunc('minute', now()), id, '11111111-1111-4111-8111-111111111111', completed => 1) from signalbox.agents where slug = 'a'");
	EXPECT("0.02", "select per_minute from signalbox.agents_page() where slug = 'a'");
	EXPECT("0.0", "select per_minute from signalbox.agents_page() where slug = 'o'");
	EXPECT("0.0001", "select per_minute from signalbox.agents_page('7 days') where slug = 'a'");
	q("delete from signalbox.stats_minute where worker_id = '11111111-1111-4111-8111-111111111111'");
}

/* What an attempt cost: what its calls cost, nothing where none may be billed, unknown where a price is, or where its worker was lost. */
static void test_what_an_attempt_cost(void **state)
{
	(void)state;
	static const struct {
		const char *outcome, *costs, *usd;
	} ROWS[] = {
		{ "failed", "", "0" },
		{ "failed", "(1, 1000000000000)", "1" },
		{ "failed", "(1, 1000000000000), (2, 500000000000)", "1.5" },
		{ "failed", "(1, 1000000000000), (2, null)", "(null)" },
		{ "lost", "", "(null)" },
		{ "lost", "(1, 1000000000000)", "1" },
	};
	const char *m = say("o", "what did it cost?");
	q("update signalbox.ai_messages set job_id = gen_random_uuid() where uuid = '%s'", m);
	for (size_t i = 0; i < ARRAY_SIZE(ROWS); i++) {
		q("delete from signalbox.attempts");
		q("delete from signalbox.ai_costs");
		q("insert into signalbox.attempts (job_id, message_id, agent_id, number, started_at, ended_at, outcome) "
		  "select job_id, id, 1, 1, now(), now(), '%s' from signalbox.ai_messages where uuid = '%s'",
		  ROWS[i].outcome, m);
		if (ROWS[i].costs[0] != '\0')
			q("insert into signalbox.ai_costs (job_id, call, message_id, agent_id, cost_pico, created_at) select m.job_id, c.call, m.id, 1, c.pico::bigint, now() "
			  "from signalbox.ai_messages m cross join (values %s) c(call, pico) where m.uuid = '%s'",
			  ROWS[i].costs, m);
		assert_string_equal(q("select signalbox.message_full('%s') #>> '{attempts,0,cost_usd}'", m), ROWS[i].usd);
	}
	q("delete from signalbox.attempts");
	q("delete from signalbox.ai_costs");
}

#define T(name) cmocka_unit_test_setup_teardown(name, ledger_up, scene_down)
int main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_an_absurd_sum),        T(test_a_budget_after_the_roll_up), T(test_an_exact_fit),  T(test_a_shorter_wait),
		T(test_each_kind_of_token),   T(test_what_may_be_forgotten),      T(test_what_was_seen), T(test_a_small_rate),
		T(test_what_an_attempt_cost), T(test_a_place_in_the_session),
	};
	return world_end(cmocka_run_group_tests_name("ledger", tests, world_up, world_down));
}
