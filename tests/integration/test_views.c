/*
 * Why: an operator decides by what Agents and Health show. Percentiles are computed from counts, days from minutes, a provider's limits from the
 * headers of whichever call came last: each is compared here with the rows it stands for.
 */
#include "tests/lib/harness/harness.h"

#define SLOT "date_bin('5 min', clock_timestamp(), timestamptz '2000-01-01 00:00+00')"
#define NOBODY "00000000-0000-0000-0000-000000000000"

/* Durations of two agents, over three slots and two workers each; the true percentiles stand in `took`. */
static void fill_latencies(void)
{
	q("drop table if exists took");
	q("select setseed(0.42)");
	q("create table took as select 1 + i %% 2 as agent, i %% 3 as slot, case i %% 5 when 0 then '" NOBODY
	  "' else gen_random_uuid()::text end::uuid as worker, "
	  "(array[300, 12000])[1 + i %% 2] * exp(random() * 3 + random() * 2) as ms from generate_series(1, 6000) i");
	q("update took set worker = 'aaaaaaaa-0000-4000-8000-000000000001' where worker <> '" NOBODY "'");
	q("insert into signalbox.latencies select " SLOT
	  " - slot * interval '5 min', agent, worker, signalbox.latency_counts(array_agg(ms)) from took group by 1, 2, 3");
}

static void quantiles_are_true(void)
{
	/* A bucket is 19 % wide: that is what may be wrong. */
	EXPECT("t t",
	       "select string_agg((abs(ln(x.p50_seconds::float8 * 1000 / t.p50)) < ln(1.19) and abs(ln(x.p95_seconds::float8 * 1000 / t.p95)) < ln(1.19))::text::char(1), ' ') "
	       "from signalbox.latency_quantiles(clock_timestamp() - interval '6 h') x join (select agent, "
	       "percentile_cont(0.5) within group (order by ms) as p50, percentile_cont(0.95) within group (order by ms) as p95 from took group by 1) t on t.agent = x.agent_id");
}

static void test_percentiles(void **state)
{
	(void)state;
	fill_latencies();
	quantiles_are_true();
	EXPECT("3", "select count(distinct slot) from signalbox.latencies");
	EXPECT("4000",
	       "select sum(n) from signalbox.latencies l, unnest(l.counts) n where l.slot > " SLOT " - interval '10 min'");
	/* The window is the slots it touches, no more. */
	q("update signalbox.latencies set counts = signalbox.latency_counts(array[7000000]) where slot < " SLOT
	  " - interval '6 min'");
	EXPECT("t", "select bool_and(p95_seconds < 7000 / 1.2) from signalbox.latency_quantiles(" SLOT " - interval '3 min')");
	/* Borders of buckets, and the ends. */
	EXPECT("1 1 2 2 3 6 6 80 80",
	       "select string_agg(signalbox.latency_bucket(ms)::text, ' ' order by i) from unnest(array[0, 9.999, 10, 11.8, 11.9, 20, 23.7, 8900000, 1e15]) "
	       "with ordinality x(ms, i)");
	EXPECT("1,0,3", "select array_to_string(signalbox.latency_counts(array[12, 5, 13, 12.5]), ',')");
	EXPECT("1,5,1", "select array_to_string(signalbox.add_counts('{1,2,1}', '{0,3}'), ',')");
}

/* Old minutes become hours, and every figure of them stays what it was. */
static void test_folding(void **state)
{
	(void)state;
	static const char SUMS[] =
		"select concat_ws(' ', sum(completed), sum(failed), sum(errors), sum(processing_ms), sum(tokens_prompt), sum(tokens_completion), "
		"sum(tokens_cached), sum(cost_pico), sum(cost_unknown), sum(cost_wasted_pico), sum(limited)) from signalbox.stats_minute";
	q("update signalbox.rolled_upto set minute = date_trunc('minute', now() - interval '2 min')");
	q("insert into signalbox.stats_minute (minute, agent_id, worker_id, completed, failed, errors, processing_ms, tokens_prompt, tokens_completion, tokens_cached, "
	  "cost_pico, cost_unknown, cost_wasted_pico, limited) select date_trunc('minute', now()) - i * interval '1 min', 1 + i %% 2, "
	  "('aaaaaaaa-0000-4000-8000-00000000000' || i %% 3)::uuid, i, i + 1, i + 2, i * 100, i * 10, i * 11, i * 3, i * 1000000007::bigint, i %% 2, i * 7, i %% 5 "
	  "from generate_series(0, 400) i");
	fill_latencies();
	q("update signalbox.latencies set slot = slot - interval '5 h'");
	const char *sums = text("%s", q("%s", SUMS));
	q("select signalbox.fold_stats()");
	EXPECT(sums, "%s", SUMS);
	EXPECT("0",
	       "select count(*) from signalbox.stats_minute where minute < date_trunc('hour', now() - interval '2 h', 'UTC') and "
	       "(worker_id <> '" NOBODY "' or minute <> date_trunc('hour', minute, 'UTC'))");
	EXPECT("t",
	       "select count(*) between 8 and 12 from signalbox.stats_minute where minute < date_trunc('hour', now() - interval '2 h', 'UTC')");
	EXPECT("t",
	       "select count(*) > 115 from signalbox.stats_minute where minute > now() - interval '2 h'"); /* the near ones stay */
	EXPECT("t",
	       "select count(*) between 2 and 4 from signalbox.latencies"); /* an hour, or two where it began between the slots */
	quantiles_are_true();
	/* Late news of a folded hour are added to it. */
	q("insert into signalbox.stats_minute (minute, agent_id, worker_id, cost_pico) select min(minute) + interval '7 min', 1, '" NOBODY
	  "', 5 from signalbox.stats_minute");
	q("select signalbox.fold_stats()");
	EXPECT("t",
	       "select count(*) between 8 and 12 from signalbox.stats_minute where minute < date_trunc('hour', now() - interval '2 h', 'UTC')");
	EXPECT("t",
	       "select sum(cost_pico) = (select sum(i * 1000000007::bigint) from generate_series(0, 400) i) + 5 from signalbox.stats_minute");
}

static const char BY_MODEL[] =
	"select coalesce(sum(cost_usd), 0) || ' ' || coalesce(sum(calls), 0) || ' ' || coalesce(sum(unknown), 0) "
	"from signalbox.agent_spending('a') where what = 'model'";
static const char BOOKED[] =
	"select coalesce(signalbox.usd(sum(cost_pico)), 0) || ' ' || count(*) || ' ' || count(*) filter (where cost_pico is null) "
	"from signalbox.ai_costs c join signalbox.agents a on a.id = c.agent_id where a.slug = 'a'";

/* What a day cost by model and by hour is what was booked: at once, after it was rolled into its day, and after it was priced anew. */
static void test_spending(void **state)
{
	(void)state;
	q("delete from signalbox.model_prices");
	q("insert into signalbox.model_prices (model, valid_from, input_pico, output_pico, source) values ('practice', '2026-01-01', 1000, 5000, 'test')");
	worker("--poll", "100ms", NULL);
	say("a", "one [[rate=0 cached=1]]");
	say("a", "two [[rate=0]]");
	wait_for("select count(*) from signalbox.ai_messages where processing_status = 'completed' and role = 'assistant'", "2",
	         0);
	q("insert into signalbox.ai_costs (job_id, call, message_id, agent_id, provider, model, tokens_input, tokens_output) select gen_random_uuid(), 1, 1, id, 'a', "
	  "'unpriced', 10, 10 from signalbox.agents where slug = 'a'");
	q("insert into signalbox.attempts (job_id, message_id, agent_id, number, started_at, ended_at, outcome) select job_id, message_id, agent_id, 1, now(), now(), 'lost' "
	  "from signalbox.ai_costs where model = 'unpriced'");
	EXPECT(text("%s", q("%s", BOOKED)), "%s", BY_MODEL);
	EXPECT("2", "select count(*) from signalbox.agent_spending('a') where what = 'model'");
	EXPECT("24 t",
	       "select count(*) || ' ' || (sum(h.cost_usd) = (select signalbox.usd(sum(cost_pico)) from signalbox.ai_costs))::text::char(1) "
	       "from signalbox.agent_spending('a') h where what = 'hour'");
	EXPECT("0", "select count(*) from signalbox.agent_spending('o') where what = 'model'");
	/* As if ten minutes had passed. */
	q("update signalbox.rolled_upto set minute = date_trunc('day', now(), 'UTC')");
	q("update signalbox.stats_minute set minute = greatest(minute - interval '10 min', date_trunc('day', now(), 'UTC'))");
	q("update signalbox.ai_costs set created_at = greatest(created_at - interval '10 min', date_trunc('day', now(), 'UTC'))");
	EXPECT(text("%s", q("%s", BOOKED)), "%s", BY_MODEL);
	q("select signalbox.roll_days()");
	EXPECT(text("%s", q("%s", BOOKED)), "%s", BY_MODEL);
	EXPECT("t",
	       "select (select sum(calls) from signalbox.costs_day) = 3 or now() < date_trunc('day', now(), 'UTC') + interval '3 min'");
	q("select signalbox.roll_days()");
	EXPECT(text("%s", q("%s", BOOKED)), "%s", BY_MODEL);
	q("insert into signalbox.model_prices (model, valid_from, input_pico, output_pico, source) values ('unpriced', '2026-01-01', 7, 11, 'test')");
	q("update signalbox.model_prices set output_pico = 6000 where model = 'practice'");
	EXPECT("3", "select n from signalbox.reprice(now() - interval '1 day', true, 0, true, 'test')");
	EXPECT(text("%s", q("%s", BOOKED)), "%s", BY_MODEL);
	EXPECT("0", "select sum(unknown) from signalbox.agent_spending('a') where what = 'model'");
	EXPECT("t",
	       "select (select sum(cost_usd) from signalbox.agent_spending('a') where what = 'hour') = (select signalbox.usd(sum(cost_pico)) from signalbox.ai_costs)");
	EXPECT("180 180", /* the call that belongs to no answer */
	       "select (select sum(cost_wasted_pico) from signalbox.stats_minute) || ' ' || coalesce((select nullif(sum(cost_wasted_pico), 0) from signalbox.stats_day), 180)");
	/* Where the attempts are pruned nobody knows whose calls were wasted. */
	q("delete from signalbox.attempts");
	q("update signalbox.model_prices set output_pico = output_pico + 1");
	EXPECT("3", "select n from signalbox.reprice(now() - interval '1 day', true, 0, true, 'test')");
	EXPECT("180", "select sum(cost_wasted_pico) from signalbox.stats_minute");
	/* Where the minutes are pruned no change alone is left in their place. */
	q("update signalbox.rolled_upto set minute = date_trunc('minute', now()) + interval '1 min'");
	q("delete from signalbox.stats_minute");
	q("update signalbox.model_prices set output_pico = 7000 where model = 'practice'");
	q("select signalbox.reprice(now() - interval '1 day', true, 0, true, 'test')");
	EXPECT("0", "select count(*) from signalbox.stats_minute");
	q("update signalbox.rolled_upto set minute = date_trunc('minute', now() - interval '2 min')");
}

/* A settle may wait for a lock for minutes; what it books then is of the minute its statistics are of, or a day's models would miss it for ever. */
static void test_costs_are_of_their_minute(void **state)
{
	(void)state;
	static const char AT[] = "2026-03-01 00:00:00.5+00";
	q("select signalbox.charge(jsonb_build_array(jsonb_build_object('job_id', gen_random_uuid(), 'call', 1, 'message_id', 0, 'agent_id', 1, 'cost_pico', 5)), '" NOBODY
	  "', '%s')",
	  AT);
	EXPECT("t", "select created_at = '%s' from signalbox.ai_costs", AT);
	EXPECT("t", "select minute = date_trunc('minute', timestamptz '%s') from signalbox.stats_minute", AT);
	q("delete from signalbox.ai_costs");
	q("select signalbox.worker_hello('aaaaaaaa-0000-4000-8000-000000000001', 'w', '1', 1, null, '300 s')");
	say("o", "waits");
	q("select count(*) from signalbox.claim('aaaaaaaa-0000-4000-8000-000000000001', 1, '300 s')");
	q("begin");
	q("select pg_sleep(0.01)");
	q("select signalbox.settle('aaaaaaaa-0000-4000-8000-000000000001', (select json_agg(json_build_object('message_id', message_id, 'job_id', job_id, 'outcome', "
	  "'completed', 'was_called', true, 'tokens_prompt', 1)) from signalbox.queue), 3, '1 s')");
	EXPECT("t",
	       "select c.created_at = t.ended_at and c.created_at > now() from signalbox.ai_costs c join signalbox.attempts t using (job_id)");
	q("commit");
}

#define FAST "--retries", "1", "--retry-wait", "5ms", "--backoff", "20ms", "--poll", "100ms"

static void test_budgets_are_numbers(void **state)
{
	(void)state;
	static const char *const BAD[] = { "NaN", "Infinity", "-1", "ten", "", "1e12", "1e400" };
	for (size_t i = 0; i < ARRAY_SIZE(BAD); i++)
		EXPECT_ERR(ERR_BAD_INPUT, "select signalbox.agent_set('a', '{\"budget_day\": \"%s\"}', 'test')", BAD[i]);
	assert_null(strstr(q_error(), "constraint")); /* whoever typed it reads this */
	q("select signalbox.agent_set('a', '{\"budget_month\": \"0.5\", \"budget_day\": null}', 'test')");
	q("select budget_month::float8 from signalbox.agents_page()");
}

/* What was paid for nothing, how often a limit was met, what failed, and what a day will cost. */
static void test_an_agents_troubles(void **state)
{
	(void)state;
	q("delete from signalbox.model_prices");
	q("insert into signalbox.model_prices (model, valid_from, input_pico, output_pico, source) values ('practice', '2026-01-01', 1000, 5000, 'test')");
	worker(FAST, "--tries", "1", NULL);
	say("a", "whole [[rate=0 cached=3]]");
	say("a", "cut [[cut=4 rate=0]]");
	wait_for(
		"select count(*) from signalbox.ai_messages where processing_status in ('completed', 'failed') and role = 'assistant'",
		"2", 0);
	EXPECT("t t t",
	       "select concat_ws(' ', (cost_wasted_today_usd = (select signalbox.usd(sum(c.cost_pico)) from signalbox.ai_costs c join signalbox.attempts t using (job_id) "
	       "where t.outcome <> 'completed'))::text::char(1), (cost_wasted_today_usd > 0 and cost_wasted_today_usd < cost_today_usd)::text::char(1), "
	       "(tokens_cached_today = 3)::text::char(1)) from signalbox.agents_page() where slug = 'a'");
	EXPECT("truncated 1", "select key || ' ' || calls from signalbox.agent_spending('a') where what = 'cause'");
	EXPECT("t",
	       "select projected_today_usd >= cost_today_usd and p95_seconds > 0 and p50_seconds <= p95_seconds from signalbox.agents_page() where slug = 'a'");
	EXPECT("15 20 12 14",
	       "select string_agg((select cardinality(spark)::text from signalbox.agents_page(s) where slug = 'a'), ' ' order by i) "
	       "from unnest(array['15 min', '1 h', '1 day', '7 days']::interval[]) with ordinality x(s, i)");
	EXPECT("1 1 1 1",
	       "select string_agg((select (select sum(n) from unnest(spark) n)::text from signalbox.agents_page(s) where slug = 'a'), ' ' order by i) "
	       "from unnest(array['15 min', '1 h', '1 day', '7 days']::interval[]) with ordinality x(s, i)");
	say("o", "too many [[status=429 retry_after=0]]");
	wait_for("select limited_today > 0 from signalbox.agents_page() where slug = 'o'", "t", 0);
	EXPECT("0", "select limited_today from signalbox.agents_page() where slug = 'a'");
}

/* What a provider's headers say is left, what a worker says of itself, and what it is doing. */
static void test_what_is_under_way(void **state)
{
	(void)state;
	pid_t w = worker("--concurrency", "2", NULL);
	say("a", "limits [[rate=0 remaining=61 reset=60]]");
	wait_for("select limits ->> 'requests' from signalbox.providers_page() where slug = 'a'", "61", 0);
	wait_for("select p95_ms >= 0 from signalbox.providers_page() where slug = 'a'", "t",
	         0); /* the settle comes by another way than the report */
	EXPECT("t", "select limits is null from signalbox.providers_page() where slug = 'o'");
	q("update signalbox.provider_limits set until = now()"); /* full again, so nothing is known */
	EXPECT("t", "select limits is null from signalbox.providers_page() where slug = 'a'");
	/* Some give more than they say is all of it: nobody's headers may take a console's page away. */
	q("insert into signalbox.provider_limits select 'a', 'm', '', kind, remaining, total, now() + interval '1 min' "
	  "from (values ('requests', 9007199254740991, 1), ('tokens', -5, 10), ('input-tokens', 9007199254740990, 9007199254740991)) x(kind, remaining, total)");
	EXPECT("100 0 99",
	       "select concat_ws(' ', (limits ->> 'requests')::int4, (limits ->> 'tokens')::int4, (limits ->> 'input-tokens')::int4) "
	       "from signalbox.providers_page() where slug = 'a'");
	const char *m = say("o", "slow [[words=400 rate=20]]");
	wait_for("select calls_now from signalbox.providers_page() where slug = 'o'", "1", 0);
	EXPECT("0", "select calls_now from signalbox.providers_page() where slug = 'a'");
	EXPECT("t", "select rss_bytes between 1000000 and 1000000000 from signalbox.workers where ended_at is null");
	q("select signalbox.cancel('%s', 'test')", m);
	wait_for("select calls_now from signalbox.providers_page() where slug = 'o'", "0", 0);
	kill_now(w);
}

/* An operator asks one of two workers to end: it finishes what it runs, and the other goes on. */
static void test_drain(void **state)
{
	(void)state;
	pid_t first = worker("--concurrency", "1", NULL);
	const char *m = say("o", "slow [[words=60 rate=30]]");
	wait_for("select count(*) from signalbox.running", "1", 0);
	pid_t second = worker("--concurrency", "1", NULL);
	EXPECT_ERR(ERR_NOT_FOUND, "select signalbox.drain_worker('" NOBODY "', 'test')");
	q("select signalbox.drain_worker((select worker_id from signalbox.running), 'test')");
	assert_int_equal(wait_exit(first, 15), 0);
	assert_string_equal(status_of(m), "completed");
	EXPECT("1", "select count(*) from signalbox.workers where ended_at is null");
	const char *next = say("o", "next [[rate=0]]");
	wait_for(text("select processing_status from signalbox.ai_messages where uuid = '%s'", next), "completed", 0);
	EXPECT("1",
	       "select count(*) from signalbox.attempts where message_id = (select id from signalbox.ai_messages where uuid = '%s')",
	       m);
	EXPECT("drain_worker test", "select action || ' ' || actor from signalbox.operator_log order by id desc limit 1");
	q("set role signalbox_viewer");
	EXPECT_ERR(ERR_REFUSED,
	           "select signalbox.drain_worker((select id from signalbox.workers where ended_at is null), 'test')");
	q("reset role");
	kill_now(second);
}

#define T(test) cmocka_unit_test_setup_teardown(test, scene_up, scene_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_percentiles),
		T(test_folding),
		T(test_spending),
		T(test_costs_are_of_their_minute),
		T(test_budgets_are_numbers),
		T(test_an_agents_troubles),
		T(test_what_is_under_way),
		T(test_drain),
	};
	return world_end(cmocka_run_group_tests_name("views", tests, world_up, world_down));
}
