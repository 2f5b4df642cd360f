/*
 * Why: what happens after a failed call decides whether a message is answered late, twice, by the wrong one, or not at all, and whether anybody
 * can tell afterwards. Real workers call a chain of four scripted providers, each with its own protocol and its own trouble.
 */
#include <stdlib.h>

#include "tests/lib/harness/harness.h"

#define QUICK \
	"--lease", "2s", "--poll", "100ms", "--backoff", "100ms", "--retries", "3", "--retry-wait", "20ms", "--patience", "1s"

static const char *const NAMES[] = { "one", "two", "three", "four" }, *const PROTOCOLS[] = { "openai", "anthropic", "gemini",
	                                                                                     "ollama" };

static int routes_up(void **state)
{
	scene_up(state);
	for (size_t i = 0; i < ARRAY_SIZE(NAMES); i++)
		provider(NAMES[i], PROTOCOLS[i]);
	q("select signalbox.provider_set('one', '{\"key_env\": \"ONE_API_KEY\"}', 'test')");
	setenv("ONE_API_KEY", "not a real key", 1);
	q("select signalbox.agent_set('c', '{\"provider\": \"one\", \"model\": \"m1\", \"chain\": \"two:m2 three:m3 four:m4\"}', 'test')");
	forget_log();
	return 0;
}

static const char *ended(const char *message, const char *status)
{
	wait_for(text("select processing_status from signalbox.ai_messages where uuid = '%s'", message), status, 20);
	return message;
}

/* Of the message's attempts, in order. */
static const char *of_attempts(const char *message, const char *what)
{
	return q(
		"select string_agg(coalesce((%s)::text, '-'), ' ' order by a.number) from signalbox.attempts a join signalbox.ai_messages m "
		"on m.id = a.message_id where m.uuid = '%s'",
		what, message);
}

/* "one:overloaded one:overloaded two": what failed of the last attempt, then who answered. */
static const char *story(const char *message)
{
	return q(
		"select concat_ws(' ', (select string_agg(x ->> 'provider' || ':' || (x ->> 'class'), ' ' order by ord) from jsonb_array_elements(a.chain) "
		"with ordinality c(x, ord)), case when a.outcome = 'completed' then a.provider end) from signalbox.attempts a "
		"join signalbox.ai_messages m on m.id = a.message_id where m.uuid = '%s' order by a.number desc limit 1",
		message);
}

static int asked(const char *name)
{
	load_log();
	return atoi(q("select count(*) from public.asked where name = '%s'", name));
}

static void wait_asked(const char *name, int n)
{
	int64_t until = 0;
	while (asked(name) < n)
		if (!again(&until, 0))
			fail_msg("%s was asked %d times, not %d", name, asked(name), n);
}

static const char *breaker(void)
{
	return q(
		"select coalesce(string_agg(concat_ws(' ', provider, nullif(model, ''), nullif(key_env, ''), state), ', '), 'none') "
		"from signalbox.breakers where state <> 'closed'");
}

/* The agent calls each of its routes again, however many there are. */
static void persists(void)
{
	q("select signalbox.agent_set('c', '{\"retries\": \"3\"}', 'test')");
}

/* As delivered: one quick call more, then whoever is there, also where the first asks for a wait that would be sat out. Waits are so long here
 * that a test which meets one does not end. */
static void test_somebody_else_is_there(void **state)
{
	(void)state;
	worker("--lease", "2s", "--poll", "100ms", "--retries", "3", "--retry-wait", "60s", "--first-byte-timeout", "600s", NULL);
	meets("one", "status=500");
	assert_string_equal(story(ended(say("c", "away"), "completed")), "one:server_error one:server_error two");
	assert_int_equal(asked("one"), 2);
	forget_log();
	meets("one", "status=429 retry_after=5");
	assert_string_equal(story(ended(say("c", "busy for five seconds"), "completed")), "one:rate_limited two");
	/* Whom nobody can stand in for is waited for. */
	q("delete from signalbox.breakers");
	q("delete from signalbox.breaker_counts");
	forget_log();
	q("select signalbox.agent_set('c', '{\"chain\": null}', 'test')");
	meets("one", "status=429 retry_after=0.7");
	const char *m = say("c", "nobody else");
	wait_asked("one", 1);
	meets("one", "");
	assert_string_equal(story(ended(m, "completed")), "one:rate_limited one");
}

/* Who is silent is left at the first byte's time-out, which an agent may set, and is not called a second time. */
static void test_silence(void **state)
{
	(void)state;
	worker("--lease", "2s", "--poll", "100ms", "--retries", "3", "--first-byte-timeout", "600s", NULL);
	q("select signalbox.agent_set('c', '{\"first_byte_timeout\": \"250ms\"}', 'test')");
	EXPECT_ERR(ERR_BAD_INPUT, "select signalbox.agent_set('c', '{\"first_byte_timeout\": \"1ms\"}', 'test')");
	EXPECT_ERR(ERR_BAD_INPUT, "select signalbox.agent_set('c', '{\"first_byte_timeout\": \"soon\"}', 'test')");
	EXPECT_ERR(ERR_BAD_INPUT, "select signalbox.agent_set('c', '{\"retries\": \"11\"}', 'test')");
	EXPECT_ERR(ERR_BAD_INPUT, "select signalbox.agent_set('c', '{\"retries\": \"-1\"}', 'test')");
	meets("one", "hang");
	assert_string_equal(story(ended(say("c", "silence"), "completed")), "one:timeout_ttft two");
	assert_int_equal(asked("one"), 1);
	/* Unless the agent says that it is. */
	q("select signalbox.agent_set('c', '{\"retries\": \"1\"}', 'test')");
	forget_log();
	assert_string_equal(story(ended(say("c", "silence again"), "completed")), "one:timeout_ttft one:timeout_ttft two");
	q("select signalbox.agent_set('c', '{\"retries\": \"0\"}', 'test')");
	forget_log();
	meets("one", "status=500");
	assert_string_equal(story(ended(say("c", "no second call"), "completed")), "one:server_error two");
}

static void test_waits_as_long_as_told(void **state)
{
	(void)state;
	worker(QUICK, NULL);
	persists();
	meets("one", "status=429 retry_after=0.7");
	const char *m = say("c", "a short wait");
	wait_asked("one", 1);
	meets("one", "");
	assert_string_equal(story(ended(m, "completed")), "one:rate_limited one");
	EXPECT("700", "select chain #>> '{0,wait_ms}' from signalbox.attempts");
	assert_int_equal(asked("one"), 2);
	assert_int_equal(asked("two"), 0);
	EXPECT("t", "select max(at_us) - min(at_us) >= 650000 from public.asked");
	assert_string_equal(breaker(), "none");
}

static void test_does_not_wait_that_long(void **state)
{
	(void)state;
	worker(QUICK, NULL);
	meets("one", "status=429 retry_after=30");
	assert_string_equal(story(ended(say("c", "a long wait"), "completed")), "one:rate_limited two");
	EXPECT("t",
	       "select processing_completed_at - processing_started_at < '5 s' from signalbox.ai_messages where role = 'assistant'");
	wait_for("select count(*) from signalbox.breakers where state = 'parked' and provider = 'one' and model = 'm1' "
	         "and until between now() + interval '20 s' and now() + interval '30 s'",
	         "1", 0);
	worker(QUICK, NULL);
	for (int i = 0; i < 6; i++)
		assert_string_equal(story(ended(say("c", text("next %d", i)), "completed")), "one:breaker_open two");
	assert_int_equal(asked("one"), 1); /* whichever worker had them */
	meets("one", "");
	q("update signalbox.breakers set until = now()");
	assert_string_equal(story(ended(say("c", "the wait is over"), "completed")), "one");
}

static void test_trouble_goes_on_to_the_next(void **state)
{
	(void)state;
	static const struct {
		const char *script, *class;
	} TROUBLES[] = { { "status=529", "overloaded" },
		         { "hang", "timeout_ttft" },
		         { "end=0", "truncated" },
		         { "cut=0", "truncated" },
		         { "errormid=0", "server_error" },
		         { "malformed", "bad_reply" },
		         { "errormid=0 overloaded", "overloaded" } };
	worker(QUICK, "--retries", "1", "--first-byte-timeout", "300ms", NULL);
	for (size_t i = 0; i < ARRAY_SIZE(TROUBLES); i++) {
		forget_log();
		meets("one", TROUBLES[i].script);
		const char *m = ended(say("c", text("trouble %zu", i)), "completed"), *class = TROUBLES[i].class;
		bool is_silent = strcmp(class, "timeout_ttft") == 0;
		assert_string_equal(story(m), is_silent ? text("one:%s two", class) : text("one:%s one:%s two", class, class));
		assert_string_equal(of_attempts(m, "a.outcome"), "completed");
		assert_int_equal(asked("one"), is_silent ? 1 : 2);
		assert_int_equal(asked("two"), 1);
		q("delete from signalbox.breaker_counts");
	}
}

static void test_each_route_has_its_calls(void **state)
{
	(void)state;
	worker(QUICK, "--retries", "1", NULL);
	meets("one", "status=529");
	meets("two", "status=529");
	assert_string_equal(story(ended(say("c", "two are away"), "completed")),
	                    "one:overloaded one:overloaded two:overloaded two:overloaded three");
}

static void test_wait_doubles(void **state)
{
	(void)state;
	worker(QUICK, "--retry-wait", "300ms", "--patience", "5s", NULL);
	persists();
	assert_string_equal(story(ended(say("c", "[[fail=3]] thrice"), "completed")),
	                    "one:server_error one:server_error one:server_error one");
	load_log(); /* half of the wait may be jitter, and sleeps end with the engine's next turn, up to 250 ms late */
	EXPECT("t t t",
	       "select string_agg((gap > 147000 * 2 ^ (r - 2))::text::char(1), ' ' order by r) from "
	       "(select row_number() over w as r, at_us - lag(at_us) over w as gap from public.asked window w as (order by n)) x where r > 1");
}

/* What was said may have been seen: no other provider goes on with it. */
static void test_cut_starts_again(void **state)
{
	(void)state;
	worker(QUICK, NULL);
	meets("one", "cut=40 words=80");
	const char *m = say("c", "cut");
	wait_for("select count(*) from signalbox.attempts where outcome = 'retry'", "1", 0);
	const char *first = q("select job_id from signalbox.attempts");
	meets("one", "");
	assert_string_equal(of_attempts(ended(m, "completed"), "a.outcome"), "retry completed");
	assert_string_equal(of_attempts(m, "cardinality(string_to_array(trim(a.said), ' '))"), "40 -");
	EXPECT("t", "select job_id <> '%s' from signalbox.ai_messages where uuid = '%s'", first, m);
	EXPECT("[practice] No model wrote this. You said: cut", "select content from signalbox.ai_messages where uuid = '%s'", m);
	assert_int_equal(asked("one"), 2);
	assert_int_equal(asked("two"), 0);
}

static void test_cut_is_kept(void **state)
{
	(void)state;
	q("select signalbox.agent_set('c', '{\"on_cut\": \"keep\"}', 'test')");
	worker(QUICK, NULL);
	meets("one", "cut=40 words=80");
	const char *m = ended(say("c", "cut"), "failed");
	assert_string_equal(of_attempts(m, "a.outcome"), "failed");
	assert_string_equal(of_attempts(m, "cardinality(string_to_array(trim(a.said), ' '))"), "40");
	assert_string_equal(q("select content from signalbox.ai_messages where uuid = '%s'", m), "");
	EXPECT("t", "select processing_error like 'truncated: %%' from signalbox.ai_messages where uuid = '%s'", m);
	assert_int_equal(asked("one"), 1);
	assert_int_equal(asked("two"), 0);
}

/* The first of the chain will never answer it; that is no reason to give up when the second broke off. */
static void test_cut_after_a_refusal(void **state)
{
	(void)state;
	worker(QUICK, NULL);
	meets("one", "toolong");
	meets("two", "cut=40 words=80");
	const char *m = say("c", "cut");
	wait_asked("two", 1);
	meets("two", "");
	assert_string_equal(of_attempts(ended(m, "completed"), "a.outcome"), "retry completed");
	assert_string_equal(story(m), "one:context_too_long two");
}

/* One call was reserved, and one that streamed may be billed: the next of the chain has its turn in the next attempt. */
static void test_budget_and_chain(void **state)
{
	(void)state;
	q("insert into signalbox.model_prices (model, valid_from, input_pico, output_pico, source) "
	  "select 'm' || i, '2026-01-01', 1000000, 10000000, 'test' from generate_series(1, 4) i on conflict do nothing");
	q("select signalbox.agent_set('c', '{\"budget_day\": \"100\"}', 'test')");
	worker(QUICK, NULL);
	meets("one", "errormid=0 quota");
	const char *m = ended(say("c", "a refusal inside the stream"), "completed");
	assert_string_equal(of_attempts(m, "a.outcome"), "retry completed");
	assert_string_equal(story(m), "one:breaker_open two");
	EXPECT("2", "select count(*) from signalbox.ai_costs");
	EXPECT("0", "select count(*) from signalbox.reservations");
}

static void test_wrong_keys_are_parked(void **state)
{
	(void)state;
	static const char *const SCRIPTS[] = { "quota", "authfail" }, *const CLASSES[] = { "quota_exhausted", "auth" };
	worker(QUICK, NULL);
	for (size_t i = 0; i < ARRAY_SIZE(SCRIPTS); i++) {
		forget_log();
		meets("one", SCRIPTS[i]);
		assert_string_equal(story(ended(say("c", SCRIPTS[i]), "completed")), text("one:%s two", CLASSES[i]));
		wait_for(
			"select count(*) from signalbox.breakers where state = 'open' and (provider, model, key_env) = ('one', '', 'ONE_API_KEY')",
			"1", 0);
		/* Whatever the model. */
		q("select signalbox.agent_set('c', '{\"model\": \"another\"}', 'test')");
		assert_string_equal(story(ended(say("c", "another model"), "completed")), "one:breaker_open two");
		assert_int_equal(asked("one"), 1);
		q("select signalbox.provider_set('one', '{\"breaker\": \"auto\"}', 'test')");
	}
}

/* Cut to fit, it would only be called wrong by the provider. */
static void test_a_key_too_long(void **state)
{
	(void)state;
	char key[3000];
	memset(key, 'k', sizeof key - 1);
	key[sizeof key - 1] = '\0';
	setenv("ONE_API_KEY", key, 1);
	worker(QUICK, NULL);
	assert_string_equal(story(ended(say("c", "hello"), "completed")), "one:no_key two");
	assert_int_equal(asked("one"), 0);
}

static void test_own_mistakes(void **state)
{
	(void)state;
	worker(QUICK, NULL);
	meets("one", "toolong");
	assert_string_equal(story(ended(say("c", "too long"), "completed")), "one:context_too_long two");
	meets("one", "status=404");
	assert_string_equal(story(ended(say("c", "no such model"), "completed")), "one:model_not_found two");
	assert_int_equal(asked("one"), 2);
	meets("one", "status=400"); /* what one vendor does not take another may */
	for (int i = 0; i < 6; i++)
		assert_string_equal(story(ended(say("c", text("wrong %d", i)), "completed")), "one:bad_request two");
	assert_int_equal(asked("one"), 8);
	assert_int_equal(asked("two"), 8);
	assert_string_equal(breaker(), "none");
}

/* What was wrong with the question says nothing of the provider: no failure, and nothing good to weigh against failures either. */
static void test_refusals_are_no_good_calls(void **state)
{
	(void)state;
	worker(QUICK, "--retries", "0", NULL);
	meets("one", "status=400");
	for (int i = 0; i < 6; i++)
		assert_string_equal(story(ended(say("c", text("wrong %d", i)), "completed")), "one:bad_request two");
	meets("one", "status=529");
	for (int i = 0; i < 5; i++)
		assert_string_equal(story(ended(say("c", text("right %d", i)), "completed")), "one:overloaded two");
	wait_for("select count(*) from signalbox.breakers where provider = 'one' and state = 'open'", "1", 0);
	EXPECT("5 5", "select sum(calls) || ' ' || sum(errors) from signalbox.breaker_counts where provider = 'one'");
}

/* A probe further down the chain is granted with the claim; who has an answer before does not keep it from the others. */
static void test_an_unused_probe_is_given_back(void **state)
{
	(void)state;
	worker(QUICK, NULL);
	q("select signalbox.breaker_hold('two', 'm2', '', 'open', '1 min', 'overloaded', 'test')");
	q("update signalbox.breakers set until = now() - interval '1 s'");
	assert_string_equal(story(ended(say("c", "the first answers"), "completed")), "one");
	EXPECT("opened probe", "select string_agg(event, ' ' order by id) from signalbox.breaker_events");
	wait_for("select state || ' ' || (probe_job is null and probe_until is null)::text from signalbox.breakers", "open true",
	         0);
	assert_int_equal(asked("two"), 0);
	meets("one", "status=529");
	assert_string_equal(story(ended(say("c", "the second does"), "completed")), "one:overloaded one:overloaded two");
	wait_for("select string_agg(event, ' ' order by id) from signalbox.breaker_events where provider = 'two'",
	         "opened probe probe closed", 0);
}

/* In tokens, a quarter of the bytes: the conversation fits alone, but not with the answer that it may get. */
static void test_window_has_room_for_the_answer(void **state)
{
	(void)state;
	q("delete from signalbox.model_prices where source = 'test'");
	q("insert into signalbox.model_prices (model, valid_from, input_pico, output_pico, context_tokens, source) values ('m1', '2026-01-01', 1, 1, 1000, 'test')");
	q("select signalbox.agent_set('c', '{\"max_tokens\": \"900\"}', 'test')");
	worker(QUICK, NULL);
	const char *long_one = text("%0800d", 0);
	assert_string_equal(story(ended(say("c", long_one), "completed")), "one:not_configured two");
	assert_string_equal(story(ended(say("c", "short"), "completed")), "one");
	q("select signalbox.agent_set('c', '{\"max_tokens\": \"700\"}', 'test')");
	assert_string_equal(story(ended(say("c", long_one), "completed")), "one");
}

/* Each in its own protocol, and everything about it is written down. */
static void test_truth_of_an_attempt(void **state)
{
	(void)state;
	worker(QUICK, "--retries", "0", NULL);
	meets("one", "status=500");
	meets("two", "overloaded");
	meets("three", "errormid=0 cached=5");
	const char *m = ended(say("c", "who answers"), "completed");
	assert_string_equal(story(m), "one:server_error two:overloaded three:server_error four");
	load_log();
	EXPECT("openai anthropic gemini ollama", "select string_agg(protocol, ' ' order by n) from public.asked");
	EXPECT("1 m1 practice-%, 2 m2 practice-%, 3 m3 practice-%",
	       "select string_agg(concat_ws(' ', x ->> 'call', x ->> 'model', regexp_replace(x ->> 'request_id', '[0-9]+', '%%')), ', ' order by ord) "
	       "from signalbox.attempts, jsonb_array_elements(chain) with ordinality c(x, ord)");
	EXPECT("t", "select bool_and(x ->> 'request_id' = a.request_id) and count(*) = 3 from signalbox.attempts t, "
	            "jsonb_array_elements(t.chain) x join public.answered a on a.name = x ->> 'provider'");
	EXPECT("t",
	       "select t.request_id = a.request_id and t.model = 'm4' and t.tokens_prompt = a.prompt_tokens and t.tokens_completion = a.completion_tokens "
	       "from signalbox.attempts t join public.answered a on a.name = t.provider");
	EXPECT("false false true", "select string_agg(x ->> 'was_called', ' ' order by ord) from signalbox.attempts, "
	                           "jsonb_array_elements(chain) with ordinality c(x, ord)");
	/* The third streamed before it failed, so that it may be billed. */
	EXPECT("three 3, four 4", "select string_agg(provider || ' ' || call, ', ' order by call) from signalbox.ai_costs");
}

static void test_the_cause_comes_first(void **state)
{
	(void)state;
	static const char *const SCRIPTS[] = { "hang", "authfail", "toolong", "status=529" };
	for (size_t i = 0; i < ARRAY_SIZE(NAMES); i++)
		meets(NAMES[i], SCRIPTS[i]);
	worker(QUICK, "--retries", "0", "--tries", "1", "--first-byte-timeout", "300ms", NULL);
	const char *m = ended(say("c", "nobody answers"), "failed");
	const char *error = q("select processing_error from signalbox.ai_messages where uuid = '%s'", m);
	if (strncmp(error, "timeout_ttft: generate: one: ", 29) != 0 ||
	    strstr(error, "; then two: auth, three: context_too_long, four: overloaded") == NULL)
		fail_msg("%s", error);
	const char *file = text("%s/show.json", W.dir);
	assert_int_equal(run("/bin/sh", "-c", "\"$0\" show $1 --json >$2", bin("signalbox"), m, file, NULL), 0);
	assert_int_equal(run("/bin/sh", "-c",
	                     "grep -q '\"class\": *\"auth\"' $0 && grep -q '\"class\": *\"context_too_long\"' $0 && "
	                     "grep -q '\"class\": *\"timeout_ttft\"' $0 && grep -q 'request_id\": *\"practice-' $0",
	                     file, NULL),
	                 0);
}

#define T(test) cmocka_unit_test_setup_teardown(test, routes_up, scene_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_somebody_else_is_there),
		T(test_silence),
		T(test_waits_as_long_as_told),
		T(test_does_not_wait_that_long),
		T(test_trouble_goes_on_to_the_next),
		T(test_each_route_has_its_calls),
		T(test_wait_doubles),
		T(test_cut_starts_again),
		T(test_cut_is_kept),
		T(test_cut_after_a_refusal),
		T(test_budget_and_chain),
		T(test_wrong_keys_are_parked),
		T(test_a_key_too_long),
		T(test_own_mistakes),
		T(test_refusals_are_no_good_calls),
		T(test_an_unused_probe_is_given_back),
		T(test_window_has_room_for_the_answer),
		T(test_truth_of_an_attempt),
		T(test_the_cause_comes_first),
	};
	return world_end(cmocka_run_group_tests_name("routes", tests, world_up, world_down));
}
