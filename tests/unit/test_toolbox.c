/*
 * Arguments of tools: what is refused and with which words, what is left out, what travels unchanged; and what a model is told of a
 * result. The schema's keywords are judged by a suite that nobody here wrote (tests/schema); here stands what that does not have.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "worker/toolbox/arguments.h"
#include "worker/toolbox/schema.h"
#include "worker/toolbox/toolbox.h"

#define TEST(name) static void name(void **state __attribute__((unused)))

static struct arena memory;

static const struct json *read_json(const char *text)
{
	const struct json *j;
	struct err err;
	if (json_parse(&memory, str_of(text), 1u << 20, &j, &err) < 0)
		fail_msg("%s: %s", text, err.msg);
	return j;
}

/* What the schema says about a value; "": it fits. */
static const char *said(const char *schema, const char *value)
{
	static char why[SCHEMA_WHY_MAX];
	bool fits = schema_fits(read_json(schema), read_json(value), why);
	assert_int_equal(fits, why[0] == '\0');
	return why;
}

TEST(test_a_schema_says_where)
{
	assert_string_equal(said("{\"properties\":{\"a\":{\"items\":{\"type\":\"integer\"}}}}", "{\"a\":[1,2,\"x\"]}"),
	                    "a.[2] must be of type integer");
	assert_string_equal(said("{\"required\":[\"to\"]}", "{}"), "the arguments lacks to");
	assert_string_equal(said("{\"properties\":{\"a\":{\"enum\":[1,\"b\"]}}}", "{\"a\":\"c\"}"),
	                    "a is none of the values that it may have");
	assert_string_equal(said("{\"anyOf\":[{\"required\":[\"a\"]},{\"required\":[\"b\"]}]}", "{\"c\":1}"),
	                    "the arguments is none of what it may be");
	assert_string_equal(said("true", "{}"), "");
	assert_string_equal(
		said("{\"pattern\":\"^x$\",\"properties\":{\"a\":{\"pattern\":\"^x$\",\"format\":\"date\"}}}", "{\"a\":\"y\"}"),
		"");
}

/* A name of a member, as long as a model likes, leaves the words whole. */
TEST(test_a_long_name)
{
	char value[2000], name[600];
	for (size_t i = 0; i < sizeof name - 1; i++)
		name[i] = i % 2 == 0 ? (char)0xC3 : (char)0xA9;
	name[sizeof name - 2] = '\0';
	snprintf(value, sizeof value, "{\"%s\":{\"%s\":1}}", name, name);
	const char *why = said("{\"additionalProperties\":{\"additionalProperties\":false}}", value);
	assert_true(strlen(why) > 40);
}

static const char *text_of(struct str s)
{
	return arena_dup(&memory, s.ptr, s.len);
}

static const char *checked(const char *schema, const char *payload, const char *given)
{
	struct arguments a;
	if (!arguments_check(&memory, str_of(schema), schema != NULL ? read_json(schema) : NULL, payload, str_of(given), &a))
		return arena_strf(&memory, "refused: %s", a.why);
	return a.note != NULL ? arena_strf(&memory, "%s %s", text_of(a.text), a.note) : text_of(a.text);
}

TEST(test_bytes_travel_unchanged)
{
	const char *given = "{ \"n\" : 123456789012345678901234567890 , \"f\":1.50e3,\"s\":\"\\u00e9\\/\" }";
	assert_string_equal(checked(NULL, NULL, given), given);
	assert_string_equal(checked(NULL, NULL, "{ \"user_id\":\"eve\", \"n\" : 1.50 , \"s\":\"\\u00e9\" }"),
	                    "{\"n\" : 1.50,\"s\":\"\\u00e9\"} dropped: user_id");
}

TEST(test_who_the_user_is)
{
	static const char *const SPELT[] = { "user_id", "UserId", "USER-ID", "userid", "_user__id_", "\\u0075ser_id" };
	for (size_t i = 0; i < ARRAY_SIZE(SPELT); i++) {
		const char *got = checked(NULL, NULL, arena_strf(&memory, "{\"%s\":\"eve\",\"x\":1}", SPELT[i]));
		assert_memory_equal(got, "{\"x\":1} dropped: ", 17);
	}
	assert_string_equal(checked(NULL, "uid=user_id client", "{\"UID\":1,\"Client\":2,\"clients\":3}"),
	                    "{\"clients\":3} dropped: UID, Client");
	assert_string_equal(checked(NULL, NULL, "{\"user_ids\":[1],\"user\":2}"), "{\"user_ids\":[1],\"user\":2}");
	assert_string_equal(
		checked("{\"properties\":{\"a\":{\"default\":null},\"b\":{\"default\": [1.50] },\"c\":{}}}", NULL, "{\"a\":1}"),
		"{\"a\":1,\"b\":[1.50]}");
	assert_string_equal(checked("{\"properties\":{\"a\":{\"default\":null}}}", NULL, " {} "), " {\"a\":null}");
	/* what is left out is left out before the schema is asked */
	assert_string_equal(checked("{\"additionalProperties\":false}", NULL, "{\"thread_key\":\"t\"}"),
	                    "{} dropped: thread_key");
}

TEST(test_what_is_refused)
{
	assert_string_equal(checked(NULL, NULL, "[1]"), "refused: the arguments are no JSON object");
	assert_string_equal(checked(NULL, NULL, "{\"a\":1,\"a\":2}"), "refused: the arguments have a twice");
	assert_string_equal(checked(NULL, NULL, "{\"a\":1,\"\\u0041\":2}"), "refused: the arguments have A twice");
	assert_string_equal(checked("{\"properties\":{\"amount\":{}}}", NULL, "{\"Amount\":1}"),
	                    "refused: the arguments have Amount: its name is amount");
	assert_non_null(strstr(checked(NULL, NULL, "{a:1}"), "refused: the arguments are no JSON object: malformed JSON"));
	struct strbuf b = STRBUF_INIT(1u << 20);
	for (int i = 0; i <= ARGUMENTS_MEMBERS_MAX; i++)
		strbuf_addf(&b, "%s\"m%d\":1", i > 0 ? "," : "{", i);
	strbuf_char(&b, '}');
	assert_string_equal(checked(NULL, NULL, strbuf_text(&b)), "refused: the arguments have over 256 members");
	/* What is left when something was dropped may be too dense to be read: it is refused, and nothing worse. */
	strbuf_clear(&b);
	strbuf_str(&b, "{\"user_id\":\"");
	for (int i = 0; i < 18000; i++)
		strbuf_char(&b, 'x');
	strbuf_str(&b, "\",\"x\":[1");
	for (int i = 0; i < 4200; i++)
		strbuf_str(&b, ",1");
	strbuf_str(&b, "]}");
	assert_non_null(strstr(checked(NULL, NULL, strbuf_text(&b)), "refused: the arguments cannot be read"));
	strbuf_release(&b);
}

TEST(test_what_is_sent)
{
	struct strbuf b = STRBUF_INIT(4096);
	const struct json *bound = read_json("{\"user_id\":\"bob \\\"x\\\"\",\"thread_key\":null}");
	arguments_put_body(&b, "uid=user_id,thread_key", bound, STR("{ \"a\" : 1.50, \"b\":[] }"));
	assert_string_equal(strbuf_text(&b), "{\"uid\":\"bob \\\"x\\\"\",\"thread_key\":null,\"a\" : 1.50,\"b\":[]}");
	strbuf_clear(&b);
	arguments_put_body(&b, NULL, bound, STR("{ }"));
	assert_string_equal(strbuf_text(&b), "{ }");
	strbuf_clear(&b);
	arguments_put_body(&b, "uid=user_id", bound, STR("{ }"));
	assert_string_equal(strbuf_text(&b), "{\"uid\":\"bob \\\"x\\\"\"}");
	strbuf_clear(&b);
	arguments_put_query(&b, "uid=user_id", bound,
	                    STR("{\"q\":\"a b&c=\\u00e9\",\"n\":12345678901234567890,\"o\":{\"x\":1}}"));
	assert_string_equal(strbuf_text(&b), "uid=bob%20%22x%22&q=a%20b%26c%3D%C3%A9&n=12345678901234567890&o=%7B%22x%22%3A1%7D");
	strbuf_release(&b);
}

static const char *told(size_t max, enum use_state state, const char *why, const char *result, int64_t bytes)
{
	struct tool_spec spec = { .result_bytes = max };
	struct tool_use u = { .spec = &spec,
		              .has_end = bytes < 0 || bytes <= (int64_t)strlen(result),
		              .state = state,
		              .result = str_of(result),
		              .result_bytes = bytes >= 0 ? bytes : (int64_t)strlen(result) };
	snprintf(u.why, sizeof u.why, "%s", why);
	return toolbox_told(&memory, &u).ptr;
}

TEST(test_what_a_model_is_told)
{
	assert_string_equal(told(256, USE_OK, "", "yes", -1), "yes");
	assert_string_equal(told(256, USE_ERROR, "HTTP 500", "no", -1), "error: HTTP 500\nno");
	assert_string_equal(told(256, USE_REFUSED, "there is no tool of this name", "", -1),
	                    "not run: there is no tool of this name");
	assert_string_equal(told(256, USE_UNKNOWN, "timeout", "", -1), "unknown: timeout");
	assert_string_equal(told(8, USE_OK, "", "abcdefghijkl", -1),
	                    "abcdef\n[... 4 bytes of this result are left out here ...]\nkl");
	/* its end was not kept: that is said, too */
	assert_string_equal(told(8, USE_OK, "", "abc", 1000), "abc\n[... 997 bytes of this result are left out here ...]\n");
	/* no character is cut in two */
	assert_string_equal(told(5, USE_OK, "", "\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9", -1),
	                    "\xC3\xA9\n[... 4 bytes of this result are left out here ...]\n\xC3\xA9");
}

static int release(void **state)
{
	(void)state;
	arena_release(&memory);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_schema_says_where),    cmocka_unit_test(test_a_long_name),
		cmocka_unit_test(test_bytes_travel_unchanged), cmocka_unit_test(test_who_the_user_is),
		cmocka_unit_test(test_what_is_refused),        cmocka_unit_test(test_what_is_sent),
		cmocka_unit_test(test_what_a_model_is_told),
	};
	return cmocka_run_group_tests(tests, NULL, release);
}
