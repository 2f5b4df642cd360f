/*
 * Counters are read by machines that believe them: the text must be exactly Prometheus', sums must be right when many threads count, and
 * no label may make the text invalid or the table grow without bound.
 */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "worker/telemetry/count.h"
#include "worker/telemetry/facts.h"

#define TEST(name) static void name(void **state __attribute__((unused)))

static void assert_text(struct counts *c, const char *expected)
{
	struct strbuf b = STRBUF_INIT(1 << 20);
	counts_write(&c, 1, &b);
	assert_false(b.broken);
	assert_string_equal(strbuf_text(&b), expected);
	strbuf_release(&b);
}

static void assert_has(struct counts *c, const char *line)
{
	struct strbuf b = STRBUF_INIT(1 << 20);
	counts_write(&c, 1, &b);
	if (strstr(strbuf_text(&b), line) == NULL)
		fail_msg("no '%s' in\n%s", line, strbuf_text(&b));
	strbuf_release(&b);
}

TEST(test_text)
{
	struct counts *c = counts_new();
	assert_text(c, "");
	count_add(c, CLAIMS, 2, NULL);
	count_add(c, CLAIMS, -5, NULL); /* a counter never falls */
	count_add(c, LLM_ATTEMPTS, 1, "p", "ok");
	count_add(c, QUEUE_OLDEST, 1500000, NULL);
	count_add(c, QUEUE_OLDEST, 1250000, NULL); /* set, not added */
	assert_text(c,
	            "# HELP signalbox_llm_attempts_total Calls of providers that ended, by error class (ok: none).\n"
	            "# TYPE signalbox_llm_attempts_total counter\nsignalbox_llm_attempts_total{provider=\"p\",class=\"ok\"} 1\n"
	            "# HELP signalbox_claims_total Claims of work that were answered.\n"
	            "# TYPE signalbox_claims_total counter\nsignalbox_claims_total 2\n"
	            "# HELP signalbox_queue_oldest_seconds Age of the oldest message that waits.\n"
	            "# TYPE signalbox_queue_oldest_seconds gauge\nsignalbox_queue_oldest_seconds 1.25\n");
	counts_free(c);
}

TEST(test_money)
{
	struct counts *c = counts_new();
	count_add(c, COST, 1, "a", "p", "m"); /* a pico-dollar is not lost beside a million of dollars */
	count_add(c, COST, 1000000 * INT64_C(1000000000000), "a", "p", "m");
	assert_has(c, "\nagent_cost_total{agent=\"a\",provider=\"p\",model=\"m\"} 1000000.000000000001\n");
	counts_free(c);
}

TEST(test_histogram)
{
	struct counts *c = counts_new();
	count_add(c, CLAIM_SECONDS, 10000, NULL); /* le is "at most" */
	count_add(c, CLAIM_SECONDS, 10001, NULL);
	count_add(c, CLAIM_SECONDS, 9000000000, NULL);
	assert_has(c, "# TYPE signalbox_claim_seconds histogram\n"
	              "signalbox_claim_seconds_bucket{le=\"0.01\"} 1\nsignalbox_claim_seconds_bucket{le=\"0.02\"} 2\n");
	assert_has(c, "signalbox_claim_seconds_bucket{le=\"327.68\"} 2\nsignalbox_claim_seconds_bucket{le=\"+Inf\"} 3\n"
	              "signalbox_claim_seconds_sum 9000.020001\nsignalbox_claim_seconds_count 3\n");
	count_add(c, GEN_AI_TOKENS, 67108865, "chat", "openai", "m", "p", "input");
	assert_has(c, "gen_ai_client_token_usage_bucket{gen_ai_operation_name=\"chat\",gen_ai_provider_name=\"openai\","
	              "gen_ai_request_model=\"m\",provider=\"p\",gen_ai_token_type=\"input\",le=\"67108864\"} 0\n");
	assert_int_equal(count_get(c, CLAIM_SECONDS, NULL), 3);
	counts_free(c);
}

TEST(test_labels)
{
	struct counts *c = counts_new();
	char wide[300];
	memset(wide, 'x', sizeof wide - 1);
	wide[sizeof wide - 1] = '\0';
	memcpy(wide + COUNT_VALUE_MAX - 1, "é", 2); /* cut inside it */
	count_add(c, MESSAGES, 1, "a\"b\\c\nd", wide);
	count_add(c, MESSAGES, 1, "a", "bc");
	count_add(c, MESSAGES, 1, "ab", "c");
	count_add(c, MESSAGES, 1, NULL, "");
	assert_int_equal(count_get(c, MESSAGES, "a", "bc"), 1);
	assert_int_equal(count_get(c, MESSAGES, "none", ""), 1);
	assert_has(c, "{agent=\"none\",outcome=\"\"} 1\n");
	struct strbuf b = STRBUF_INIT(1 << 20);
	counts_write(&c, 1, &b);
	assert_non_null(strstr(strbuf_text(&b), "agent=\"a\\\"b\\\\c"));
	int lines = 0;
	for (const char *p = strbuf_text(&b); *p != '\0'; p++)
		lines += *p == '\n';
	assert_int_equal(lines, 2 + 4); /* the line feed made none */
	strbuf_release(&b);
	counts_free(c);
}

TEST(test_too_many_labels)
{
	struct counts *c = counts_new();
	char agent[20];
	for (int i = 0; i < COUNT_SETS + 50; i++) {
		snprintf(agent, sizeof agent, "agent%d", i);
		count_add(c, TOKENS, 2, agent, "p", "m");
	}
	assert_int_equal(count_get(c, TOKENS, "agent0", "p", "m"), 2);
	assert_int_equal(count_get(c, TOKENS, "agent420", "p", "m"), 0);
	assert_int_equal(count_get(c, TOKENS, "_other", "_other", "_other"), 100);
	count_add(c, TOKENS, 1, "agent399", "p", "m"); /* the known ones go on */
	assert_int_equal(count_get(c, TOKENS, "agent399", "p", "m"), 3);
	count_add(c, ERRORS, 1, "agent420", "p", "m"); /* and each family has its own room */
	assert_int_equal(count_get(c, ERRORS, "agent420", "p", "m"), 1);
	counts_free(c);
}

static void *count_many(void *arg)
{
	struct counts *c = arg;
	char agent[20];
	for (int i = 0; i < 20000; i++) {
		snprintf(agent, sizeof agent, "a%d", i % 500);
		count_add(c, TOKENS, 1, agent, "p", "m");
		count_add(c, CLAIM_SECONDS, i, NULL);
	}
	return NULL;
}

static void add_up(void *ctx, const char *const *labels, int64_t value)
{
	(void)labels;
	*(int64_t *)ctx += value;
}

TEST(test_threads)
{
	struct counts *c = counts_new();
	pthread_t threads[4];
	int64_t sum = 0;
	for (size_t i = 0; i < ARRAY_SIZE(threads); i++)
		assert_int_equal(pthread_create(&threads[i], NULL, count_many, c), 0);
	for (int i = 0; i < 20; i++) { /* reading meanwhile */
		struct strbuf b = STRBUF_INIT(1 << 20);
		counts_write(&c, 1, &b);
		strbuf_release(&b);
	}
	for (size_t i = 0; i < ARRAY_SIZE(threads); i++)
		pthread_join(threads[i], NULL);
	counts_each(c, COUNT_TOKENS, add_up, &sum);
	assert_int_equal(sum, 80000);
	assert_int_equal(count_get(c, CLAIM_SECONDS, NULL), 80000);
	counts_free(c);
}

TEST(test_facts)
{
	struct counts *c = counts_new();
	struct call_facts call = { .agent = "luna",
		                   .provider = "p",
		                   .model = "m",
		                   .base_url = "https://api.openai.com/v1",
		                   .was_called = true,
		                   .duration = 2000000,
		                   .ttft_ms = 300,
		                   .input = 100,
		                   .cached = 40,
		                   .output = 7,
		                   .is_estimated = true };
	facts_call(c, &call);
	assert_int_equal(count_get(c, TOKENS, "luna", "p", "m"), 107);
	assert_int_equal(count_get(c, TOKENS_BY_KIND, "luna", "p", "m", "input"), 60);
	assert_int_equal(count_get(c, TOKENS_BY_KIND, "luna", "p", "m", "cached"), 40);
	assert_int_equal(count_get(c, GEN_AI_TTFC, "chat", "openai", "m", "p"), 1);
	assert_int_equal(count_get(c, USAGE_ESTIMATED, "p"), 1);
	assert_int_equal(count_get(c, LLM_ATTEMPTS, "p", "ok"), 1);
	call = (struct call_facts){ .agent = "luna",
		                    .provider = "p",
		                    .model = "m",
		                    .was_called = true,
		                    .code = ERR_TRUNCATED,
		                    .ttft_ms = -1,
		                    .input = -1,
		                    .output = -1,
		                    .cached = -1 };
	facts_call(c, &call);
	assert_int_equal(count_get(c, STREAM_TRUNCATED, "p"), 1);
	assert_int_equal(count_get(c, GEN_AI_DURATION, "chat", "p", "m", "p", "truncated"), 1);
	assert_int_equal(count_get(c, TOKENS, "luna", "p", "m"), 107);
	struct message_facts message = { .agent = "luna", .provider = "p", .model = "m", .code = ERR_CANCELLED, .number = 2 };
	facts_message(c, &message);
	assert_int_equal(count_get(c, ERRORS, "luna", "p", "m"), 0); /* cancelled is nobody's error */
	assert_int_equal(count_get(c, RETRIES, "luna", "p", "m"), 1);
	message.code = ERR_AUTH;
	facts_message(c, &message);
	assert_int_equal(count_get(c, ERRORS, "luna", "p", "m"), 1);
	assert_int_equal(count_get(c, MESSAGES, "luna", "error"), 1);
	facts_call(NULL, &call); /* nobody counts */
	counts_free(c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_text),   cmocka_unit_test(test_money),           cmocka_unit_test(test_histogram),
		cmocka_unit_test(test_labels), cmocka_unit_test(test_too_many_labels), cmocka_unit_test(test_threads),
		cmocka_unit_test(test_facts),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
