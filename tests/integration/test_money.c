/*
 * Why: what the owner pays is decided by calls that were cut, cancelled, repeated, or made by a worker that died, and by two workers that promise the
 * same dollar. The scripted provider keeps its own books: here they are compared with ours.
 */
#include <stdlib.h>

#include "tests/lib/harness/harness.h"

#define QUICK                                                                                                                 \
	"--lease", "2s", "--poll", "100ms", "--backoff", "50ms", "--retries", "2", "--retry-wait", "5ms", "--patience", "1s", \
		"--concurrency", "32"

static const char *const PROTOCOLS[] = { "ollama", "openai", "anthropic", "gemini" };

static int money_up(void **state)
{
	scene_up(state);
	q("delete from signalbox.model_prices where source = 'test'");
	q("insert into signalbox.model_prices (model, valid_from, input_pico, output_pico, cache_read_pico, variants, source) "
	  "values ('b-ollama', '2026-01-01', 20000, 20000, null, null, 'test'), "
	  "('b-openai', '2026-01-01', 2500000, 10000000, 1250000, null, 'test'), "
	  "('b-anthropic', '2026-01-01', 3000000, 15000000, 300000, null, 'test'), "
	  "('b-gemini', '2026-01-01', 1250000, 10000000, 125000, '[{\"above\": 199, \"input_pico\": 2500000, \"output_pico\": 15000000}]', 'test'), "
	  "('dear', '2026-01-01', 10000000, 100000000, null, null, 'test')");
	for (size_t i = 0; i < ARRAY_SIZE(PROTOCOLS); i++) {
		provider(PROTOCOLS[i], PROTOCOLS[i]);
		q("select signalbox.provider_set('%s', '{\"breaker\": \"closed\"}', 'test')", PROTOCOLS[i]);
	}
	for (size_t i = 0; i < ARRAY_SIZE(PROTOCOLS); i++) {
		const char *p = PROTOCOLS[i], *next = PROTOCOLS[(i + 1) % ARRAY_SIZE(PROTOCOLS)];
		q("select signalbox.agent_set('%s', '{\"provider\": \"%s\", \"model\": \"b-%s\", \"chain\": \"%s:b-%s\"}', 'test')",
		  p, p, p, next, next);
	}
	forget_log();
	return 0;
}

static void all_ended(int seconds)
{
	wait_for(
		"select count(*) from signalbox.ai_messages where role = 'assistant' and processing_status in ('queued', 'processing')",
		"0", seconds);
}

static void run_file(const char *path)
{
	char sql[8192];
	FILE *f = fopen(path, "re");
	assert_non_null(f);
	size_t n = fread(sql, 1, sizeof sql - 1, f);
	fclose(f);
	assert_in_range(n, 1, sizeof sql - 2);
	sql[n] = '\0';
	q("drop table if exists bill");
	q("%s", sql);
}

/* To the last pico-dollar, call by call. */
static void test_the_bill(void **state)
{
	(void)state;
	int n = getenv("TEST_LONG") != NULL ? 10000 : 300;
	worker(QUICK, NULL);
	worker(QUICK, NULL);
	q("select count(*) from generate_series(1, %d) i, signalbox.dispatch((array['ollama', 'openai', 'anthropic', 'gemini'])[1 + i %% 4], "
	  "(array['', '[[cached=17]] ', '[[words=7 cached=9]] ', '[[cut=13 words=9]] ', '[[errormid=3]] ', '[[fail=1 cached=3]] ', '[[fail=2 words=3]] ', "
	  "'[[end=0]] ', '[[nousage words=5]] ', '[[overloaded]] ', '[[end=5 cached=4]] ', '[[cached=11 errormid=0]] ', '[[status=400]] ', '[[whole cached=21]] ', "
	  "'[[split=7]] '])[1 + i %% 15] || 'bill ' || i || repeat(' long', case when i %% 9 = 0 then 400 else 0 end))",
	  n);
	all_ended(n / 10 + 20);
	load_log();
	run_file("tests/integration/bill.sql");
	EXPECT("0", "select count(*) from pg_temp.bill where pico is null");
	EXPECT("",
	       "select coalesce(string_agg(concat_ws(' ', b.name, b.\"end\", b.n, 'ours', c.tokens_input, c.tokens_cached, c.tokens_output, 'bill', b.input, b.cached, b.output), "
	       "', '), '') from (select *, row_number() over (partition by provider, tokens_input, tokens_output, coalesce(tokens_cached, 0), is_estimated) as k from signalbox.ai_costs) c "
	       "full join (select *, row_number() over (partition by name, input, output, cached, is_estimated) as k from pg_temp.bill) b on b.name = c.provider and "
	       "b.input = c.tokens_input and b.output = c.tokens_output and b.cached = coalesce(c.tokens_cached, 0) and b.is_estimated = c.is_estimated and b.k = c.k "
	       "where b.n is null or c.job_id is null");
	EXPECT(q("select sum(pico)::numeric(40, 0) from pg_temp.bill"), "select sum(cost_pico) from signalbox.ai_costs");
	EXPECT(q("select count(*) || ' ' || count(*) filter (where is_estimated) from pg_temp.bill"),
	       "select count(*) || ' ' || count(*) filter (where is_estimated) from signalbox.ai_costs");
	EXPECT("t",
	       "select (select sum(cost_pico) from signalbox.stats_minute) + coalesce((select sum(cost_pico) from signalbox.stats_day), 0) = sum(cost_pico) "
	       "from signalbox.ai_costs");
	/* Something of everything was in it. */
	EXPECT("t t t t",
	       "select concat_ws(' ', (count(*) filter (where cached > 0) > 20)::text::char(1), (count(*) filter (where is_estimated) > 20)::text::char(1), "
	       "(count(*) filter (where input >= 200 and model = 'b-gemini') > 2)::text::char(1), (count(distinct name) = 4)::text::char(1)) from pg_temp.bill");
}

#define SPENT "sum((prompt_tokens * 10 + completion_tokens * 100) / 1000000.0)"

/* The provider's books, not ours, say what was spent. */
static void check_dollar(void)
{
	load_log();
	EXPECT("t", "select coalesce(" SPENT ", 0) <= 1 from public.answered where name = 'openai'");
}

static void test_a_dollar_is_a_dollar(void **state)
{
	(void)state;
	q("select signalbox.agent_set('m', '{\"provider\": \"openai\", \"model\": \"dear\", \"budget_day\": \"1\", \"max_tokens\": \"600\"}', 'test')");
	worker(QUICK, "--concurrency", "6", NULL);
	worker(QUICK, "--concurrency", "6", NULL);
	q("select count(*) from generate_series(1, 64) i, signalbox.dispatch('m', '[[words=590 rate=150]] dollar-' || i || '.')");
	wait_for("select count(*) > 4 from signalbox.running", "t", 0);
	q("select signalbox.cancel(m.uuid, 'test') from signalbox.ai_messages m join signalbox.running r on r.message_id = m.id order by m.id limit 2");
	wait_for("select count(*) from signalbox.attempts where outcome = 'cancelled' and generation_ms is not null", "2", 0);
	check_dollar();
	/* Whichever has more. */
	kill_now((pid_t)atoi(
		q("select split_part(w.name, ':', 2) from signalbox.running r join signalbox.workers w on w.id = r.worker_id "
	          "group by 1 order by count(*) desc limit 1")));
	worker(QUICK, "--concurrency", "6", NULL);
	wait_for("select count(*) > 0 from signalbox.attempts where outcome = 'lost'", "t", 0);
	/* Until nothing more fits. What the dead worker's calls cost is charged when their time is over. */
	wait_for(
		"select (select count(*) from signalbox.running) = 0 and count(*) > 0 from signalbox.queue q where signalbox.waits_for(q) = 'budget'",
		"t", 40);
	check_dollar();
	q("update signalbox.reservations set until = now() - interval '1 s'");
	q("select signalbox.forget()");
	wait_for(
		"select (select count(*) from signalbox.running) = 0 and count(*) > 0 from signalbox.queue q where signalbox.waits_for(q) = 'budget'",
		"t", 40);
	check_dollar();
	EXPECT("0", "select count(*) from signalbox.reservations");
	EXPECT("t", "select coalesce(" SPENT ", 0) > 0.2 from public.answered where name = 'openai'"); /* and it was of use */
	EXPECT("t", "select sum(cost_pico) <= 1000000000000 from signalbox.ai_costs");
}

/* In any minute, however many workers: the provider's own clock says. */
static void check_rate(int limit)
{
	load_log();
	EXPECT("t",
	       "select max(n) <= %d and count(*) >= %d from (select count(*) over (order by at_us range between current row and 60000000 following) as n "
	       "from public.asked) x",
	       limit, limit);
}

static void test_a_rate_is_the_fleets(void **state)
{
	(void)state;
	bool is_long = getenv("TEST_LONG") != NULL;
	q("select signalbox.agent_set('openai', '{\"rate_limit_per_min\": \"20\"}', 'test')");
	for (int i = 0; i < 3; i++)
		worker(QUICK, NULL);
	q("select count(*) from generate_series(1, 90) i, signalbox.dispatch('openai', 'rate ' || i)");
	wait_for("select count(*) from signalbox.starts", "20", 0);
	for (int i = 0; is_long && i < 7; i++)
		q("select pg_sleep(10)");
	wait_for(text("select last_value > %s + 9 from signalbox.claim_seq", q("select last_value from signalbox.claim_seq")),
	         "t", 0); /* claims that get nothing */
	check_rate(20);
	if (is_long) {
		load_log();
		EXPECT("40", "select count(*) from public.asked");
		return;
	}
	/* A minute passes for the half of them. */
	q("update signalbox.starts set started_at = started_at - interval '61 s' where started_at in (select started_at from signalbox.starts order by 1 limit 10)");
	wait_for("select count(*) from signalbox.starts", "30", 0);
	wait_for(text("select last_value > %s + 9 from signalbox.claim_seq", q("select last_value from signalbox.claim_seq")),
	         "t", 0);
	load_log();
	for (int64_t until = 0; atoi(q("select count(*) from public.asked")) < 30 && again(&until, 0);)
		load_log();
	EXPECT(q("select count(*) from signalbox.starts"), "select count(*) from public.asked");
	EXPECT("t", "select count(*) = 20 from signalbox.starts where started_at > now() - interval '60 s'");
}

#define T(test) cmocka_unit_test_setup_teardown(test, money_up, scene_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_the_bill),
		T(test_a_dollar_is_a_dollar),
		T(test_a_rate_is_the_fleets),
	};
	return world_end(cmocka_run_group_tests_name("money", tests, world_up, world_down));
}
