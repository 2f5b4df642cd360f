/* A filter chooses what a whole group is retried or cancelled by: what is not understood must be refused, never guessed at. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "shared/json.h"
#include "tui/filter.h"

#define TEST(name) static void name(void **state __attribute__((unused)))
#define TERM(field, op, is_not, values) "{\"field\":\"" field "\",\"op\":\"" op "\",\"not\":" is_not ",\"values\":[" values "]}"

static const struct {
	const char *text, *json;
} GOOD[] = {
	{ "", "[]" },
	{ "   ", "[]" },
	{ "refund", "[" TERM("text", "=", "false", "\"refund\"") "]" },
	{ "  two   words ", "[" TERM("text", "=", "false", "\"two\"") "," TERM("text", "=", "false", "\"words\"") "]" },
	{ "\"two words\"", "[" TERM("text", "=", "false", "\"two words\"") "]" },
	{ "text:\"two words\" x", "[" TERM("text", "=", "false", "\"two words\"") "," TERM("text", "=", "false", "\"x\"") "]" },
	{ "agent:support", "[" TERM("agent", "=", "false", "\"support\"") "]" },
	{ "agent:a|b|c", "[" TERM("agent", "=", "false", "\"a\",\"b\",\"c\"") "]" },
	{ "!state:failed", "[" TERM("state", "=", "true", "\"failed\"") "]" },
	{ "!refund", "[" TERM("text", "=", "true", "\"refund\"") "]" },
	{ "age>5m", "[" TERM("age", ">", "false", "\"300\"") "]" },
	{ "!age<90s", "[" TERM("age", "<", "true", "\"90\"") "]" },
	{ "age>500ms", "[" TERM("age", ">", "false", "\"0.5\"") "]" },
	{ "age>200d", "[" TERM("age", ">", "false", "\"17280000\"") "]" },
	{ "age>1000000000s", "[" TERM("age", ">", "false", "\"1000000000\"") "]" },
	{ "age<1234567ms", "[" TERM("age", "<", "false", "\"1234.567\"") "]" },
	{ "age<1ms", "[" TERM("age", "<", "false", "\"0.001\"") "]" },
	{ "age<0", "[" TERM("age", "<", "false", "\"0\"") "]" },
	{ "att>12345678", "[" TERM("att", ">", "false", "\"12345678\"") "]" },
	{ "att>2", "[" TERM("att", ">", "false", "\"2\"") "]" },
	{ "session:7 id:12 cause:timeout",
	  "[" TERM("session", "=", "false", "\"7\"") "," TERM("id", "=", "false", "\"12\"") "," TERM("cause", "=", "false",
	                                                                                             "\"timeout\"") "]" },
	{ "prov:ollama model:llama3.2:1b worker:w1",
	  "[" TERM("prov", "=", "false", "\"ollama\"") "," TERM("model", "=", "false", "\"llama3.2:1b\"") "," TERM(
		  "worker", "=", "false", "\"w1\"") "]" },
	{ "text:a\\b'c", "[" TERM("text", "=", "false", "\"a\\\\b'c\"") "]" },
	{ "caf\xC3\xA9", "[" TERM("text", "=", "false", "\"caf\xC3\xA9\"") "]" },
	{ "!\"a:b\"", "[" TERM("text", "=", "true", "\"a:b\"") "]" },
	{ "!\"agent:x y\" z", "[" TERM("text", "=", "true", "\"agent:x y\"") "," TERM("text", "=", "false", "\"z\"") "]" },
	{ "\"!urgent\"", "[" TERM("text", "=", "false", "\"!urgent\"") "]" },
	{ "!\"!urgent\"", "[" TERM("text", "=", "true", "\"!urgent\"") "]" },
	{ "\"a|b\"", "[" TERM("text", "=", "false", "\"a|b\"") "]" },
	{ "text:\"a|b\"|c", "[" TERM("text", "=", "false", "\"a|b\",\"c\"") "]" },
	{ "text:a\" \"b", "[" TERM("text", "=", "false", "\"a b\"") "]" },
	{ "re\"f:u\"nd", "[" TERM("text", "=", "false", "\"ref:und\"") "]" },
	{ ":x", "[" TERM("text", "=", "false", "\":x\"") "]" },
};

static const struct {
	const char *text, *says;
} BAD[] = {
	{ "agnet:x", "no filter 'agnet'; did you mean 'agent'?" },
	{ "!stat:x", "did you mean 'state'?" },
	{ "xyzzyx:x", "no filter 'xyzzyx'" },
	{ "Agent:x", "did you mean 'agent'?" },
	{ "age:5m", "'age' takes < or >" },
	{ "att:2", "'att' takes < or >" },
	{ "agent>x", "'agent' takes a colon" },
	{ "age>soon", "'soon' is no duration such as 5m" },
	{ "att>many", "'many' is no number" },
	{ "age>-5m", "'-5m' is no duration" },
	{ "agent:", "'agent:' has no value" },
	{ "!", "'!' has no value" },
	{ "!\"\"", "has no value" },
	{ "text:\"\"", "has no value" },
	{ "|", "has no value" },
	{ "!|", "has no value" },
	{ "refund|", "has no value" },
	{ "text:refund||void", "has no value" }, /* every text holds the empty one */
	{ "agent:|a", "has no value" },
	{ "a\"gent:\"x:y", "no filter 'agent:x'" },
	{ "\"a b", "a quote is not closed" },
	{ "caf\xE9", "the filter is not valid UTF-8" },
	{ "\"\"", "has no value" },
	{ "fine state:", "'state:' has no value" },
};

TEST(the_language)
{
	for (size_t i = 0; i < ARRAY_SIZE(GOOD); i++) {
		struct strbuf out = STRBUF_INIT(4096);
		struct arena a = ARENA_INIT;
		const struct json *j;
		struct err err;
		if (filter_to_json(GOOD[i].text, &out, &err) < 0)
			fail_msg("'%s': %s", GOOD[i].text, err.msg);
		assert_string_equal(strbuf_text(&out), GOOD[i].json);
		assert_int_equal(json_parse(&a, (struct str){ out.ptr, out.len }, 4096, &j, &err), 0);
		arena_release(&a);
		strbuf_release(&out);
	}
}

TEST(what_is_not_understood_is_refused)
{
	for (size_t i = 0; i < ARRAY_SIZE(BAD); i++) {
		struct strbuf out = STRBUF_INIT(4096);
		struct err err = { .code = ERR_OK };
		if (filter_to_json(BAD[i].text, &out, &err) == 0)
			fail_msg("'%s' was accepted: %s", BAD[i].text, strbuf_text(&out));
		assert_int_equal(err.code, ERR_BAD_INPUT);
		if (strstr(err.msg, BAD[i].says) == NULL)
			fail_msg("'%s': %s", BAD[i].text, err.msg);
		strbuf_release(&out);
	}
}

TEST(a_filter_that_does_not_fit_is_refused)
{
	struct strbuf out = STRBUF_INIT(40);
	struct err err;
	assert_int_equal(filter_to_json("refund", &out, &err), -1);
	assert_int_equal(err.code, ERR_TOO_BIG);
	strbuf_release(&out);
}

/* Cut short, a word means more messages than were asked for. */
TEST(a_long_word_is_not_cut_in_silence)
{
	char word[600];
	struct strbuf out = STRBUF_INIT(4096);
	struct err err;
	memset(word, 'x', sizeof word - 1);
	word[sizeof word - 1] = '\0';
	if (filter_to_json(word, &out, &err) == 0)
		assert_non_null(strstr(strbuf_text(&out), word));
	strbuf_release(&out);
}

/* A value is a value, whatever stands in it: built as a term, and said in words that read back as the same. */
TEST(a_value_is_no_text_of_the_language)
{
	static const char *const VALUES[] = { "archive", "a|b", "two words", "!no", "a:b", "x<3", "agent:luna", "back\\slash" };
	for (size_t i = 0; i < ARRAY_SIZE(VALUES); i++) {
		struct strbuf word = STRBUF_INIT(400), read = STRBUF_INIT(400), terms = STRBUF_INIT(400);
		struct err err;
		char built[500];
		assert_int_equal(filter_word(&word, "agent", VALUES[i], &err), 0);
		assert_int_equal(filter_to_json(strbuf_text(&word), &read, &err), 0);
		filter_term(&terms, "agent", "=", VALUES[i]);
		assert_string_equal(filter_and("[]", strbuf_text(&terms), built, sizeof built), strbuf_text(&read));
		strbuf_release(&word);
		strbuf_release(&read);
		strbuf_release(&terms);
	}
}

TEST(terms_are_added)
{
	struct strbuf terms = STRBUF_INIT(400), word = STRBUF_INIT(400);
	struct err err;
	char built[500];
	assert_string_equal(filter_and("[{}]", "", built, sizeof built), "[{}]");
	filter_term(&terms, "prov", "is", NULL);
	filter_term(&terms, "cause", "is", "a\"b");
	assert_string_equal(filter_and("[{}]", strbuf_text(&terms), built, sizeof built),
	                    "[{},{\"field\":\"prov\",\"op\":\"is\",\"not\":false,\"values\":[null]},"
	                    "{\"field\":\"cause\",\"op\":\"is\",\"not\":false,\"values\":[\"a\\\"b\"]}]");
	assert_int_equal(filter_word(&word, "agent", "a\"b", &err), -1);
	assert_int_equal(err.code, ERR_BAD_INPUT);
	strbuf_release(&terms);
	strbuf_release(&word);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_language),
		cmocka_unit_test(what_is_not_understood_is_refused),
		cmocka_unit_test(a_filter_that_does_not_fit_is_refused),
		cmocka_unit_test(a_long_word_is_not_cut_in_silence),
		cmocka_unit_test(a_value_is_no_text_of_the_language),
		cmocka_unit_test(terms_are_added),
	};
	return cmocka_run_group_tests_name("tui filter", tests, NULL, NULL);
}
