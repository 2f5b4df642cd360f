/* The line being typed is sent as it stands: the cursor must never be inside of a character, and no key may leave half of one behind. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "shared/utf8.h"
#include "tui/keys.h"
#include "tui/prompt.h"

#define TEST(name) static void name(void **state __attribute__((unused)))
#define SMILE 0x1F600

static struct field F;

static void is(const char *before, const char *after)
{
	char whole[FIELD_MAX];
	snprintf(whole, sizeof whole, "%s%s", before, after);
	assert_string_equal(F.text, whole);
	assert_int_equal(F.len, strlen(whole));
	assert_int_equal(F.at, strlen(before));
}

static void type(const int *keys, int n)
{
	for (int i = 0; i < n; i++)
		assert_true(field_key(&F, keys[i]));
}
#define TYPE(...) type((const int[]){ __VA_ARGS__ }, (int)ARRAY_SIZE(((const int[]){ __VA_ARGS__ })))

TEST(letters_are_letters)
{
	field_clear(&F);
	TYPE('q', 'j', ' ', 0xE9, 0x4E16, SMILE, '~');
	is("qj \xC3\xA9\xE4\xB8\x96\xF0\x9F\x98\x80~", "");
	field_clear(&F);
	is("", "");
}

TEST(the_cursor_steps_over_whole_characters)
{
	field_clear(&F);
	TYPE('a', 0xE9, SMILE);
	TYPE(K_LEFT);
	is("a\xC3\xA9", "\xF0\x9F\x98\x80");
	TYPE(K_LEFT);
	is("a", "\xC3\xA9\xF0\x9F\x98\x80");
	TYPE(K_LEFT, K_LEFT, K_LEFT);
	is("", "a\xC3\xA9\xF0\x9F\x98\x80");
	TYPE(K_RIGHT, K_RIGHT);
	is("a\xC3\xA9", "\xF0\x9F\x98\x80");
	TYPE(0x4E16);
	is("a\xC3\xA9\xE4\xB8\x96", "\xF0\x9F\x98\x80");
	TYPE(K_END, K_RIGHT);
	is("a\xC3\xA9\xE4\xB8\x96\xF0\x9F\x98\x80", "");
	TYPE(K_HOME);
	is("", "a\xC3\xA9\xE4\xB8\x96\xF0\x9F\x98\x80");
	TYPE(K_CTRL_E, K_CTRL_A, 'x');
	is("x", "a\xC3\xA9\xE4\xB8\x96\xF0\x9F\x98\x80");
}

TEST(deleting_takes_whole_characters)
{
	field_set(&F, "a\xC3\xA9\xF0\x9F\x98\x80z");
	TYPE(K_LEFT, K_BACKSPACE);
	is("a\xC3\xA9", "z");
	TYPE(K_LEFT, K_DELETE);
	is("a", "z");
	TYPE(K_DELETE, K_DELETE);
	is("a", "");
	TYPE(K_BACKSPACE, K_BACKSPACE, K_DELETE, K_LEFT, K_RIGHT);
	is("", "");
}

TEST(deleting_words_and_the_beginning)
{
	field_set(&F, "one two\xC3\xA9  ");
	TYPE(K_CTRL_W);
	is("one ", "");
	TYPE(K_CTRL_W);
	is("", "");
	TYPE(K_CTRL_W);
	is("", "");
	field_set(&F, "one two three");
	TYPE(K_LEFT, K_LEFT, K_CTRL_W);
	is("one two ", "ee");
	TYPE(K_CTRL_U);
	is("", "ee");
	TYPE(K_CTRL_U);
	is("", "ee");
}

TEST(keys_that_do_not_edit_are_left_to_others)
{
	static const int OTHERS[] = { K_NONE, K_UP,     K_DOWN,        K_ENTER,     K_ESC,       K_TAB, K_BACKTAB,
		                      K_F1,   K_RESIZE, K_PASTE_BEGIN, K_CTRL('c'), K_CTRL('l'), 0x7F,  0 };
	field_set(&F, "text");
	for (size_t i = 0; i < ARRAY_SIZE(OTHERS); i++)
		assert_false(field_key(&F, OTHERS[i]));
	is("text", "");
}

TEST(a_full_field_takes_no_half_characters)
{
	static const int LETTERS[] = { SMILE, 0x4E16, 0xE9, 'x' };
	for (size_t i = 0; i < ARRAY_SIZE(LETTERS); i++) {
		field_clear(&F);
		TYPE('a'); /* so that nothing fits evenly */
		for (int k = 0; k < FIELD_MAX; k++)
			field_insert(&F, LETTERS[i]);
		assert_true(F.len < FIELD_MAX && F.len >= FIELD_MAX - 5);
		assert_int_equal(F.text[F.len], '\0');
		assert_int_equal(strlen(F.text), F.len);
		assert_true(utf8_valid(str_of(F.text)));
	}
}

TEST(a_text_too_long_does_not_overrun)
{
	static char wide[FIELD_MAX * 2];
	wide[0] = 'a';
	for (size_t i = 1; i + 4 < sizeof wide; i += 4)
		memcpy(wide + i, "\xF0\x9F\x98\x80", 5);
	field_set(&F, wide);
	assert_int_equal(F.len, strlen(F.text));
	assert_int_equal(F.at, F.len);
	assert_true(F.len < FIELD_MAX);
}

TEST(random_keys_keep_it_whole)
{
	static const int KEYS[] = { 'a',     ' ',    0xE9,  0x4E16,      SMILE,    K_LEFT,   K_LEFT,
		                    K_RIGHT, K_HOME, K_END, K_BACKSPACE, K_DELETE, K_CTRL_W, K_CTRL_U };
	unsigned seed = 12345;
	field_clear(&F);
	for (int i = 0; i < 50000; i++) {
		seed = seed * 1664525u + 1013904223u;
		unsigned k = (seed >> 16) % 64;
		TYPE(KEYS[k < ARRAY_SIZE(KEYS) ? k : k % 7]);
		assert_true(F.at >= 0 && F.at <= F.len && F.len < FIELD_MAX);
		assert_true(F.at == F.len || ((unsigned char)F.text[F.at] & 0xC0) != 0x80);
		assert_int_equal(strlen(F.text), F.len);
		assert_true(utf8_valid((struct str){ F.text, (size_t)F.len }));
	}
}

TEST(completion)
{
	static const char *const WORDS[] = { "queue", "quit", "failed", "pause" };
	field_set(&F, "qui");
	assert_true(field_complete(&F, WORDS, 4));
	is("quit", "");
	assert_false(field_complete(&F, WORDS, 4));
	field_set(&F, "q");
	assert_true(field_complete(&F, WORDS, 4));
	is("queue", "");
	field_set(&F, "x");
	assert_false(field_complete(&F, WORDS, 4));
	is("x", "");
	field_clear(&F);
	assert_false(field_complete(&F, WORDS, 4));
	is("", "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(letters_are_letters),
		cmocka_unit_test(the_cursor_steps_over_whole_characters),
		cmocka_unit_test(deleting_takes_whole_characters),
		cmocka_unit_test(deleting_words_and_the_beginning),
		cmocka_unit_test(keys_that_do_not_edit_are_left_to_others),
		cmocka_unit_test(a_full_field_takes_no_half_characters),
		cmocka_unit_test(a_text_too_long_does_not_overrun),
		cmocka_unit_test(random_keys_keep_it_whole),
		cmocka_unit_test(completion),
	};
	return cmocka_run_group_tests_name("tui prompt", tests, NULL, NULL);
}
