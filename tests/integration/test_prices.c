/*
 * Why: what is billed is worth what the price list is worth. Lists are long, are made by others, and hold thresholds, tiers, ranges and mistakes: each must
 * end in a price that is right or in a reason why there is none. tests/prices/list.json has every shape; by_hand.sql reads it without our functions.
 */
#include "tests/lib/harness/harness.h"

#define ONE "11111111-1111-1111-1111-111111111111"
#define LIST "tests/prices/list.json"

static const char *file(const char *path)
{
	static char buf[65536];
	FILE *f = fopen(path, "re");
	assert_non_null(f);
	size_t n = fread(buf, 1, sizeof buf - 1, f);
	fclose(f);
	assert_in_range(n, 1, sizeof buf - 2);
	buf[n] = '\0';
	return text("%s", buf);
}

static int prices_up(void **state)
{
	scene_up(state);
	q("select signalbox.worker_hello('" ONE "', 'one', '0', 999, null, '60 s')");
	q("delete from signalbox.model_prices");
	q("select signalbox.provider_set('ranges', '{\"protocol\": \"openai\", \"base_url\": \"http://localhost\"}', 'test')");
	q("drop table if exists public.list, public.report, public.calls, public.booked, public.bill");
	q("create table public.list as select $list$%s$list$::jsonb as doc", file(LIST));
	return 0;
}

/* The list, or one entry of it that a test makes up. */
static void import_list(void)
{
	q("drop table if exists public.report");
	q("create table public.report as select i.* from public.list, signalbox.import_prices(doc, 'the list', '2026-01-01', null, null, 'test') i");
}

static const char *import_entry(const char *entry)
{
	return q(
		"select imported || ' ' || left_out from signalbox.import_prices('{\"one\": %s}', 'an entry', '2026-01-01', null, null, 'test')",
		entry);
}

/* usage: input, cached, written, written for an hour, output; and then reasoning, audio in and out, the tier, as far as they matter. */
static const char *price(const char *model, const char *usage)
{
	static const char *const REST[] = { "0", "0", "0", "0", "0", "0", "0", "null" };
	char *all = text("%s", usage);
	size_t n = 0;
	for (const char *c = usage; *c != '\0'; c++)
		n += *c == ',';
	for (; n < ARRAY_SIZE(REST); n++)
		all = text("%s, %s", all, REST[n]);
	return q("select signalbox.price(p, %s) from signalbox.model_prices p where p.provider || p.model in ('%s', 'ranges%s')",
	         all, model, model);
}

struct priced {
	const char *model, *usage, *pico;
};

static void check(const struct priced *cases, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		const char *got = price(cases[i].model, cases[i].usage);
		if (strcmp(got, cases[i].pico) != 0)
			fail_msg("%s (%s) costs %s, not %s", cases[i].model, cases[i].usage, got, cases[i].pico);
	}
}

/* More input than a threshold names: the whole call, and every kind of price that the list has for it. */
static void test_thresholds(void **state)
{
	(void)state;
	static const struct priced CASES[] = {
		{ "hours", "200000, 0, 0, 0, 10", "600150000000" },
		{ "hours", "200001, 0, 0, 0, 10", "1200231000000" },
		{ "hours", "200001, 200001, 0, 0, 0", "120000600000" },
		{ "hours", "200001, 0, 200001, 0, 0", "1500007500000" },
		{ "hours", "200001, 0, 200001, 200001, 0", "2400012000000" },
		{ "hours", "200000, 0, 200000, 200000, 0", "1200000000000" },
		/* 7.5 for an hour too, rather than the 6 that hold for short calls */
		{ "hour-forgotten", "200001, 0, 200001, 200001, 0", "1500007500000" },
		{ "stairs", "32000, 0, 0, 0, 1", "32004000000" },
		{ "stairs", "32001, 0, 0, 0, 1", "48005500000" },
		{ "stairs", "128001, 1, 0, 0, 1", "256008100000" },
		{ "stairs", "256001, 1, 0, 0, 1", "512012400000" },
		{ "served", "272001, 0, 0, 0, 1", "2992056000000" },
	};
	import_list();
	check(CASES, ARRAY_SIZE(CASES));
}

/* What the provider says that it served; a threshold counts before a tier, where the list does not name both. */
static void test_tiers(void **state)
{
	(void)state;
	static const struct priced CASES[] = {
		{ "served", "100, 50, 10, 0, 10, 0, 0, 0, null", "587500000" },
		{ "served", "100, 50, 10, 0, 10, 0, 0, 0, 'default'", "587500000" },
		{ "served", "100, 50, 10, 0, 10, 0, 0, 0, 'flex'", "293750000" },
		{ "served", "100, 50, 0, 0, 10, 0, 0, 0, 'Priority'", "1150000000" },
		{ "served", "300000, 0, 0, 0, 10, 0, 0, 0, 'flex'", "3300450000000" },
		{ "served-long", "200000, 0, 0, 0, 1, 0, 0, 0, 'priority'", "720021600000" },
		{ "served-long", "200001, 1, 0, 0, 1, 0, 0, 0, 'priority'", "1440033120000" },
		{ "served-long", "200001, 1, 0, 0, 1, 0, 0, 0, 'flex'", "800018400000" },
		/* batches are not ours */
		{ "plain", "10, 0, 0, 0, 10, 0, 0, 0, 'batches'", "180000000" },
	};
	import_list();
	check(CASES, ARRAY_SIZE(CASES));
}

static void test_reasoning(void **state)
{
	(void)state;
	static const struct priced CASES[] = {
		{ "thinks", "10, 0, 0, 0, 10, 4", "36000000" },
		{ "thinks", "10, 0, 0, 0, 4, 10", "45000000" }, /* more than was said: no credit */
		{ "plain", "10, 0, 0, 0, 10, 4", "180000000" },
		/* listed as output is, and dearer with it */
		{ "thinks-served", "0, 0, 0, 0, 10, 4, 0, 0, 'priority'", "45000000" },
		{ "both", "32000, 0, 0, 0, 10, 4", "12823200000" },
		{ "both", "32001, 1, 0, 0, 10, 4", "25646480000" },
		{ "both", "256001, 1, 0, 0, 10, 4", "307269680000" },
		{ "half", "1000, 0, 0, 0, 1", "401600000" },
		{ "half", "1001, 0, 0, 0, 1", "802400000" },
	};
	import_list();
	check(CASES, ARRAY_SIZE(CASES));
}

/* Audio by its own price, or unknown; never as text. */
static void test_audio(void **state)
{
	(void)state;
	static const struct priced CASES[] = {
		{ "hears", "100, 0, 0, 0, 20, 0, 60, 15", "3750000000" },
		{ "hears", "100, 0, 0, 0, 20, 0, 0, 0", "450000000" },
		{ "plain", "100, 0, 0, 0, 20, 0, 1, 0", "(null)" },
		{ "plain", "100, 0, 0, 0, 20, 0, 0, 1", "(null)" },
		{ "hears-only", "100, 0, 0, 0, 20, 0, 100, 0", "150000000" },
		{ "hears-only", "100, 0, 0, 0, 20, 0, 100, 0, 'priority'", "230000000" },
		{ "hears-only", "100, 0, 0, 0, 20, 0, 100, 1", "(null)" },
	};
	import_list();
	check(CASES, ARRAY_SIZE(CASES));
}

/* What the list does not say is unknown; nothing costs nothing. And what it says in a string, or by halves of a millionth, counts. */
static void test_unknown(void **state)
{
	(void)state;
	static const struct priced CASES[] = {
		{ "embeds", "1000, 0, 0, 0, 0", "20000000" },
		{ "embeds", "1000, 0, 0, 0, 1", "(null)" },
		{ "embeds", "1000, 1, 0, 0, 1", "(null)" },
		{ "embeds-null", "1000, 0, 0, 0, 1", "(null)" },
		{ "gift", "1000, 0, 0, 0, 1000", "0" },
		{ "in-words", "1000, 0, 0, 0, 10", "3150000000" },
		{ "in-words", "128001, 0, 0, 0, 0", "768006000000" },
		{ "fine", "10, 1, 0, 0, 10", "2011116" }, /* 9 * 1235 + 1 + 10 * 200000 */
		{ "hit", "10, 10, 0, 0, 0", "700000" },
		{ "hit-twice", "10, 10, 0, 0, 0", "280000" },
		{ "plain", "null, 0, 0, 0, 0", "(null)" },
		{ "plain", "0, 0, 0, 0, null", "(null)" },
	};
	import_list();
	check(CASES, ARRAY_SIZE(CASES));
	/* Nobody spends by a price that is half known, and is told so. */
	q("select signalbox.agent_set('o', '{\"model\": \"embeds\", \"budget_day\": \"100\"}', 'test')");
	const char *m = say("o", "x");
	EXPECT("0", "select count(*) from signalbox.claim('" ONE "', 9, '300 s')");
	EXPECT("budget", "select signalbox.message_status('%s') ->> 'waits_for'", m);
	EXPECT("f", "select has_price::text::char(1) from signalbox.routes_page() where agent = 'o'");
	EXPECT("t", "select signalbox.queue_status() ->> 'alerts' like '%%a budget and a model without a price%%'");
}

/* By name, and why; the others are imported. */
static void test_report(void **state)
{
	(void)state;
	import_list();
	EXPECT("21 14", "select imported || ' ' || passed_over from public.report");
	EXPECT("21", "select count(*) from signalbox.model_prices");
	EXPECT("draws has no price of input tokens; "
	       "huge input_cost_per_token is no price of a token: not a number of dollars from 0 to 1; "
	       "negative output_cost_per_token is no price of a token: not a number of dollars from 0 to 1; "
	       "nested cache_read_input_token_cost is no price of a token: not a number of dollars from 0 to 1; "
	       "number is not an object of fields; "
	       "only-served has no price of input tokens; "
	       "per-million input_cost_per_token is no price of a token: not a number of dollars from 0 to 1; "
	       "ranges/ has no name; "
	       "ranges/gap tiered_pricing has ranges of input tokens that do not follow one another; "
	       "ranges/none tiered_pricing has ranges of input tokens that do not follow one another; "
	       "sample_spec explains the form, and is no model; "
	       "stranger/model is of a vendor that is no provider here; "
	       "undated valid_from is no day; "
	       "wordy input_cost_per_token is no price of a token: not a number of dollars from 0 to 1",
	       "select string_agg(concat_ws(' ', x.model, x.reason), '; ' order by x.model collate \"C\") from public.report, "
	       "jsonb_to_recordset(left_out) x(model text, what text, reason text) where x.what = 'entry'");
	EXPECT("hears cache_read_input_audio_token_cost what is cached is not counted apart; "
	       "plain input_cost_per_image not a price of tokens of text or audio; "
	       "plain input_cost_per_token_batches a price of batches, which are not sent; "
	       "plain output_cost_per_token_batches a price of batches, which are not sent; "
	       "plain search_context_cost_per_query not a price of tokens of text or audio; "
	       "served input_cost_per_token_above_272k_tokens_batches a price of batches, which are not sent",
	       "select string_agg(concat_ws(' ', x.model, x.what, x.reason), '; ' order by x.model, x.what) from public.report, "
	       "jsonb_to_recordset(left_out) x(model text, what text, reason text) where x.what <> 'entry'");
	EXPECT("128000 t",
	       "select context_tokens || ' ' || has_tools::text::char(1) from signalbox.model_prices where model = 'plain'");
	EXPECT("(null)", "select context_tokens from signalbox.model_prices where model = 'wide'");
	/* What nobody knows here is said, not guessed. */
	assert_string_equal(
		import_entry("{\"input_cost_per_token\": 1e-06, \"input_cost_per_token_ultrafast\": 1e-05}"),
		"1 [{\"what\": \"input_cost_per_token_ultrafast\", \"model\": \"one\", \"reason\": \"not a price that is known here\"}]");
	/* Two names for one: always the same one, and the other is told. */
	EXPECT("1 1 2000000",
	       "select imported || ' ' || passed_over || ' ' || (left_out -> 0 ->> 'model' = 'ranges/a')::int * 2000000 from signalbox.import_prices("
	       "'{\"ranges/a\": {\"litellm_provider\": \"ranges\", \"input_cost_per_token\": 1e-06}, \"a\": {\"litellm_provider\": \"ranges\", "
	       "\"input_cost_per_token\": 2e-06}}', 'twice', '2026-01-01', 'ranges', 'ranges', 'test')");
	EXPECT("2000000", "select input_pico from signalbox.model_prices where model = 'a'");
	EXPECT_ERR(ERR_BAD_INPUT, "select signalbox.import_prices('[]', 'x', now()::date, null, null, 'test')");
}

/* The command says the same. */
static void test_command(void **state)
{
	(void)state;
	assert_int_equal(run(bin("signalbox"), "prices", "import", LIST, "--json", NULL), 0);
	EXPECT("21 14 t",
	       "select concat_ws(' ', x ->> 'imported', x ->> 'passed_over', (jsonb_array_length(x -> 'left_out') = 20)::text::char(1)) from "
	       "(select (regexp_match($log$%s$log$, '\\{\"imported.*\\}'))[1]::jsonb as x) y",
	       file(text("%s/run.log", W.dir)));
	assert_int_equal(run(bin("signalbox"), "prices", "import", LIST, NULL), 0);
	const char *said = file(text("%s/run.log", W.dir));
	assert_non_null(strstr(said, "21 imported, 14 left out\n"));
	assert_non_null(strstr(
		said,
		"      2  tiered_pricing has ranges of input tokens that do not follow one another: ranges/gap, ranges/none\n"));
	assert_non_null(strstr(said, "imported, but not billed by:\n      1  "));
	assert_int_equal(run(bin("signalbox"), "prices", "served", NULL), 0);
	said = strstr(file(text("%s/run.log", W.dir)), "imported, but not billed by:");
	assert_non_null(said);
	assert_non_null(strstr(said, "\n  flex above 272000 "));
	assert_non_null(strstr(
		said,
		"\n  above 272000                                                   11          1         45  write 12.5\n"));
	assert_int_equal(run(bin("signalbox"), "prices", "embeds", NULL), 0);
	assert_non_null(strstr(file(text("%s/run.log", W.dir)), "unknown"));
}

/* A reservation is for the dearest that a call may become. */
static void test_budget(void **state)
{
	(void)state;
	static const char WORST[] = "select signalbox.worst_case(id, 1000) from signalbox.agents where slug = 'o'";
	import_list();
	q("select signalbox.agent_set('o', '{\"model\": \"served\", \"max_tokens\": \"10\"}', 'test')");
	EXPECT("13100000000", WORST); /* 1000 * 12.5 (written, above 272k) + 10 * 60 (priority) */
	q("select signalbox.agent_set('o', '{\"model\": \"both\", \"provider\": \"ranges\"}', 'test')");
	EXPECT("1320000000", WORST); /* 1000 * 1.2 + 10 * 12 (reasoning, above 256k) */
	q("select signalbox.agent_set('o', '{\"model\": \"hears\", \"provider\": \"o\"}', 'test')");
	EXPECT("3300000000", WORST); /* text is sent; what comes back may be sound */
	q("select signalbox.agent_set('o', '{\"intent_model\": \"o:embeds\", \"intents\": \"a: the first\\nb: the other\"}', 'test')");
	EXPECT("(null)", WORST); /* its answer has no price */
	q("select signalbox.agent_set('o', '{\"intent_model\": \"embed:o:embeds\"}', 'test')");
	EXPECT("t",
	       "select signalbox.worst_case(id, 1000) between 3300000000 + 17000 * 20000 and 3300000000 + 18000 * 20000 from signalbox.agents where slug = 'o'");
	q("select signalbox.agent_set('o', '{\"model\": \"embeds\"}', 'test')");
	EXPECT("(null)", WORST); /* nor has this one's */
	q("select signalbox.agent_set('o', '{\"model\": \"hears\"}', 'test')");
	/* A price that is mistaken by many zeros stops nobody else. */
	q("update signalbox.model_prices set input_pico = 9000000000000000000 where model = 'embeds'");
	EXPECT("9000000000000000000", WORST);
}

/* A variant that no call could be priced by is refused where it comes in, not where it is used. */
static void test_guard(void **state)
{
	(void)state;
	static const char *const BAD[] = {
		"{}",
		"[5]",
		"[{\"input_pico\": -1}]",
		"[{\"input_pico\": 1.5}]",
		"[{\"input_pico\": \"1\"}]",
		"[{\"input_pico\": null}]",
		"[{\"above\": \"200000\"}]",
		"[{\"above\": 1e10}]",
		"[{\"tier\": 1}]",
		"[{\"model\": \"x\"}]",
		"[{\"valid_from\": 1}]",
		"[{\"output_pico\": 1e19}]",
		"[{\"input_pico\": 1}, {\"long_pico\": 1}]",
		"[[{\"input_pico\": -1}]]",
	};
	for (size_t i = 0; i < ARRAY_SIZE(BAD); i++)
		if (q_err("insert into signalbox.model_prices (model, valid_from, input_pico, source, variants) values ('bad', '2026-01-01', 1, 'test', '%s')",
		          BAD[i]) == ERR_OK)
			fail_msg("%s is taken for prices", BAD[i]);
	q("insert into signalbox.model_prices (model, valid_from, input_pico, source, variants) values ('good', '2026-01-01', 1, 'test', "
	  "'[{\"tier\": \"flex\", \"above\": 0, \"audio_output_pico\": 5}, {\"above\": 128000, \"cache_write_1h_pico\": 5}]')");
}

/* Down and up again, a threshold is what it was. */
static void test_way_down(void **state)
{
	(void)state;
	import_list();
	const char *before = price("served", "272001, 5, 0, 0, 10"), *below = price("served", "272000, 5, 0, 0, 10");
	assert_int_equal(run(bin("signalbox"), "migrate", "--to", "9", "--yes", NULL), 0);
	EXPECT("272001 11000000 45000000 1000000",
	       "select concat_ws(' ', long_tokens, long_input_pico, long_output_pico, long_cache_read_pico) from signalbox.model_prices where model = 'served'");
	EXPECT("0", "select count(*) from signalbox.model_prices where model like 'embeds%%'"); /* unknown is never 0 */
	assert_int_equal(run(bin("signalbox"), "migrate", NULL), 0);
	assert_string_equal(price("served", "272001, 5, 0, 0, 10"), before);
	assert_string_equal(price("served", "272000, 5, 0, 0, 10"), below);
}

/* 200 calls of everything, booked as a worker books them: each and their sum are what the list says. And what is stored of a call is enough to say it again. */
static void test_bill_by_hand(void **state)
{
	(void)state;
	import_list();
	q("%s", file("tests/prices/draw.sql"));
	q("select count(*) from generate_series(1, 200) i, signalbox.dispatch('o', 'bill ' || i)");
	EXPECT("200", "select count(*) from signalbox.claim('" ONE "', 200, '300 s')");
	q("create table public.booked as select row_number() over (order by message_id)::int as n, message_id, job_id from signalbox.queue");
	q("select signalbox.cancel(m.uuid, 'test') from public.calls c join public.booked using (n) join signalbox.ai_messages m on m.id = message_id where c.way = 'late'");
	q("select count(*) from signalbox.settle('" ONE "', (select records from (%s) x), 3, '0 s')",
	  file("tests/prices/book.sql"));
	q("%s", file("tests/prices/by_hand.sql"));
	EXPECT("200", "select count(*) from public.bill");
	EXPECT("",
	       "select coalesce(string_agg(format('%%s %%s: ours %%s, by hand %%s', c.n, c.key, k.cost_pico, b.pico), '; '), '') from public.calls c "
	       "join public.bill b using (n) join public.booked using (n) full join signalbox.ai_costs k using (message_id) "
	       "where k.cost_pico is distinct from b.pico or c.n is null");
	EXPECT(q("select sum(pico)::bigint || ' ' || count(*) filter (where pico is null) from public.bill"),
	       "select sum(cost_pico) || ' ' || count(*) filter (where cost_pico is null) from signalbox.ai_costs");
	EXPECT(q("select sum(pico)::bigint || ' ' || count(*) filter (where pico is null) from public.bill"),
	       "select sum(cost_pico) || ' ' || sum(cost_unknown) from signalbox.stats_minute");
	EXPECT("0",
	       "select count(*) from public.calls c join public.booked using (n) join signalbox.ai_costs k using (message_id) where (c.service_tier, c.tokens_audio_in, "
	       "c.tokens_audio_out, c.tokens_reasoning) is distinct from (k.service_tier, k.tokens_audio_in, k.tokens_audio_out, k.tokens_reasoning)");
	EXPECT("0", "select n from signalbox.reprice(now() - interval '1 h', true, 0, false, 'test')");
	/* Something of everything was in it. */
	EXPECT("t t t t t t t t t",
	       "select concat_ws(' ', left((count(distinct c.key) > 15)::text, 1), left((count(*) filter (where tokens_cached > 0) > 30)::text, 1), "
	       "left((count(*) filter (where tokens_cache_write_1h > 0) > 20)::text, 1), left((count(*) filter (where lower(service_tier) in ('flex', 'priority')) > 30)::text, 1), "
	       "left((count(*) filter (where tokens_input > 272000) > 20)::text, 1), left((count(*) filter (where b.pico is null) between 5 and 80)::text, 1), "
	       "left((count(*) filter (where tokens_reasoning > 0) > 30)::text, 1), left((count(*) filter (where way = 'before' and c.key like 'served%%' and lower(service_tier) in ('flex', 'priority')) > 1)::text, 1), "
	       "left((count(*) filter (where way = 'late' and c.key like 'served%%' and lower(service_tier) in ('flex', 'priority')) > 1)::text, 1)) "
	       "from public.calls c join public.bill b using (n)");
	/* A list that was wrong: the same calls, each by its own tier and threshold again. */
	q("update public.list set doc = jsonb_set(doc, '{served,input_cost_per_token_priority}', '2e-05')");
	import_list();
	q("drop table public.bill");
	q("%s", file("tests/prices/by_hand.sql"));
	q("select signalbox.reprice(now() - interval '1 h', true, 0, true, 'test')");
	EXPECT(q("select sum(pico)::bigint from public.bill"), "select sum(cost_pico) from signalbox.ai_costs");
	EXPECT("t", "select count(*) > 0 from signalbox.operator_log where action = 'reprice'");
}

/* What a price depends on is kept with the call. */
static void test_kept(void **state)
{
	(void)state;
	import_list();
	say("o", "x");
	EXPECT("1", "select count(*) from signalbox.claim('" ONE "', 1, '300 s')");
	q("select signalbox.settle('" ONE
	  "', (select json_agg(json_build_object('message_id', message_id, 'job_id', job_id, 'outcome', 'completed', 'content', 'x', 'was_called', true, "
	  "'provider', 'o', 'model', 'served', 'tokens_prompt', 10, 'tokens_completion', 10, 'service_tier', 'flex', 'tokens_audio_in', 0, 'tokens_audio_out', 0)) "
	  "from signalbox.queue), 3, '0 s')");
	EXPECT("175000000 flex 0 0",
	       "select concat_ws(' ', cost_pico, service_tier, tokens_audio_in, tokens_audio_out) from signalbox.ai_costs");
	EXPECT("175000000", "select cost_pico from signalbox.attempts");
}

#define T(test) cmocka_unit_test_setup_teardown(test, prices_up, scene_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_thresholds), T(test_tiers),  T(test_reasoning), T(test_audio),    T(test_unknown),      T(test_report),
		T(test_command),    T(test_budget), T(test_guard),     T(test_way_down), T(test_bill_by_hand), T(test_kept),
	};
	return world_end(cmocka_run_group_tests_name("prices", tests, world_up, world_down));
}
