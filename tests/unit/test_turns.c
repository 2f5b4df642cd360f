/*
 * What is sent is valid for the strictest vendor: it begins with the user, alternates, has no blank turn and no call without its result, ends with
 * what
 * is asked, and fits the window. One message that failed must not make a vendor refuse every later one of its session.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/unit/reading.h"

#define USER(text)                                   \
	{                                            \
		.role = "user", .content = STR(text) \
	}
#define MODEL(text)                                       \
	{                                                 \
		.role = "assistant", .content = STR(text) \
	}
#define RESULT(id)                                                                      \
	{                                                                               \
		.role = "tool", .content = STR("21 C"), .call_id = id, .call_name = "f" \
	}
#define ANTHROPIC_CALL \
	STR("[{\"type\":\"text\",\"text\":\"Hm.\"},{\"type\":\"tool_use\",\"id\":\"A\",\"name\":\"f\",\"input\":{}}]")
#define GEMINI_CALL STR("[{\"functionCall\":{\"name\":\"f\",\"args\":{}},\"thoughtSignature\":\"x\"}]")
#define THOUGHT STR("[{\"type\":\"thinking\",\"thinking\":\"x\",\"signature\":\"y\"},{\"type\":\"text\",\"text\":\"So.\"}]")

static const struct tool_call CALL[] = { { "A", "f", STR("{}"), STR("") }, { "B", "f", STR("{}"), STR("") } };

static const struct row {
	struct turn turns[8];
	const char *want; /* "user:text …", calls as role+n:, own forms as role*: */
} ROWS[] = {
	{ { USER("a") }, "user:a" },
	{ { USER("a"), MODEL("b"), USER("c") }, "user:a assistant:b user:c" },
	{ { USER("a"), USER("b") }, "user:a\n\nb" },
	{ { USER("a"), USER("b"), MODEL("c"), MODEL("d"), USER("e") }, "user:a\n\nb assistant:c\n\nd user:e" },
	{ { MODEL("a"), USER("b") }, "user:b" },
	{ { USER("a"), MODEL(" \n"), USER("b") }, "user:a\n\nb" },
	{ { USER("a"), MODEL("\xE2\x80\x8B"), USER("b") }, "user:a\n\nb" },
	{ { USER("a"), MODEL("b") }, "user:a" }, /* nobody is asked to go on with an answer */
	{ { USER(" ") }, "" },
	{ { MODEL("a") }, "" },
	{ { USER("a"), { .role = "assistant", .content = STR("Hm."), .calls = CALL, .n_calls = 1 }, RESULT("A"), USER("b") },
	  "user:a assistant+1:Hm. tool:21 C user:b" },
	{ { USER("a"), { .role = "assistant", .content = STR(""), .calls = CALL, .n_calls = 2 }, RESULT("A"), RESULT("B") },
	  "user:a assistant+2: tool:21 C tool:21 C" },
	{ { USER("a"), { .role = "assistant", .content = STR("Hm."), .calls = CALL, .n_calls = 2 }, RESULT("A"), USER("b") },
	  "user:a assistant:Hm. user:b" },
	{ { USER("a"), { .role = "assistant", .content = STR(""), .calls = CALL, .n_calls = 1 }, USER("b") }, "user:a\n\nb" },
	{ { USER("a"), RESULT("A"), USER("b") }, "user:a\n\nb" },
	{ { RESULT("A"), USER("b") }, "user:b" },
	{ { { .role = "assistant", .content = STR(""), .calls = CALL, .n_calls = 1 }, RESULT("A"), USER("b") }, "user:b" },
	{ { USER("a"),
	    { .role = "assistant", .content = STR("Hm."), .own_protocol = "anthropic", .native = ANTHROPIC_CALL },
	    USER("b") },
	  "user:a assistant:Hm. user:b" },
	{ { USER("a"), { .role = "assistant", .content = STR(""), .own_protocol = "gemini", .native = GEMINI_CALL }, USER("b") },
	  "user:a\n\nb" },
	{ { USER("a"),
	    { .role = "assistant", .content = STR("Hm."), .own_protocol = "anthropic", .native = ANTHROPIC_CALL },
	    RESULT("A"),
	    USER("b") },
	  "user:a assistant*:Hm. tool:21 C user:b" },
	{ { USER("a"),
	    { .role = "assistant", .content = STR("So."), .own_protocol = "anthropic", .native = THOUGHT },
	    USER("b") },
	  "user:a assistant*:So. user:b" },
	{ { USER("a"),
	    { .role = "assistant", .content = STR("So."), .own_protocol = "unheard of", .native = THOUGHT },
	    USER("b") },
	  "user:a assistant:So. user:b" },
};

TEST(valid_for_everybody)
{
	for (size_t i = 0; i < ARRAY_SIZE(ROWS); i++) {
		struct arena a = ARENA_INIT;
		struct strbuf b = STRBUF_INIT(4096);
		struct turn out[8];
		int n = 0;
		while (n < 8 && ROWS[i].turns[n].role != NULL)
			n++;
		n = turns_clean(&a, ROWS[i].turns, n, provider_speaks, out);
		for (int k = 0; k < n; k++) {
			strbuf_addf(&b, "%s%s", k > 0 ? " " : "", out[k].role);
			if (out[k].n_calls > 0)
				strbuf_addf(&b, "+%d", out[k].n_calls);
			strbuf_addf(&b, "%s:%.*s", out[k].own_protocol != NULL ? "*" : "", (int)out[k].content.len,
			            out[k].content.ptr);
		}
		if (strcmp(strbuf_text(&b), ROWS[i].want) != 0)
			fail_msg("row %zu: '%s' instead of '%s'", i, strbuf_text(&b), ROWS[i].want);
		strbuf_release(&b);
		arena_release(&a);
	}
}

/* The oldest go first, a turn of the user's is where it begins, and what is asked always stays. */
TEST(fits_the_window)
{
	const struct turn turns[] = { USER("0123456789"), MODEL("0123456789"), USER("0123456789"), MODEL("0123456789"),
		                      USER("0123456789") };
	static const struct {
		size_t bytes;
		int first;
	} WINDOWS[] = { { 1000, 0 }, { 50, 0 }, { 49, 2 }, { 30, 2 }, { 29, 4 }, { 10, 4 }, { 0, 4 } };
	for (size_t i = 0; i < ARRAY_SIZE(WINDOWS); i++)
		assert_int_equal(turns_first(turns, 5, WINDOWS[i].bytes), WINDOWS[i].first);
	assert_int_equal(turns_first(turns, 0, 10), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(valid_for_everybody),
		cmocka_unit_test(fits_the_window),
	};
	return cmocka_run_group_tests_name("turns", tests, NULL, NULL);
}
