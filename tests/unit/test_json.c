/*
 * Everything that comes from outside as JSON goes through this door, and cJSON alone would let through what must not: text that ends
 * at a NUL, numbers that are not what was written, nesting that eats the stack. What we write must read back as the same.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "shared/json.h"
#include "shared/utf8.h"

#define TEST(name) static void name(void **state __attribute__((unused)))
#define CAP 65536

static struct arena A;

static const struct json *parsed(const char *text)
{
	const struct json *j = NULL;
	struct err err;
	if (json_parse(&A, str_of(text), CAP, &j, &err) < 0)
		fail_msg("%s: %s", text, err.msg);
	return j;
}

static void refused(struct str text, size_t cap, enum err_code code)
{
	const struct json *const untouched = (const struct json *)(const void *)&A, *j = untouched;
	struct err err = { .code = ERR_OK };
	if (json_parse(&A, text, cap, &j, &err) == 0)
		fail_msg("was accepted: %.60s", text.ptr);
	assert_int_equal(err.code, code);
	assert_ptr_equal(j, untouched);
}

static void string_is(const char *text, const char *want)
{
	struct str s;
	if (!json_str(parsed(text), "a", &s))
		fail_msg("no string: %s", text);
	assert_int_equal(s.len, strlen(want));
	assert_memory_equal(s.ptr, want, s.len);
}

static void nested(char *out, char open, char close, int depth)
{
	memset(out, open, (size_t)depth);
	memset(out + depth, close, (size_t)depth);
	out[2 * depth] = '\0';
}

TEST(depth_and_size_are_capped)
{
	static char text[200000];
	nested(text, '[', ']', 64);
	assert_non_null(parsed(text));
	nested(text, '[', ']', 65);
	refused(str_of(text), CAP, ERR_BAD_INPUT);
	nested(text, '[', ']', 90000);
	refused(str_of(text), sizeof text, ERR_BAD_INPUT);
	assert_non_null(parsed("\"[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[\""));
	assert_non_null(parsed("\"\\\"[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[\""));
	refused(STR("[1,2,3]"), 6, ERR_TOO_BIG);
	refused(STR("not even JSON"), 6, ERR_TOO_BIG);
	assert_non_null(parsed("[1,2,3]"));
}

TEST(a_nul_does_not_cut_a_string)
{
	string_is("{\"a\":\"x\\u0000y\"}", "x\xEF\xBF\xBDy");
	string_is("{\"a\":\"\\u0000\"}", "\xEF\xBF\xBD");
	string_is("{\"a\":\"\\u0000\\u0000\"}", "\xEF\xBF\xBD\xEF\xBF\xBD");
	string_is("{\"a\":\"\\\\u0000\"}", "\\u0000");
	string_is("{\"a\":\"\\\\u0000\\u0000\"}", "\\u0000\xEF\xBF\xBD");
	string_is("{\"a\":\"\\\\\\u0000\"}", "\\\xEF\xBF\xBD");
	string_is("{\"a\":\"\\\\\\\\u0000\"}", "\\\\u0000");
	string_is("{\"a\":\"\\\"\\u0000\"}", "\"\xEF\xBF\xBD");
	assert_non_null(json_get(parsed("{\"x\\u0000y\":1}"), "x\xEF\xBF\xBDy"));
	refused((struct str){ "{\"a\":\"x\0y\"}", 11 }, CAP, ERR_BAD_INPUT);
	refused((struct str){ "{}\0{}", 5 }, CAP, ERR_BAD_INPUT);
	refused((struct str){ "{}\0", 3 }, CAP, ERR_BAD_INPUT);
}

TEST(only_whole_valid_text)
{
	static const char *const BAD[] = {
		"",
		" ",
		"{",
		"}",
		"[1,",
		"[1 2]",
		"{\"a\"}",
		"{\"a\":}",
		"{a:1}",
		"'a'",
		"\"a",
		"tru",
		"nul",
		"{} x",
		"{}{}",
		"[] ]",
		"1 2",
		"\"\xFF\"",
		"\"\xC3\"",
		"\"\xC0\x80\"",
		"\"\xED\xA0\x80\"",
		"\"\xF4\x90\x80\x80\"",
		"\"\xE2\x82\"",
		"{\"\xFF\":1}",
		"\xFF",
		"\"\\x\"",
		"\"\\u12\"",
	};
	static const char *const GOOD[] = { "{}",           " {} \r\n\t",      "[]", "0", "-1.5e3", "true", "null", "\"\"",
		                            "\"\xC3\xA9\"", "[{\"a\":[1,{}]}]" };
	for (size_t i = 0; i < ARRAY_SIZE(BAD); i++)
		refused(str_of(BAD[i]), CAP, ERR_BAD_INPUT);
	for (size_t i = 0; i < ARRAY_SIZE(GOOD); i++)
		assert_non_null(parsed(GOOD[i]));
	/* a view, not a string: what follows it is not read */
	refused((struct str){ "[1]", 2 }, CAP, ERR_BAD_INPUT);
	const struct json *j;
	struct err err;
	assert_int_equal(json_parse(&A, (struct str){ "12345", 2 }, CAP, &j, &err), 0);
	int64_t n;
	assert_true(json_int(j, "", &n));
	assert_int_equal(n, 12);
	string_is("{\"a\":\"\\ud83d\\ude00\\u00e9\\n\\/\"}", "\xF0\x9F\x98\x80\xC3\xA9\n/");
}

TEST(paths)
{
	const struct json *j = parsed("{\"choices\":[{\"delta\":{\"content\":\"hi\"}},{\"n\":2}],"
	                              "\"m\":[[1,[7]]],\"t\":true,\"z\":null,\"Case\":1,\"d\":0.5}");
	struct str s = STR("untouched");
	int64_t n = -5;
	double d;
	bool b = false;
	assert_true(json_str(j, "choices[0].delta.content", &s));
	assert_true(str_eq(s, "hi"));
	assert_false(json_str(j, "choices[1].delta.content", &s));
	assert_false(json_str(j, "choices[1].n", &s));
	assert_true(str_eq(s, "hi"));
	assert_true(json_int(j, "choices[1].n", &n) && n == 2);
	assert_true(json_int(j, "m[0][1][0]", &n) && n == 7);
	assert_false(json_int(j, "m[0][9]", &n));
	assert_false(json_int(j, "choices.n", &n));
	assert_false(json_int(j, "case", &n));
	assert_false(json_int(NULL, "case", &n));
	assert_null(json_get(NULL, "a"));
	assert_null(json_get(j, "t.x"));
	assert_null(json_get(j, "t[0]"));
	assert_null(json_get(parsed("{\"aa\":1}"), "a"));
	assert_true(json_bool(j, "t", &b) && b);
	assert_false(json_bool(j, "z", &b));
	assert_true(json_double(j, "d", &d) && d > 0.49 && d < 0.51);
	assert_false(json_int(j, "d", &n));
	assert_true(json_is_null(j, "z"));
	assert_false(json_is_null(j, "missing"));
	assert_false(json_is_null(j, "t"));
	assert_true(json_is_object(j));
	assert_false(json_is_object(json_get(j, "choices")));
	assert_false(json_is_object(NULL));
}

TEST(walking)
{
	const struct json *j = json_first(parsed("{\"a\":\"x\",\"b\":2}"));
	assert_string_equal(json_key(j), "a");
	assert_true(json_is_string(j));
	assert_true(str_eq(json_value(j), "x"));
	j = json_next(j);
	assert_string_equal(json_key(j), "b");
	assert_int_equal(json_value(j).len, 0);
	assert_null(json_next(j));
	assert_null(json_first(parsed("[]")));
	assert_null(json_first(NULL));
	assert_int_equal(json_count(parsed("[1,[2,3],null]")), 3);
	assert_int_equal(json_count(parsed("{\"a\":\"x\",\"b\":2}")), 2);
	assert_int_equal(json_count(parsed("\"text\"")), 0);
	assert_int_equal(json_count(NULL), 0);
}

TEST(numbers_are_what_was_written_or_nothing)
{
	static const struct {
		const char *text;
		bool ok;
		int64_t value;
	} N[] = {
		{ "0", true, 0 },
		{ "-7", true, -7 },
		{ "1e3", true, 1000 },
		{ "5.0", true, 5 },
		{ "9007199254740991", true, 9007199254740991 },
		{ "-9007199254740991", true, -9007199254740991 },
		{ "9007199254740994", false, 0 },
		{ "-9007199254740994", false, 0 },
		{ "9223372036854775807", false, 0 },
		{ "1e300", false, 0 },
		{ "1e999", false, 0 },
		{ "1.5", false, 0 },
		{ "\"1\"", false, 0 },
	};
	for (size_t i = 0; i < ARRAY_SIZE(N); i++) {
		int64_t n = 77;
		if (json_int(parsed(N[i].text), "", &n) != N[i].ok)
			fail_msg("%s", N[i].text);
		assert_int_equal(n, N[i].ok ? N[i].value : 77);
	}
}

/* What cJSON takes beyond RFC 8259 would go verbatim into what is sent next. */
TEST(strict_to_the_letter)
{
	static const char *const WRONG[] = { "4.",
		                             "01",
		                             "-.5",
		                             "-",
		                             ".5",
		                             "1e",
		                             "+1",
		                             "1e+",
		                             "0x1",
		                             "[1,]",
		                             "{\"a\":1,}",
		                             "[,1]",
		                             "{\"a\" 1}",
		                             "{1:2}",
		                             "{a:1}",
		                             "'a'",
		                             "\"\\x\"",
		                             "\"\\u12g4\"",
		                             "\"a\nb\"",
		                             "\"\x1b\"",
		                             "nul",
		                             "True",
		                             "[1 2]",
		                             "1 2",
		                             "[1]]",
		                             "{",
		                             "\"",
		                             "\"\\",
		                             "\xEF\xBB\xBF{}",
		                             "NaN",
		                             "Infinity",
		                             "/**/1",
		                             "[1]//" };
	static const char *const RIGHT[] = { "0",
		                             "-0",
		                             "-0.5e-10",
		                             "1E5",
		                             "[]",
		                             "{}",
		                             "[[],{}]",
		                             "\"\\\"\\\\\\/\\b\\f\\n\\r\\t\\u00e9\"",
		                             " { \"a\" : [ 1 , true , null ] } \n",
		                             "\"\x7f\"" };
	for (size_t i = 0; i < ARRAY_SIZE(WRONG); i++)
		refused(str_of(WRONG[i]), CAP, ERR_BAD_INPUT);
	for (size_t i = 0; i < ARRAY_SIZE(RIGHT); i++)
		assert_non_null(parsed(RIGHT[i]));
}

/* Half a surrogate pair is no character; to who reads in pieces it is one half of one. */
TEST(halves_of_a_pair)
{
	const struct json *j;
	struct str s;
	struct err err;
	string_is("{\"a\":\"\\ud83d\\ude00\"}", "\xF0\x9F\x98\x80");
	string_is("{\"a\":\"x\\ud83dy\"}", "x\xEF\xBF\xBDy");
	string_is("{\"a\":\"\\ude00\\ud83d\"}", "\xEF\xBF\xBD\xEF\xBF\xBD");
	string_is("{\"a\":\"\\ud83d\\ud83d\\ude00\"}", "\xEF\xBF\xBD\xF0\x9F\x98\x80");
	assert_int_equal(
		json_parse_piece(&A, STR("{\"a\":\"\\ud83d\",\"b\":\"\\ude00\\u0000\",\"c\":\"\xF0\x9F\"}"), CAP, &j, &err), 0);
	assert_true(json_str(j, "a", &s) && str_eq(s, "\xED\xA0\xBD"));
	assert_true(json_str(j, "b", &s) && str_eq(s, "\xED\xB8\x80\xEF\xBF\xBD"));
	assert_true(json_str(j, "c", &s) && str_eq(s, "\xF0\x9F"));
}

/* The tree may not cost many times what the text does. */
TEST(memory_is_bounded)
{
	enum { N = 1u << 20 };
	struct arena a = ARENA_INIT;
	const struct json *j;
	struct err err;
	char *text = malloc(8 * N);
	for (size_t i = 0; i < N; i++)
		memcpy(text + 2 * i, i == 0 ? "[0" : ",0", 2);
	text[2 * N] = ']';
	assert_int_equal(json_parse(&a, (struct str){ text, 2 * N + 1 }, 8 * N, &j, &err), -1);
	assert_int_equal(err.code, ERR_TOO_BIG);
	assert_in_range(a.used, 0, 3 * N);
	arena_release(&a);
	for (size_t i = 0; i < N; i++) /* numbers as embeddings have them */
		memcpy(text + 7 * i, i == 0 ? "[0.1234" : ",-0.123", 7);
	text[7 * N] = ']';
	assert_int_equal(json_parse(&a, (struct str){ text, 7 * N + 1 }, 8 * N, &j, &err), 0);
	assert_in_range(a.used, 1, 7 * N * 20ul);
	arena_release(&a);
	free(text);
}

static void written(struct str in, const char *want)
{
	struct strbuf b = STRBUF_INIT(CAP);
	json_put_str(&b, in);
	assert_string_equal(strbuf_text(&b), want);
	assert_non_null(parsed(strbuf_text(&b)));
	strbuf_release(&b);
}

TEST(writer_escapes)
{
	written(STR(""), "\"\"");
	written(STR("a\"b\\c/d"), "\"a\\\"b\\\\c/d\"");
	written(STR("a\nb\tc\r\x1b[31m\x7f"), "\"a\\nb\\u0009c\\u000d\\u001b[31m\\u007f\"");
	written(STR("\xC3\xA9\xF0\x9F\x98\x80"), "\"\xC3\xA9\xF0\x9F\x98\x80\"");
	written(STR("a\xFF"
	            "b"),
	        "\"a\xEF\xBF\xBD"
	        "b\"");
	written((struct str){ "a\0b", 3 }, "\"a\xEF\xBF\xBD"
	                                   "b\"");
	for (int c = 1; c < 0x100; c++) {
		char in[3] = { 'x', (char)c, 'y' };
		struct strbuf b = STRBUF_INIT(CAP), back = STRBUF_INIT(CAP);
		json_put_str(&b, (struct str){ in, 3 });
		struct str s = json_value(parsed(strbuf_text(&b)));
		utf8_repair(&back, (struct str){ in, 3 });
		assert_int_equal(s.len, back.len);
		assert_memory_equal(s.ptr, back.ptr, s.len);
		strbuf_release(&b);
		strbuf_release(&back);
	}
}

TEST(writer_commas)
{
	struct strbuf b = STRBUF_INIT(CAP);
	strbuf_char(&b, '{');
	json_put_field(&b, "a", "x{");
	json_put_field(&b, "b", NULL);
	json_put_int_field(&b, "c", INT64_MIN);
	json_put_key(&b, "d");
	strbuf_char(&b, '[');
	strbuf_str(&b, "{");
	json_put_int_field(&b, "e", 1);
	strbuf_str(&b, "}]}");
	assert_string_equal(strbuf_text(&b), "{\"a\":\"x{\",\"b\":null,\"c\":-9223372036854775808,\"d\":[{\"e\":1}]}");
	strbuf_release(&b);
}

static int release(void **state)
{
	(void)state;
	arena_release(&A);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(depth_and_size_are_capped),
		cmocka_unit_test(a_nul_does_not_cut_a_string),
		cmocka_unit_test(only_whole_valid_text),
		cmocka_unit_test(paths),
		cmocka_unit_test(walking),
		cmocka_unit_test(numbers_are_what_was_written_or_nothing),
		cmocka_unit_test(strict_to_the_letter),
		cmocka_unit_test(halves_of_a_pair),
		cmocka_unit_test(memory_is_bounded),
		cmocka_unit_test(writer_escapes),
		cmocka_unit_test(writer_commas),
	};
	return cmocka_run_group_tests_name("json", tests, NULL, release);
}
