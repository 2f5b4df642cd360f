/* Headers about waiting: every form that providers send, and what must not be believed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "shared/clock.h"
#include "shared/err.h"
#include "worker/llm/limits.h"

#define TEST(name) static void name(void **state __attribute__((unused)))
#define NOW "2026-11-21T01:00:00Z"

/* "name: value" lines, as they came. */
static struct limits read(const char *const *headers)
{
	struct limits l = LIMITS_AT(clock_parse(NOW));
	char name[80];
	for (; *headers != NULL; headers++) {
		size_t n = strcspn(*headers, ":");
		snprintf(name, sizeof name, "%.*s", (int)n, *headers);
		limits_header(&l, name, *headers + n + 1);
	}
	return l;
}
#define READ(...) read((const char *const[]){ __VA_ARGS__, NULL })

TEST(retry_after)
{
	static const struct {
		const char *header;
		int ms;
	} ROWS[] = {
		{ "retry-after: 20", 20000 },
		{ "Retry-After: 0", 0 },
		{ "RETRY-AFTER: 1.5", 1500 },
		{ "retry-after: 15 ", 15000 },
		{ "retry-after-ms: 19876", 19876 },
		{ "x-ms-retry-after-ms: 12", 12 },
		{ "retry-after: Sat, 21 Nov 2026 01:00:30 GMT", 30000 },
		{ "retry-after: Sat, 21 Nov 2026 00:59:00 GMT", 0 }, /* past: our clocks differ */
		{ "retry-after: Sun, 22 Nov 2037 00:59:00 GMT", 86400000 },
		{ "retry-after: Sat, 21 Nop 2026 01:00:30 GMT", -1 },
		{ "retry-after: Sat, 21 anF 2026 01:00:30 GMT", -1 },
		{ "retry-after: 99999999999", 86400000 },
		{ "retry-after: 1795222809", 9000 }, /* too great for a wait: a moment, in seconds */
		{ "retry-after: 1795222809000", 9000 },
		{ "retry-after: 1795222700", 0 },
		{ "retry-after-ms: 1795222809000", 9000 },
		{ "retry-after: -5", -1 },
		{ "retry-after: soon", -1 },
		{ "retry-after: 5 apples", -1 },
		{ "retry-after: nan", -1 },
		{ "retry-after: inf", -1 },
		{ "retry-after: 0x10", -1 },
		{ "retry-after: 1e400", -1 },
		{ "retry-after:", -1 },
		{ "x-retry-after: 5", -1 },
	};
	for (size_t i = 0; i < ARRAY_SIZE(ROWS); i++) {
		struct limits l = READ(ROWS[i].header);
		if (l.retry_after_ms != ROWS[i].ms)
			fail_msg("%s: %d", ROWS[i].header, l.retry_after_ms);
		assert_int_equal(limits_wait_ms(&l), 0);
	}
}

TEST(the_more_exact_header_wins)
{
	assert_int_equal(READ("retry-after: 20", "retry-after-ms: 19876", "x-ms-retry-after-ms: 5").retry_after_ms, 19876);
	assert_int_equal(READ("x-ms-retry-after-ms: 5", "retry-after: 20").retry_after_ms, 5);
	assert_int_equal(READ("retry-after-ms: no", "retry-after: 20").retry_after_ms, 20000);
}

TEST(budgets)
{
	static const struct {
		const char *const headers[6];
		int wait_ms;
	} ROWS[] = {
		{ { "x-ratelimit-remaining-requests: 0", "x-ratelimit-reset-requests: 6m0s" }, 360000 },
		{ { "x-ratelimit-remaining-requests: 1", "x-ratelimit-reset-requests: 6m0s" }, 0 },
		{ { "x-ratelimit-reset-requests: 6m0s" }, 0 },
		{ { "x-ratelimit-remaining-requests: 0" }, 0 },
		{ { "X-RateLimit-Remaining: 0", "X-RateLimit-Reset: 1795222807000" },
		  7000 }, /* OpenRouter: milliseconds since 1970 */
		{ { "x-ratelimit-remaining: 0", "x-ratelimit-reset: 1795222807" }, 7000 },
		{ { "RateLimit-Remaining: 0", "RateLimit-Reset: 7" }, 7000 },
		{ { "RateLimit: \"default\";r=0;t=7" }, 7000 },
		{ { "RateLimit: \"default\";r=5;t=7" }, 0 },
		{ { "x-ratelimit-remaining-tokens: 0", "x-ratelimit-reset-tokens: 9ms" }, 9 },
		{ { "X-RateLimit-Remaining-Tokens: 0", "X-RateLimit-Reset-Tokens: 2m59.56s" }, 179560 },
		{ { "x-ratelimit-remaining-tokens: 0", "x-ratelimit-reset-tokens: 8.64s" }, 8640 },
		{ { "x-ratelimit-remaining-tokens: 0", "x-ratelimit-reset-tokens: 1h0m1s" }, 3601000 },
		{ { "x-ratelimit-remaining-tokens: 0", "x-ratelimit-reset-tokens: 7" }, 7000 },
		{ { "x-ratelimit-remaining-tokens: 0", "x-ratelimit-reset-tokens: 900h" }, 86400000 },
		{ { "x-ratelimit-remaining-tokens: 0", "x-ratelimit-reset-tokens: -3s" }, 0 },
		{ { "x-ratelimit-remaining-tokens: 0", "x-ratelimit-reset-tokens: 3 weeks" }, 0 },
		{ { "x-ratelimit-remaining-tokens: 0", "x-ratelimit-reset-tokens: 3x" }, 0 },
		{ { "x-ratelimit-remaining-tokens: -1", "x-ratelimit-reset-tokens: 3s" }, 0 },
		{ { "x-ratelimit-remaining-tokens: none", "x-ratelimit-reset-tokens: 3s" }, 0 },
		{ { "x-ratelimit-remaining-tokens-x: 0", "x-ratelimit-reset-tokens: 3s" }, 0 },
		{ { "x-ratelimit-limit-tokens: 0", "x-ratelimit-reset-tokens: 3s" }, 0 },
		{ { "x-ratelimit-remaining-requests: 0", "x-ratelimit-reset-requests: 1s", "x-ratelimit-remaining-tokens: 0",
		    "x-ratelimit-reset-tokens: 2s" },
		  2000 },
		{ { "anthropic-ratelimit-input-tokens-remaining: 0",
		    "anthropic-ratelimit-input-tokens-reset: 2026-11-21T01:00:15Z" },
		  15000 },
		{ { "anthropic-ratelimit-output-tokens-remaining: 0",
		    "anthropic-ratelimit-output-tokens-reset: 2026-11-21T01:00:00.25Z" },
		  250 },
		{ { "anthropic-ratelimit-requests-remaining: 0", "anthropic-ratelimit-requests-reset: 2026-11-21T00:00:15Z" },
		  0 },
		{ { "anthropic-ratelimit-requests-remaining: 0", "anthropic-ratelimit-requests-reset: 2036-11-21T00:00:15Z" },
		  86400000 },
		{ { "anthropic-ratelimit-tokens-remaining: 5", "anthropic-ratelimit-tokens-reset: 2026-11-21T01:00:15Z" }, 0 },
		{ { "anthropic-priority-input-tokens-remaining: 0",
		    "anthropic-priority-input-tokens-reset: 2026-11-21T01:00:15Z" },
		  0 },
		{ { "anthropic-ratelimit-tokens-remaining: 0", "anthropic-ratelimit-tokens-reset: Tomorrow" }, 0 },
	};
	for (size_t i = 0; i < ARRAY_SIZE(ROWS); i++) {
		struct limits l = read(ROWS[i].headers);
		if (limits_wait_ms(&l) != ROWS[i].wait_ms)
			fail_msg("%s: %d", ROWS[i].headers[0], limits_wait_ms(&l));
	}
}

/* A call was refused, and only limits say for how long: of those that are used up, else of those that may be. */
TEST(how_long_after_a_refusal)
{
	struct limits l =
		READ("x-ratelimit-remaining-requests: 0", "x-ratelimit-reset-requests: 3s", "x-ratelimit-reset-tokens: 9s");
	assert_int_equal(limits_refused_ms(&l), 3000);
	l = READ("x-ratelimit-remaining-requests: 5", "x-ratelimit-reset-requests: 3s", "x-ratelimit-reset-tokens: 9s");
	assert_int_equal(limits_refused_ms(&l), 9000);
	l = READ("x-ratelimit-remaining-requests: 5", "x-ratelimit-reset-requests: 3s");
	assert_int_equal(limits_refused_ms(&l), 0);
}

/* What an operator is shown: left, of how much, until when; each kind for itself. */
TEST(what_is_left)
{
	struct limits l = READ("x-ratelimit-limit-requests: 14400", "x-ratelimit-remaining-requests: 14370",
	                       "x-ratelimit-reset-requests: 2m59.56s", "x-ratelimit-limit-tokens: 18000",
	                       "x-ratelimit-remaining-tokens: 17997");
	assert_true(limit_is_known(&l.of[LIMIT_REQUESTS]));
	assert_int_equal(l.of[LIMIT_REQUESTS].remaining, 14370);
	assert_int_equal(l.of[LIMIT_REQUESTS].total, 14400);
	assert_int_equal(l.of[LIMIT_REQUESTS].reset_ms, 179560);
	assert_false(limit_is_known(&l.of[LIMIT_TOKENS])); /* until when is not said */
	l = READ("anthropic-ratelimit-output-tokens-limit: 8000", "anthropic-ratelimit-output-tokens-remaining: 0",
	         "anthropic-ratelimit-output-tokens-reset: 2026-11-21T01:00:15Z", "anthropic-ratelimit-requests-limit: 0",
	         "anthropic-ratelimit-requests-remaining: 0", "anthropic-ratelimit-requests-reset: 2026-11-21T01:00:15Z");
	assert_true(limit_is_known(&l.of[LIMIT_OUTPUT_TOKENS]));
	assert_int_equal(l.of[LIMIT_OUTPUT_TOKENS].total, 8000);
	assert_false(limit_is_known(&l.of[LIMIT_REQUESTS])); /* nothing of nothing */
	assert_false(limit_is_known(&l.of[LIMIT_INPUT_TOKENS]));
}

TEST(should_retry)
{
	struct limits yes = READ("x-should-retry: true"), no = READ("X-Should-Retry: false"),
		      unsaid = READ("x-should-retry: perhaps");
	assert_int_equal(limits_acts(&yes, ACT_NEXT), ACT_NEXT | ACT_AGAIN);
	assert_int_equal(limits_acts(&no, ACT_NEXT | ACT_AGAIN | ACT_BREAKER), ACT_NEXT | ACT_BREAKER);
	assert_int_equal(limits_acts(&unsaid, ACT_AGAIN), ACT_AGAIN);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(retry_after),  cmocka_unit_test(the_more_exact_header_wins),
		cmocka_unit_test(budgets),      cmocka_unit_test(how_long_after_a_refusal),
		cmocka_unit_test(what_is_left), cmocka_unit_test(should_retry),
	};
	return cmocka_run_group_tests_name("limits", tests, NULL, NULL);
}
