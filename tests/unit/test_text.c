/*
 * The text of an answer comes in pieces that are cut anywhere: inside of a character, of an emoji's surrogate pair, of <think>. What is handed on
 * must
 * be the same text each time, whole characters only, and the answer and nothing else.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "shared/utf8.h"
#include "worker/llm/text.h"

#define TEST(name) static void name(void **state __attribute__((unused)))
#define EMOJI "\xF0\x9F\x98\x80"
#define HIGH "\xED\xA0\xBD" /* its halves, as json_parse_piece hands them on */
#define LOW "\xED\xB8\x80"
#define ODD "\xEF\xBF\xBD"

static void collect(void *ctx, struct str piece)
{
	assert_true(utf8_valid(piece));
	strbuf_add(ctx, piece.ptr, piece.len);
}

static const struct {
	const char *in, *want;
	bool has_thought, has_words;
} ROWS[] = {
	{ "", "", false, false },
	{ "Hello", "Hello", false, true },
	{ " \n Hello \n", " \n Hello \n", false, true },
	{ "\n\n", "", false, false },
	{ " \t\r\n \xC2\xA0\xE2\x80\x8B", "", false, false },
	{ "a" EMOJI "b", "a" EMOJI "b", false, true },
	{ "a" HIGH LOW "b", "a" EMOJI "b", false, true },
	{ HIGH "b", ODD "b", false, true },
	{ "a" LOW, "a" ODD, false, true },
	{ "a" HIGH, "a" ODD, false, true },
	{ HIGH HIGH LOW, ODD EMOJI, false, true },
	{ "a\xFF\xC3", "a" ODD ODD, false, true },
	{ "a\xF0\x9F", "a" ODD, false, true },
	{ "<think>why</think>Answer", "Answer", true, true },
	{ "\n<think>\nwhy <b>not</think> x</think>\n\nAnswer <think>", "x</think>\n\nAnswer <think>", true, true },
	{ "<thinking>a</think>b</thinking> c", "c", true, true },
	{ "<think>a</think>\n<think>b</think>\nc", "c", true, true },
	{ "<think>never closed", "", true, false },
	{ "<think>a</think>\n ", "", true, false },
	{ "<think", "<think", false, true },
	{ "<thin air", "<thin air", false, true },
	{ "say <think>x</think>", "say <think>x</think>", false, true },
	{ "a < b", "a < b", false, true },
	{ "</think>", "</think>", false, true },
};

TEST(the_same_wherever_it_is_cut)
{
	for (size_t i = 0; i < ARRAY_SIZE(ROWS); i++)
		for (size_t step = 0; step <= strlen(ROWS[i].in); step++) {
			struct strbuf out = STRBUF_INIT(4096);
			struct text t = TEXT_INIT(collect, &out);
			size_t len = strlen(ROWS[i].in), n = step > 0 ? step : MAX(len, 1);
			for (size_t at = 0; at < len; at += n)
				text_add(&t, (struct str){ ROWS[i].in + at, MIN(n, len - at) });
			text_end(&t);
			/* JSON hands halves of a pair on whole: what tears one itself is not looked at. */
			bool is_torn = false;
			for (size_t at = n; at < len && strstr(ROWS[i].in, "\xED") != NULL; at += n)
				is_torn |= ((unsigned char)ROWS[i].in[at] & 0xC0) == 0x80;
			if (!is_torn && strcmp(strbuf_text(&out), ROWS[i].want) != 0)
				fail_msg("'%s' in pieces of %zu: '%s'", ROWS[i].in, n, strbuf_text(&out));
			assert_int_equal(t.has_thought, ROWS[i].has_thought);
			assert_int_equal(t.has_words, ROWS[i].has_words);
			text_release(&t);
			strbuf_release(&out);
		}
}

/* A model that says blanks for ever is not held back for ever, and says nothing all the same. */
TEST(many_blanks)
{
	struct strbuf out = STRBUF_INIT(1u << 20);
	struct text t = TEXT_INIT(collect, &out);
	for (int i = 0; i < 100000; i++)
		text_add(&t, STR("\n"));
	assert_in_range(t.held.len, 0, TEXT_BLANKS_MAX);
	assert_false(t.has_words);
	text_add(&t, STR("x"));
	text_end(&t);
	assert_true(t.has_words);
	assert_int_equal(out.len, 100001);
	text_release(&t);
	strbuf_release(&out);
}

TEST(what_is_blank)
{
	static const char *const BLANK[] = { "", " ", "\n\t\r\v\f", "\xC2\xA0\xE2\x80\x8B\xE3\x80\x80\xEF\xBB\xBF" };
	static const char *const NOT[] = { "a", " . ", "\xC2\xA1", "\xE2\x80\xA6", ODD };
	for (size_t i = 0; i < ARRAY_SIZE(BLANK); i++)
		assert_true(text_is_blank(str_of(BLANK[i])));
	for (size_t i = 0; i < ARRAY_SIZE(NOT); i++)
		assert_false(text_is_blank(str_of(NOT[i])));
	assert_false(text_is_blank((struct str){ "\0", 1 }));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_same_wherever_it_is_cut),
		cmocka_unit_test(many_blanks),
		cmocka_unit_test(what_is_blank),
	};
	return cmocka_run_group_tests_name("text", tests, NULL, NULL);
}
