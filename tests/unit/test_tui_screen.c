/*
 * Every character of a stranger that an operator sees goes through these cells. A glyph at the edge must not touch the row below, one
 * without cells must not take any, and one that is wider than the window must not keep the console busy for ever.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tui/screen.h"
#include "tui/text.h"

#define TEST(name) static void name(void **state __attribute__((unused)))
#define VS16 "\xEF\xB8\x8F"

/* The frame as screen_print() writes it, one line after another. */
static const char *frame(const struct screen *s)
{
	static char out[8192];
	memset(out, 0, sizeof out);
	FILE *f = fmemopen(out, sizeof out, "w");
	assert_non_null(f);
	screen_print(s, f);
	fclose(f);
	return out;
}

static struct screen *grid(int width, int height)
{
	struct screen *s = screen_offline(width, height, false);
	screen_clear(s);
	return s;
}

TEST(a_glyph_without_cells_takes_none)
{
	struct screen *s = grid(2, 2);
	for (int x = 0; x < 2; x++)
		screen_text(s, 1, x, 1, S_PLAIN, STR("#"));
	assert_int_equal(screen_text(s, 0, 0, -1, S_PLAIN, STR("\x1b" VS16)), 2);
	assert_string_equal(frame(s), "^[\n##\n");
	assert_int_equal(screen_text(s, 1, 0, -1, S_PLAIN, STR("\x1b" VS16)), 2); /* the last cell there is */
	assert_int_equal(screen_put(s, 1, 0, -1, S_PLAIN, "ab" VS16), 2);
	assert_int_equal(screen_text(s, 1, 1, -1, S_PLAIN, STR(VS16 VS16 "c" VS16)), 1);
	assert_string_equal(frame(s), "^[\nac\n");
	screen_close(s);
}

TEST(nothing_is_drawn_beyond_the_width_given)
{
	static const char *const TEXTS[] = { "\x1b" VS16, "\xE4\xB8\x96\xE7\x95\x8C", "a\xE4\xB8\x96",
		                             VS16,        "\xF3\xA0\x80\x81",         "ab\x80" };
	for (size_t i = 0; i < ARRAY_SIZE(TEXTS); i++)
		for (int width = 0; width < 12; width++) {
			struct screen *s = grid(14, 1);
			int used = screen_text(s, 0, 1, width, S_PLAIN, str_of(TEXTS[i]));
			assert_in_range(used, 0, width);
			screen_text(s, 0, 1 + used, 1, S_PLAIN, STR("|"));
			const char *row = frame(s);
			assert_ptr_equal(strrchr(row, '|') + 1, strchr(row, '\n'));
			screen_close(s);
		}
}

/* Half a wide character is none: its other cell becomes blank, else the row shifts, and the terminal keeps what stood there before. */
TEST(half_of_a_wide_character_is_blank)
{
	struct screen *s = grid(6, 1);
	screen_text(s, 0, 0, -1, S_PLAIN, STR("\xE4\xB8\x96\xE7\x95\x8C\xE4\xB8\x96"));
	screen_text(s, 0, 1, 2, S_PLAIN, STR("ab"));
	assert_string_equal(frame(s), " ab \xE4\xB8\x96\n");
	screen_text(s, 0, 3, -1, S_PLAIN, STR("\xE7\x95\x8C"));
	assert_string_equal(frame(s), " ab\xE7\x95\x8C\n");
	screen_text(s, 0, 4, -1, S_PLAIN, STR("\xE7\x95\x8C"));
	screen_text(s, 0, 4, -1, S_PLAIN, STR("\xE4\xB8\x96"));
	assert_string_equal(frame(s), " ab \xE4\xB8\x96\n");
	screen_close(s);
}

static int lines_of(const char *text, int width, int indent)
{
	struct text_view t = { .n = 0 };
	text_begin(&t, width);
	text_add(&t, S_PLAIN, indent, str_of(text));
	int n = t.n;
	for (int i = 0; i < n; i++)
		assert_true(t.lines[i].text.len > 0 || n == 1);
	text_release(&t);
	return n;
}

TEST(a_glyph_wider_than_the_window_has_a_line_of_its_own)
{
	assert_int_equal(lines_of("\xF3\xA0\x80\x81", 9, 0), 1);
	assert_int_equal(lines_of("\xF3\xA0\x80\x81", 9, 8), 1);
	assert_int_equal(lines_of("\xF3\xA0\x80\x81\xF3\xA0\x80\x81", 0, 0), 2);
	assert_int_equal(lines_of("ab \xF3\xA0\x80\x81 cd", 9, 0), 3);
	assert_int_equal(lines_of("", 9, 0), 1);
}

/* A joiner belongs to both lines of a word that is broken there, so that it is on neither: shown, it would be an escape that has no room. */
TEST(a_line_is_broken_at_a_joiner)
{
	static const char *const WORDS[] = { "\xD8\xAE\xD9\x88\xD8\xA7\xD9\x87\xE2\x80\x8C\xD9\x85", /* four letters, ZWNJ, one */
		                             "PDFs\xE2\x80\x8C\xD9\x87\xD8\xA7",
		                             "\xF0\x9F\x91\xA9\xF0\x9F\x91\xA9\xE2\x80\x8D\xF0\x9F\x92\xBB" };
	static const char *const WANT[] = { "\xD8\xAE\xD9\x88\xD8\xA7\xD9\x87\n\xD9\x85\n", "PDFs\n\xD9\x87\xD8\xA7\n",
		                            "\xF0\x9F\x91\xA9\xF0\x9F\x91\xA9\n\xF0\x9F\x92\xBB\n" };
	for (size_t i = 0; i < ARRAY_SIZE(WORDS); i++) {
		struct text_view t = { .n = 0 };
		struct screen *s = grid(20, 2);
		text_begin(&t, 5);
		text_add(&t, S_PLAIN, 0, str_of(WORDS[i]));
		assert_int_equal(t.n, 2);
		text_draw(&t, s, 0, 2, false);
		assert_string_equal(frame(s), WANT[i]);
		text_release(&t);
		screen_close(s);
	}
}

/* Each cell is sent by itself: a vowel sign that has a width must not share one. */
TEST(spacing_marks_have_cells)
{
	static const char hindi[] = "\xE0\xA4\xB9\xE0\xA4\xBF\xE0\xA4\xA8\xE0\xA5\x8D\xE0\xA4\xA6\xE0\xA5\x80";
	struct screen *s = grid(8, 1);
	assert_int_equal(screen_text(s, 0, 0, -1, S_PLAIN, str_of(hindi)), 5);
	screen_text(s, 0, 5, 1, S_PLAIN, STR("|"));
	screen_text(s, 0, 1, 1, S_PLAIN, STR("-")); /* the sign's own */
	assert_string_equal(frame(s), "\xE0\xA4\xB9-\xE0\xA4\xA8\xE0\xA5\x8D\xE0\xA4\xA6\xE0\xA5\x80|\n");
	screen_close(s);
}

/* A width that is negative means "to the edge": an indent beyond the window must not become that. */
TEST(an_indent_beyond_the_window_draws_nothing)
{
	struct text_view t = { .n = 0 };
	struct screen *s = grid(10, 1);
	text_begin(&t, 3);
	text_add(&t, S_PLAIN, 5, STR("abc"));
	text_draw(&t, s, 0, 1, false);
	assert_string_equal(frame(s), "\n");
	text_release(&t);
	screen_close(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_glyph_without_cells_takes_none),
		cmocka_unit_test(nothing_is_drawn_beyond_the_width_given),
		cmocka_unit_test(half_of_a_wide_character_is_blank),
		cmocka_unit_test(a_glyph_wider_than_the_window_has_a_line_of_its_own),
		cmocka_unit_test(a_line_is_broken_at_a_joiner),
		cmocka_unit_test(spacing_marks_have_cells),
		cmocka_unit_test(an_indent_beyond_the_window_draws_nothing),
	};
	return cmocka_run_group_tests_name("tui screen", tests, NULL, NULL);
}
