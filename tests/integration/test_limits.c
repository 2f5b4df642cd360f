/*
 * Why: who may be called and what may be spent is decided in the database for the whole fleet. A breaker that lets two probes through, a budget that
 * parallel claims overspend, or a reservation that a crash forgets are found here, with the test as two workers.
 */
#include "tests/lib/harness/harness.h"

#define ONE "11111111-1111-1111-1111-111111111111"
#define TWO "22222222-2222-2222-2222-222222222222"

static int limits_up(void **state)
{
	scene_up(state);
	q("select signalbox.worker_hello('" ONE "', 'one', '0', 99, null, '60 s'), signalbox.worker_hello('" TWO
	  "', 'two', '0', 99, null, '60 s')");
	q("delete from signalbox.model_prices where source = 'test'");
	q("insert into signalbox.model_prices (model, valid_from, input_pico, output_pico, source) values ('priced', '2026-01-01', 1000000, 10000000, 'test')");
	return 0;
}

static const char *claimed(const char *worker, int slots)
{
	return q("select count(*) from signalbox.claim('%s', %d, '300 s')", worker, slots);
}

static const char *taken(const char *worker, int slots)
{
	return q("select coalesce(string_agg(coalesce(routes::text, 'own'), ';'), '') from signalbox.take('%s', %d, '300 s')",
	         worker, slots);
}

static const char *waits(const char *message)
{
	return q("select signalbox.message_status('%s') ->> 'waits_for'", message);
}

static const char *breaker(void)
{
	return q("select coalesce(string_agg(state, ' '), 'none') from signalbox.breakers");
}

/* n calls of the model, of which so many failed. */
static void report(const char *worker, int n, int errors)
{
	q("select * from signalbox.report_calls('%s', '[{\"provider\": \"o\", \"model\": \"practice\", \"key_env\": \"\", \"calls\": %d, \"errors\": %d, "
	  "\"class\": \"overloaded\", \"detail\": \"HTTP 529\"}]')",
	  worker, n, errors);
}

static void settle_all(const char *worker, const char *outcome, const char *more)
{
	q("select signalbox.settle('%s', (select json_agg(json_build_object('message_id', message_id, 'job_id', job_id, 'outcome', '%s', 'content', 'x')::jsonb "
	  "|| '%s'::jsonb) from signalbox.queue where state = 'running'), 3, '0 s')",
	  worker, outcome, more);
}

static void let_time_pass(void)
{
	q("update signalbox.breakers set until = now() - interval '1 s', probe_until = probe_until - interval '1 h'");
}

static void test_opens_at_half(void **state)
{
	(void)state;
	const char *m = say("o", "x");
	report(ONE, 4, 4);
	assert_string_equal(breaker(), "none"); /* too few */
	report(TWO, 1, 0);
	assert_string_equal(breaker(), "none"); /* not all */
	report(TWO, 5, 0);
	report(ONE, 1, 0);
	report(ONE, 1, 1);
	assert_string_equal(breaker(), "none"); /* 5 of 12 */
	report(TWO, 2, 2);
	assert_string_equal(breaker(), "open"); /* 7 of 14, over both workers */
	assert_string_equal(waits(m), "breaker");
	assert_string_equal(claimed(ONE, 9), "0");
	EXPECT("1",
	       "select count(*) from jsonb_array_elements(signalbox.queue_status() -> 'alerts') a where a ->> 'name' = 'breaker'");
	EXPECT("opened", "select string_agg(event, ' ' order by id) from signalbox.breaker_events");
}

static void test_one_probe_in_the_fleet(void **state)
{
	(void)state;
	for (int i = 0; i < 6; i++)
		say("o", text("m%d", i));
	report(ONE, 5, 5);
	assert_string_equal(claimed(ONE, 9), "0");
	let_time_pass();
	const char *first = taken(ONE, 9);
	assert_non_null(strstr(first, "\"probe\" : true"));
	assert_null(strchr(first, ';')); /* one message */
	assert_string_equal(taken(TWO, 9), "");
	const char *job = q("select job_id from signalbox.queue where state = 'running'");
	q("select * from signalbox.report_calls('" ONE
	  "', '[{\"provider\": \"o\", \"model\": \"practice\", \"calls\": 0, \"errors\": 0, \"probe\": \"%s\", "
	  "\"is_ok\": false, \"class\": \"overloaded\", \"detail\": \"HTTP 529\"}]')",
	  job);
	settle_all(ONE, "released", "{}");
	assert_string_equal(claimed(TWO, 9), "0"); /* open for another minute */
	let_time_pass();
	assert_non_null(strstr(taken(TWO, 9), "\"probe\" : true"));
	job = q("select job_id from signalbox.queue where state = 'running'");
	q("select * from signalbox.report_calls('" TWO
	  "', '[{\"provider\": \"o\", \"model\": \"practice\", \"calls\": 1, \"errors\": 0, \"probe\": \"%s\", "
	  "\"is_ok\": true}]')",
	  job);
	assert_string_equal(breaker(), "closed");
	assert_string_equal(claimed(ONE, 9), "5");
	EXPECT("opened probe probe closed", "select string_agg(event, ' ' order by id) from signalbox.breaker_events");
}

/* Two agents wait for the same provider: each could send one message, the breaker lets one through. */
static void test_one_probe_for_two_agents(void **state)
{
	(void)state;
	q("select signalbox.agent_set('twin', '{\"provider\": \"o\", \"model\": \"practice\"}', 'test')");
	say("o", "x");
	say("twin", "y");
	report(ONE, 5, 5);
	let_time_pass();
	EXPECT("1 1",
	       "select count(*) filter (where r ->> 'probe' = 'true') || ' ' || count(r ->> 'skip') from signalbox.take('" ONE
	       "', 9, '300 s') t cross join json_array_elements(t.routes) r");
}

/* A worker that settles its probe and dies before it says what became of the call: another may try in seconds, not in minutes. */
static void test_settled_probe(void **state)
{
	(void)state;
	say("o", "x");
	say("o", "y");
	report(ONE, 5, 5);
	let_time_pass();
	assert_non_null(strstr(taken(ONE, 9), "\"probe\" : true"));
	EXPECT("t", "select probe_until > now() + interval '4 min' from signalbox.breakers");
	settle_all(ONE, "completed", "{}");
	EXPECT("t", "select probe_until between now() and now() + interval '10 s' from signalbox.breakers");
	assert_string_equal(claimed(TWO, 9), "0"); /* its verdict may still come */
	q("update signalbox.breakers set probe_until = now()");
	assert_non_null(strstr(taken(TWO, 9), "\"probe\" : true"));
	settle_all(TWO, "completed", "{}");
}

/* A worker that dies with the probe does not keep it. */
static void test_lost_probe(void **state)
{
	(void)state;
	say("o", "a");
	report(ONE, 5, 5);
	let_time_pass();
	assert_non_null(strstr(taken(ONE, 1), "\"probe\" : true"));
	settle_all(ONE, "released", "{}");
	assert_string_equal(claimed(TWO, 9), "0");
	let_time_pass();
	assert_non_null(strstr(taken(TWO, 9), "\"probe\" : true"));
}

static void test_chain_goes_on(void **state)
{
	(void)state;
	EXPECT_ERR(ERR_NOT_FOUND, "select signalbox.agent_set('o', '{\"chain\": \"nobody:model\"}', 'test')");
	EXPECT_ERR(ERR_BAD_INPUT, "select signalbox.agent_set('o', '{\"chain\": \"model\"}', 'test')");
	q("select signalbox.agent_set('o', '{\"chain\": \"a:llama3.2:3b, a:other\"}', 'test')");
	EXPECT("o practice;a llama3.2:3b;a other",
	       "select string_agg(provider || ' ' || model, ';' order by ord) from signalbox.routes where agent_id = 1");
	const char *m = say("o", "x");
	report(ONE, 5, 5);
	EXPECT("(null)", "select signalbox.message_status('%s') ->> 'waits_for'", m); /* the others are free */
	const char *routes = taken(ONE, 9);
	EXPECT("overloaded - -", "select string_agg(coalesce(r ->> 'skip', '-'), ' ') from json_array_elements('%s') r", routes);
}

static void test_forced(void **state)
{
	(void)state;
	const char *m = say("o", "x");
	q("select signalbox.provider_set('o', '{\"breaker\": \"open\"}', 'test')");
	assert_string_equal(waits(m), "breaker");
	let_time_pass();
	assert_string_equal(claimed(ONE, 9), "0"); /* no probe either */
	q("select signalbox.provider_set('o', '{\"breaker\": \"closed\"}', 'test')");
	report(ONE, 9, 9);
	assert_string_equal(claimed(ONE, 9), "1");
	settle_all(ONE, "released", "{}");
	q("select signalbox.provider_set('o', '{\"breaker\": \"auto\"}', 'test')");
	q("delete from signalbox.breaker_counts");
	report(ONE, 9, 9);
	assert_string_equal(claimed(ONE, 9), "0");
	EXPECT_ERR(ERR_BAD_INPUT, "select signalbox.provider_set('o', '{\"breaker\": \"ajar\"}', 'test')");
}

static void test_parked_key(void **state)
{
	(void)state;
	q("select signalbox.provider_set('o', '{\"key_env\": \"THE_KEY\"}', 'test'), signalbox.provider_set('a', '{\"key_env\": \"THE_KEY\"}', 'test')");
	const char *m = say("o", "x");
	q("select * from signalbox.report_calls('" ONE
	  "', '[{\"provider\": \"o\", \"model\": \"practice\", \"key_env\": \"THE_KEY\", \"calls\": 0, \"errors\": 0, "
	  "\"park_ms\": 60000, \"park_key\": true, \"class\": \"auth\", \"detail\": \"HTTP 401\"}]')");
	assert_string_equal(waits(m), "breaker");
	q("select signalbox.agent_set('o', '{\"model\": \"another\"}', 'test')");
	assert_string_equal(waits(m), "breaker"); /* whatever the model */
	q("select signalbox.provider_set('o', '{\"key_env\": \"NEW_KEY\"}', 'test')");
	assert_string_equal(claimed(ONE, 9), "1");
}

static void test_daily_tokens(void **state)
{
	(void)state;
	static const char USED[] = "select * from signalbox.report_calls('" ONE
				   "', '[{\"provider\": \"o\", \"model\": \"practice\", \"key_env\": \"\", "
				   "\"calls\": 1, \"errors\": 0, \"tokens\": %d}]')";
	EXPECT_ERR(ERR_BAD_INPUT, "select signalbox.provider_set('o', '{\"timezone\": \"Mars/Base\"}', 'test')");
	q("select signalbox.provider_set('o', '{\"daily_tokens\": \"1000\", \"timezone\": \"Asia/Tokyo\"}', 'test')");
	const char *m = say("o", "x");
	q(USED, 999);
	assert_string_equal(breaker(), "none");
	q(USED, 1);
	assert_string_equal(breaker(), "parked");
	assert_string_equal(waits(m), "breaker");
	EXPECT("00:00:00", "select (until at time zone 'Asia/Tokyo')::time(0) from signalbox.breakers"); /* its own midnight */
	EXPECT("1000", "select tokens_today from signalbox.providers_page() where slug = 'o'");
	let_time_pass();
	assert_string_equal(claimed(ONE, 9), "1"); /* no probe: the day is another */
}

static void set_budget(const char *day)
{
	q("select signalbox.agent_set('o', '{\"model\": \"priced\", \"budget_day\": \"%s\", \"max_tokens\": \"1000\"}', 'test')",
	  day);
}

#define SPENT_OR_RESERVED                                                                                                                    \
	"select (select coalesce(sum(cost_pico), 0) from signalbox.ai_costs) + (select coalesce(sum(pico), 0) from signalbox.reservations) " \
	"<= 1000000000000"

/* A dollar, calls of at most about a cent each: however they are claimed, no more than a dollar is promised, and what is not used is there again. */
static void test_budget_holds_in_parallel(void **state)
{
	(void)state;
	set_budget("1");
	for (int i = 0; i < 300; i++)
		say("o", text("message %d", i));
	int64_t started = 0;
	for (int round = 0; round < 8; round++) {
		started += atoll(claimed(round % 2 == 0 ? ONE : TWO, 64));
		EXPECT("t", SPENT_OR_RESERVED);
	}
	assert_in_range(started, 70, 99);
	EXPECT("budget", "select signalbox.waits_for(q) from signalbox.queue q where state = 'ready' limit 1");
	EXPECT("CRIT",
	       "select a ->> 'level' from jsonb_array_elements(signalbox.queue_status() -> 'alerts') a where a ->> 'name' = 'budget'");
	/* Each used a tenth of what was reserved: the rest may start. */
	settle_all(
		ONE, "completed",
		"{\"was_called\": true, \"provider\": \"o\", \"model\": \"priced\", \"tokens_prompt\": 10, \"tokens_completion\": 100}");
	EXPECT("0", "select count(*) from signalbox.reservations");
	assert_in_range(atoll(claimed(TWO, 200)), 60, 200);
	EXPECT("t", SPENT_OR_RESERVED);
}

static void test_budget_needs_a_price(void **state)
{
	(void)state;
	q("select signalbox.agent_set('o', '{\"model\": \"of unknown price\", \"budget_month\": \"100\"}', 'test')");
	const char *m = say("o", "x");
	assert_string_equal(claimed(ONE, 9), "0");
	assert_string_equal(waits(m), "budget");
	q("insert into signalbox.model_prices (model, valid_from, input_pico, output_pico, source) values ('of unknown price', '2026-01-01', 1, 1, 'test')");
	assert_string_equal(claimed(ONE, 9), "1");
	EXPECT("4096", "select signalbox.call_tokens(a) from signalbox.agents a where slug = 'o'"); /* every call has a limit */
}

/* An agent at its budget stands in nobody's way. */
static void test_budget_is_the_agents_own(void **state)
{
	(void)state;
	set_budget("0");
	say("o", "held");
	say("a", "free");
	assert_string_equal(claimed(ONE, 1), "1");
	EXPECT("a", "select slug from signalbox.agents a join signalbox.queue q on q.agent_id = a.id where q.state = 'running'");
}

#define BUDGET_ALERT                                                                                                                             \
	"select coalesce((select (a ->> 'level') || ' ' || (a ->> 'message') from jsonb_array_elements(signalbox.queue_status() -> 'alerts') a " \
	"where a ->> 'name' = 'budget'), '')"

/* Whoever looks is told what holds an agent: its money, a missing price, or not its money at all. */
static void test_what_holds_is_said(void **state)
{
	(void)state;
	q("update signalbox.model_prices set input_pico = 1, output_pico = 300000000 where model = 'priced'"); /* 30 cents a call */
	set_budget("0.5");
	say_in("o", "t", "runs");
	say_in("o", "t", "waits for its session");
	assert_string_equal(claimed(ONE, 9), "1");
	EXPECT("ok", "select state from signalbox.agents_page() where slug = 'o'");
	EXPECT("", BUDGET_ALERT); /* 60 % */
	say("o", "waits for money");
	EXPECT("held", "select state from signalbox.agents_page() where slug = 'o'");
	EXPECT("CRIT agent o: 60 % of its day's budget is spent or reserved; its messages wait", BUDGET_ALERT);
	EXPECT("held", "select state from signalbox.queue_page() where waits_for = 'budget'");
	q("update signalbox.agents set budget_day = 0, budget_soft = 90 where slug = 'o'");
	EXPECT("CRIT agent o: 100 % of its day's budget is spent or reserved; its messages wait", BUDGET_ALERT);
	EXPECT("o priced free t",
	       "select provider || ' ' || model || ' ' || state || ' ' || has_price::text::char(1) from signalbox.routes_page() where agent = 'o'");
	q("delete from signalbox.model_prices where source = 'test'");
	q("update signalbox.agents set budget_day = 100 where slug = 'o'");
	EXPECT("CRIT agent o: has a budget and a model without a price; its messages wait", BUDGET_ALERT);
	q("select signalbox.provider_set('o', '{\"breaker\": \"open\"}', 'test')");
	EXPECT("held forced f",
	       "select state || ' ' || reason || ' ' || has_price::text::char(1) from signalbox.routes_page() where agent = 'o'");
	EXPECT("parked", "select state from signalbox.agents_page() where slug = 'o'");
	EXPECT("59s 3m05s 5h12m",
	       "select signalbox.short_span('59 s') || ' ' || signalbox.short_span('185 s') || ' ' || signalbox.short_span('5:12')");
}

/* A worker is killed, a message is cancelled: what was reserved stays until somebody says what was used, or nobody does. */
static void test_reservation_survives(void **state)
{
	(void)state;
	set_budget("1");
	const char *killed = say("o", "killed"), *cancelled = say("o", "cancelled");
	assert_string_equal(claimed(ONE, 9), "2");
	const char *late = q("select job_id from signalbox.ai_messages where uuid = '%s'", cancelled);
	q("select signalbox.cancel('%s', 'test')", cancelled);
	EXPECT("2", "select count(*) from signalbox.reservations");
	leases_run_out("where id = '" ONE "'");
	q("select signalbox.tick()");
	assert_string_equal(status_of(killed), "queued");
	EXPECT("2",
	       "select count(*) from signalbox.reservations where until between now() + interval '90 s' and now() + interval '130 s'");
	q("select signalbox.settle('" ONE
	  "', (select json_build_array(json_build_object('message_id', id, 'job_id', '%s'::uuid, 'outcome', 'gone', 'was_called', true, "
	  "'provider', 'o', 'model', 'priced', 'tokens_prompt', 7, 'tokens_completion', 3, 'generation_ms', 5)) from signalbox.ai_messages where uuid = '%s'), 3, '0 s')",
	  late, cancelled);
	EXPECT("1", "select count(*) from signalbox.reservations");
	EXPECT("37000000 false", "select cost_pico || ' ' || is_estimated from signalbox.ai_costs");
	q("update signalbox.reservations set until = now() - interval '1 s'");
	q("select signalbox.forget()");
	EXPECT("0", "select count(*) from signalbox.reservations");
	EXPECT("1 t",
	       "select count(*) || ' ' || bool_and(cost_pico > 0)::text::char(1) from signalbox.ai_costs where is_estimated");
	EXPECT("t", "select sum(c.cost_pico) = (select sum(cost_pico) from signalbox.stats_minute) from signalbox.ai_costs c");
}

/* The whole bill of a call: plain, cached, written to the cache, long. The vendor's own figure for the second is $0.054399. */
static void test_prices(void **state)
{
	(void)state;
	q("insert into signalbox.model_prices (model, valid_from, input_pico, output_pico, cache_read_pico, cache_write_pico, cache_write_1h_pico, variants, "
	  "source) values ('sonnet', '2026-01-01', 3000000, 15000000, 300000, 3750000, 6000000, "
	  "'[{\"above\": 199999, \"input_pico\": 6000000, \"output_pico\": 22500000}]', 'test')");
	static const struct {
		const char *usage, *pico;
	} CASES[] = {
		{ "1000, 0, 0, 0, 100", "4500000000" },     { "12307, 0, 12304, 0, 550", "54399000000" },
		{ "1000, 400, 300, 100, 0", "2370000000" }, /* 300*3 + 400*0.3 + 200*3.75 + 100*6 */
		{ "200000, 0, 0, 0, 10", "1200225000000" }, { "199999, 0, 0, 0, 10", "600147000000" },
		{ "10, null, null, null, null", "(null)" }, { "null, null, null, null, 10", "(null)" },
		{ "10, 1000, 0, 0, 0", "300000000" }, /* more of it cached than there was: no credit */
	};
	for (size_t i = 0; i < ARRAY_SIZE(CASES); i++)
		EXPECT(CASES[i].pico,
		       "select signalbox.price(p, %s, 0, 0, 0, null) from signalbox.model_prices p where model = 'sonnet'",
		       CASES[i].usage);
	q("update signalbox.model_prices set variants = '[{\"above\": 1, \"output_pico\": 1000000000000000}]' where model = 'sonnet'");
	EXPECT("9000000000000000000",
	       "select signalbox.price(p, 2147483647, 0, 0, 0, 2147483647, 0, 0, 0, null) from signalbox.model_prices p where model = 'sonnet'");
}

/* The list that we ship, as it is; then a correction; then what could not be priced before. */
static void test_price_lists(void **state)
{
	(void)state;
	q("delete from signalbox.model_prices");
	q("select signalbox.agent_set('o', '{\"model\": \"gpt-5-mini\", \"type\": \"b2b\"}', 'test')");
	const char *m = say("o", "x");
	assert_string_equal(claimed(ONE, 9), "1");
	settle_all(
		ONE, "completed",
		"{\"was_called\": true, \"provider\": \"o\", \"model\": \"gpt-5-mini\", \"tokens_prompt\": 1000, \"tokens_completion\": 10, "
		"\"tokens_cached\": 200}");
	EXPECT("(null)", "select signalbox.message_status('%s') ->> 'cost_usd'", m);
	EXPECT("1", "select sum(cost_unknown) from signalbox.stats_minute");
	assert_int_equal(run(bin("signalbox"), "prices", "import", "sql/prices.json", NULL), 0);
	EXPECT("14",
	       "select count(*) from signalbox.model_prices"); /* of the vendors with plain names; there is no provider gemini */
	assert_int_equal(run(bin("signalbox"), "prices", "import", "sql/prices.json", "--vendor", "gemini", NULL), 0);
	EXPECT("{\"above\": 200000, \"input_pico\": 4000000, \"output_pico\": 18000000, \"cache_read_pico\": 400000}",
	       "select variants ->> 0 from signalbox.model_prices where model = 'gemini-3-pro'");
	assert_int_equal(run(bin("signalbox"), "prices", "apply", NULL), 0);
	EXPECT("(null)", "select cost_pico from signalbox.ai_costs"); /* only said */
	assert_int_equal(run(bin("signalbox"), "prices", "apply", "--yes", NULL), 0);
	EXPECT("225000000", "select cost_pico from signalbox.ai_costs"); /* 800 * 0.25 + 200 * 0.025 + 10 * 2, a million */
	EXPECT("225000000", "select cost_pico from signalbox.attempts");
	EXPECT("225000000 0", "select sum(cost_pico) || ' ' || sum(cost_unknown) from signalbox.stats_minute");
	EXPECT("0.000225", "select signalbox.message_status('%s') ->> 'cost_usd'", m);
	EXPECT("b2b 1 0.000225",
	       "select key || ' ' || calls || ' ' || cost_usd from signalbox.costs_page(now() - interval '1 h', 'type')");
	EXPECT_ERR(ERR_BAD_INPUT, "select signalbox.costs_page(now(), 'agent; drop table x')");
	/* A price that was wrong: later calls have the new one, earlier ones only when asked. */
	q("select signalbox.prices_import('{\"gpt-5-mini\": {\"input_cost_per_token\": 1e-06, \"output_cost_per_token\": 2e-06}}', 'a letter', "
	  "(now() at time zone 'UTC')::date, null, null, 'test')");
	EXPECT("0", "select n from signalbox.reprice(now() - interval '1 h', false, 0, true, 'test')");
	EXPECT("1 0.000795",
	       "select n || ' ' || change_usd from signalbox.reprice(now() - interval '1 h', true, 0, true, 'test')");
	EXPECT("1020000000", "select sum(cost_pico) from signalbox.stats_minute");
	EXPECT("2", "select count(*) from signalbox.model_prices where model = 'gpt-5-mini'");
	EXPECT_ERR(ERR_BAD_INPUT, "select signalbox.prices_import('[]', 'x', now()::date, null, null, 'test')");
}

/* A message that waits for its agent's rate, or for a breaker, is not expected before that ends. */
static void test_told_until_when(void **state)
{
	(void)state;
	q("select signalbox.agent_set('o', '{\"rate_limit_per_min\": \"2\"}', 'test')");
	say("o", "1");
	say("o", "2");
	const char *m = say("o", "3");
	assert_string_equal(claimed(ONE, 9), "2");
	q("update signalbox.starts set started_at = started_at - interval '21 s'");
	settle_all(ONE, "completed", "{}");
	assert_string_equal(waits(m), "rate");
	EXPECT("t", "select (signalbox.message_status('%s') ->> 'eta_seconds')::numeric between 35 and 45", m);
	EXPECT("t", "select eta_seconds between 35 and 45 from signalbox.queue_page() where waits_for = 'rate'");
	report(ONE, 5, 5);
	EXPECT("t", "select signalbox.held_until(1, 'breaker') between now() + interval '50 s' and now() + interval '61 s'");
}

/* What a provider said in its own words comes back with the conversation, byte for byte. */
static void test_own_words(void **state)
{
	(void)state;
	static const char OWN[] = "[{\"type\":\"thinking\",  \"signature\":\"Es+/==\"},{\"type\":\"text\",\"text\":\"x\"}]";
	q("select message_id from signalbox.dispatch('o', 'first', user_id => 'u', thread_key => 't')");
	assert_string_equal(claimed(ONE, 1), "1");
	settle_all(ONE, "completed",
	           text("{\"own_protocol\": \"anthropic\", \"own_turn\": %s}", q("select to_json('%s'::text)", OWN)));
	q("select message_id from signalbox.dispatch('o', 'second', user_id => 'u', thread_key => 't')");
	const char *turns = q("select turns from signalbox.take('" ONE "', 1, '300 s')");
	EXPECT(OWN, "select $x$%s$x$::json -> 1 ->> 3", turns);
	EXPECT("user first|assistant x anthropic|user second",
	       "select string_agg(concat_ws(' ', t ->> 0, t ->> 1, t ->> 2), '|') from json_array_elements($x$%s$x$::json) t",
	       turns);
}

static void test_tokens_a_minute(void **state)
{
	(void)state;
	q("select signalbox.agent_set('o', '{\"tokens_per_min\": \"100\"}', 'test')");
	const char *m = say("o", "x");
	assert_string_equal(claimed(ONE, 9), "1");
	settle_all(
		ONE, "completed",
		"{\"was_called\": true, \"provider\": \"o\", \"model\": \"practice\", \"tokens_prompt\": 90, \"tokens_completion\": 10}");
	m = say("o", "y");
	assert_string_equal(waits(m), "rate");
	assert_string_equal(claimed(ONE, 9), "0");
	q("update signalbox.stats_minute set minute = minute - interval '2 min'");
	assert_string_equal(claimed(ONE, 9), "1");
}

/* One agent's absurd limits stop nobody else, and are no reason to spend. */
static void test_absurd_limits(void **state)
{
	(void)state;
	q("insert into signalbox.model_prices (model, valid_from, input_pico, output_pico, source) values ('absurd', '2026-01-01', 1, 10000000000, 'test')");
	q("select signalbox.agent_set('o', '{\"model\": \"absurd\", \"budget_day\": \"1\", \"max_tokens\": \"2147483647\"}', 'test')");
	const char *m = say("o", "held");
	say("a", "free");
	assert_string_equal(claimed(ONE, 9), "1");
	assert_string_equal(waits(m), "budget");
}

/* Each byte of what is sent counts. */
static void test_long_prompts(void **state)
{
	(void)state;
	set_budget("1");
	q("select signalbox.agent_set('o', jsonb_build_object('system_prompt', repeat('x', 1000000)), 'test')");
	const char *m = say("o", "ten dollars");
	assert_string_equal(waits(m), "budget");
	assert_string_equal(claimed(ONE, 9), "0");
	q("select signalbox.agent_set('o', '{\"system_prompt\": null}', 'test')");
	assert_string_equal(claimed(ONE, 9), "1");
}

/* Of what was spent before midnight (UTC) a day's budget knows nothing, and a month's of the month before; what is under way counts on either side.
 * */
static void test_midnight(void **state)
{
	(void)state;
	q("select signalbox.agent_set('o', '{\"model\": \"priced\", \"max_tokens\": \"1000\", \"budget_day\": \"1\", \"budget_month\": \"5\"}', 'test')");
	q("insert into signalbox.stats_day (day, agent_id, cost_pico) select d, 1, 4000000000000 from unnest(array["
	  "date_trunc('day', now(), 'UTC') - interval '1 day', date_trunc('month', now(), 'UTC') - interval '1 s']) x(d)");
	EXPECT("1000000000000", "select signalbox.money_left(1)::bigint");
	q("insert into signalbox.stats_day (day, agent_id, cost_pico) values (date_trunc('month', now(), 'UTC'), 1, 4500000000000) "
	  "on conflict (day, agent_id) do update set cost_pico = 4500000000000");
	EXPECT("t", "select signalbox.money_left(1) <= 500000000000");
	q("truncate signalbox.stats_day");
	say("o", "under way at midnight");
	assert_string_equal(claimed(ONE, 9), "1");
	q("update signalbox.queue set changed_at = changed_at - interval '1 day'");
	EXPECT("t", "select signalbox.money_left(1) between 980000000000 and 999999999999");
	settle_all(
		ONE, "completed",
		"{\"was_called\": true, \"provider\": \"o\", \"model\": \"priced\", \"tokens_prompt\": 10, \"tokens_completion\": 100}");
	EXPECT("998990000000", "select signalbox.money_left(1)::bigint");
	/* Lowered below what is reserved: nothing more starts, and nothing breaks. */
	say("o", "reserved");
	assert_string_equal(claimed(ONE, 9), "1");
	set_budget("0.001");
	const char *m = say("o", "later");
	assert_string_equal(claimed(TWO, 9), "0");
	assert_string_equal(waits(m), "budget");
	settle_all(ONE, "released", "{}");
	EXPECT("0", "select count(*) from signalbox.reservations");
}

/* The provider that calls no model costs nothing, so that it can stand in a chain that has a budget. */
static void test_null_is_free(void **state)
{
	(void)state;
	q("select signalbox.provider_set('nobody', '{\"protocol\": \"null\", \"base_url\": \"http://localhost\"}', 'test')");
	q("select signalbox.agent_set('n', '{\"provider\": \"nobody\", \"model\": \"none\", \"budget_day\": \"1\"}', 'test')");
	say("n", "x");
	assert_string_equal(claimed(ONE, 9), "1");
	set_budget("1");
	q("select signalbox.agent_set('o', '{\"chain\": \"nobody:none\"}', 'test')");
	say("o", "x");
	assert_string_equal(claimed(ONE, 9), "1");
	EXPECT("0 t", "select min(pico) || ' ' || (max(pico) > 1000000)::text::char(1) from signalbox.reservations");
}

/* A quota's day is the provider's: yesterday's tokens are not today's. */
static void test_quota_midnight(void **state)
{
	(void)state;
	q("select signalbox.provider_set('o', '{\"daily_tokens\": \"1000\"}', 'test')");
	q("insert into signalbox.provider_days select id, (now() at time zone 'UTC')::date - 1, '" ONE
	  "', 5000 from signalbox.providers where slug = 'o'");
	q("select * from signalbox.report_calls('" ONE
	  "', '[{\"provider\": \"o\", \"model\": \"practice\", \"calls\": 1, \"tokens\": 600}]')");
	assert_string_equal(breaker(), "none");
	q("select * from signalbox.report_calls('" TWO
	  "', '[{\"provider\": \"o\", \"model\": \"practice\", \"calls\": 1, \"tokens\": 600}]')");
	assert_string_equal(breaker(), "parked");
	EXPECT("t",
	       "select until - date_trunc('day', now(), 'UTC') between '1 day' and interval '1 day 1 s' from signalbox.breakers");
}

/* Who died with a probe in its hands is not waited for longer than for any other message. */
static void test_probe_of_the_dead(void **state)
{
	(void)state;
	say("o", "x");
	report(ONE, 5, 5);
	let_time_pass();
	assert_non_null(strstr(taken(ONE, 1), "\"probe\" : true"));
	leases_run_out("where id = '" ONE "'");
	q("select signalbox.tick()");
	assert_non_null(strstr(taken(TWO, 9), "\"probe\" : true"));
}

#define T(test) cmocka_unit_test_setup_teardown(test, limits_up, scene_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_opens_at_half),
		T(test_one_probe_in_the_fleet),
		T(test_one_probe_for_two_agents),
		T(test_settled_probe),
		T(test_lost_probe),
		T(test_chain_goes_on),
		T(test_forced),
		T(test_parked_key),
		T(test_daily_tokens),
		T(test_budget_holds_in_parallel),
		T(test_budget_needs_a_price),
		T(test_budget_is_the_agents_own),
		T(test_what_holds_is_said),
		T(test_reservation_survives),
		T(test_prices),
		T(test_price_lists),
		T(test_told_until_when),
		T(test_own_words),
		T(test_tokens_a_minute),
		T(test_absurd_limits),
		T(test_long_prompts),
		T(test_midnight),
		T(test_quota_midnight),
		T(test_null_is_free),
		T(test_probe_of_the_dead),
	};
	return world_end(cmocka_run_group_tests_name("limits", tests, world_up, world_down));
}
