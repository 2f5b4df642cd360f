/*
 * Text of strangers is drawn on an operator's terminal. One character that moves the cursor, turns the writing round or hides is enough
 * to make a screen lie, so that every row of the table in the design is a case here, and random bytes must not get past either.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <locale.h>
#include <wchar.h>

#include "shared/utf8.h"

#define TEST(name) static void name(void **state __attribute__((unused)))
#define ACUTE "\xCC\x81"
#define VS16 "\xEF\xB8\x8F"
#define ZWJ "\xE2\x80\x8D"
#define ZWNJ "\xE2\x80\x8C"
#define FA_MI "\xD9\x85\xDB\x8C"                                                /* Persian "mi" */
#define FA_KHAHAM "\xD8\xAE\xD9\x88\xD8\xA7\xD9\x87\xD9\x85"                    /* "khaham": with a ZWNJ between them one word */
#define HI_KA "\xE0\xA4\x95"                                                    /* Devanagari ka */
#define HI_SHA "\xE0\xA4\xB7"                                                   /* sha */
#define HI_VIRAMA "\xE0\xA5\x8D"                                                /* a mark without a cell */
#define HI_I "\xE0\xA4\xBF"                                                     /* a vowel sign with one */
#define HI_II "\xE0\xA5\x80"                                                    /* another */
#define HI_DOT "\xE0\xA4\x82"                                                   /* anusvara, without one */
#define HINDI "\xE0\xA4\xB9" HI_I "\xE0\xA4\xA8" HI_VIRAMA "\xE0\xA4\xA6" HI_II /* "hindi" */
#define WOMAN "\xF0\x9F\x91\xA9"
#define LAPTOP "\xF0\x9F\x92\xBB"

static void put(char out[5], unsigned c)
{
	memset(out, 0, 5);
	if (c < 0x80) {
		out[0] = (char)c;
	} else if (c < 0x800) {
		out[0] = (char)(0xC0 | c >> 6);
		out[1] = (char)(0x80 | (c & 0x3F));
	} else if (c < 0x10000) {
		out[0] = (char)(0xE0 | c >> 12);
		out[1] = (char)(0x80 | (c >> 6 & 0x3F));
		out[2] = (char)(0x80 | (c & 0x3F));
	} else {
		out[0] = (char)(0xF0 | c >> 18);
		out[1] = (char)(0x80 | (c >> 12 & 0x3F));
		out[2] = (char)(0x80 | (c >> 6 & 0x3F));
		out[3] = (char)(0x80 | (c & 0x3F));
	}
}

static void shown(const char *in, const char *want, int width)
{
	struct strbuf out = STRBUF_INIT(65536);
	utf8_safe(&out, str_of(in), false);
	assert_string_equal(strbuf_text(&out), want);
	assert_int_equal(utf8_width(str_of(in)), width);
	strbuf_release(&out);
}

static void escaped(unsigned c)
{
	char in[5], want[16];
	struct glyph g;
	put(in, c);
	snprintf(want, sizeof want, "<U+%04X>", c);
	const char *next = utf8_glyph(in, in + strlen(in), false, &g);
	if (strcmp(g.text, want) != 0 || !g.is_escape || g.width != (int)strlen(want) || next != in + strlen(in))
		fail_msg("U+%04X is shown as '%s', width %d", c, g.text, g.width);
}

TEST(printable_is_itself)
{
	shown("", "", 0);
	shown("plain ~", "plain ~", 7);
	shown("\xC3\xA9", "\xC3\xA9", 1);
	shown("\xE4\xB8\x96\xE7\x95\x8C", "\xE4\xB8\x96\xE7\x95\x8C", 4);
	shown("\xF0\x9F\x98\x80", "\xF0\x9F\x98\x80", 2);
	shown("\xEF\xBC\xA1", "\xEF\xBC\xA1", 2);
	shown("\xD8\xB3\xD9\x84 \xD7\xA9", "\xD8\xB3\xD9\x84 \xD7\xA9", 4); /* Arabic, Hebrew: in logical order */
}

TEST(control_characters_are_seen)
{
	for (int c = 0; c < 0x20; c++) {
		char in = (char)c, want[3] = { '^', (char)(c + 0x40), '\0' };
		struct glyph g;
		assert_ptr_equal(utf8_glyph(&in, &in + 1, false, &g), &in + 1);
		assert_string_equal(g.text, want);
		assert_true(g.is_escape);
		assert_int_equal(g.width, 2);
	}
	shown("\x7f", "^?", 2);
	shown("a\tb\nc\r\b\v\f", "a^Ib^Jc^M^H^K^L", 15);
	shown("\x1b]0;title\x07", "^[]0;title^G", 12);
}

TEST(newlines_stay_where_lines_are_drawn)
{
	struct strbuf out = STRBUF_INIT(100);
	utf8_safe(&out, STR("a\n\tb\r\x1b"), true);
	assert_string_equal(strbuf_text(&out), "a\n\tb^M^[");
	strbuf_release(&out);
}

static const struct {
	unsigned from, to;
} HIDDEN[] = {
	{ 0x80, 0x9F },       { 0x2028, 0x2029 },     { 0x061C, 0x061C },   { 0x200B, 0x200F }, { 0x202A, 0x202E },
	{ 0x2066, 0x2069 },   { 0xAD, 0xAD },         { 0x34F, 0x34F },     { 0x180E, 0x180E }, { 0x2060, 0x2064 },
	{ 0xFEFF, 0xFEFF },   { 0xE0000, 0xE00FF },   { 0xE01F0, 0xE0FFF }, { 0xE000, 0xE100 }, { 0xF8FF, 0xF8FF },
	{ 0xF0000, 0xF0010 }, { 0x10FFFD, 0x10FFFF }, { 0x378, 0x379 },     { 0xFDD0, 0xFDEF }, { 0xFFFE, 0xFFFF },
	{ 0x1FFFE, 0x1FFFF }, { 0x115F, 0x1160 },     { 0x3164, 0x3164 },   { 0xFFA0, 0xFFA0 }, { 0x2800, 0x2800 },
};

TEST(hidden_characters_are_seen)
{
	for (size_t i = 0; i < ARRAY_SIZE(HIDDEN); i++)
		for (unsigned c = HIDDEN[i].from; c <= HIDDEN[i].to; c++)
			escaped(c);
	shown("user\xE2\x80\xAEtxt.exe", "user<U+202E>txt.exe", 19);
	shown("a\xCD\x8F"
	      "b",
	      "a<U+034F>b", 10);
}

TEST(variation_selectors_are_dropped)
{
	char in[8], vs[5];
	for (unsigned c = 0xFE00; c <= 0xFE0F; c++) {
		put(vs, c);
		shown(vs, "", 0);
		snprintf(in, sizeof in, "a%sb", vs);
		shown(in, "ab", 2);
	}
	put(vs, 0xE0100);
	snprintf(in, sizeof in, "a%s", vs);
	shown(in, "a", 1);
}

TEST(two_marks_on_a_base)
{
	shown("e" ACUTE, "e" ACUTE, 1);
	shown("e" ACUTE ACUTE, "e" ACUTE ACUTE, 1);
	shown("e" ACUTE ACUTE ACUTE ACUTE ACUTE "x", "e" ACUTE ACUTE "x", 2);
	shown("e" VS16 ACUTE VS16 ACUTE ACUTE, "e" ACUTE ACUTE, 1);
	shown(" " ACUTE ACUTE "x", " x", 2);
	shown(ACUTE "x", "<U+0301>x", 9);
	shown("\n" ACUTE, "^J<U+0301>", 10);
	shown("\xE4\xB8\x96" ACUTE, "\xE4\xB8\x96" ACUTE, 2);
}

TEST(emoji_by_their_parts)
{
	shown("\xF0\x9F\x91\x8D\xF0\x9F\x8F\xBD", "\xF0\x9F\x91\x8D\xF0\x9F\x8F\xBD", 4); /* thumbs up, skin tone */
	shown("\xE2\x9D\xA4" VS16, "\xE2\x9D\xA4", 1);                                    /* heart */
	shown("a" ZWJ "b", "a<U+200D>b", 10);
	shown(ZWJ WOMAN, "<U+200D>" WOMAN, 10);
	shown(WOMAN ZWJ, WOMAN "<U+200D>", 10);
	shown(WOMAN ZWJ "a", WOMAN "<U+200D>a", 11);
}

TEST(a_joiner_between_two_emoji_is_not_drawn)
{
	shown(WOMAN ZWJ LAPTOP, WOMAN LAPTOP, 4);
}

/* Persian and the scripts of India do not spell without them. In other scripts, at an edge, or doubled they only hide. */
TEST(joiners_inside_words_are_text)
{
	shown(FA_MI ZWNJ FA_KHAHAM, FA_MI ZWNJ FA_KHAHAM, 7);
	shown(HI_KA HI_VIRAMA ZWJ HI_SHA, HI_KA HI_VIRAMA ZWJ HI_SHA, 2);
	shown(HI_KA HI_VIRAMA ZWNJ HI_SHA, HI_KA HI_VIRAMA ZWNJ HI_SHA, 2);
	shown("\xE0\xA6\xB0" ZWJ "\xE0\xA7\x8D\xE0\xA6\xAF", "\xE0\xA6\xB0" ZWJ "\xE0\xA7\x8D\xE0\xA6\xAF",
	      2); /* before the mark */
	shown("PDF" ZWNJ "\xD9\x87\xD8\xA7", "PDF" ZWNJ "\xD9\x87\xD8\xA7", 5);
	shown("\xDB\xB2" ZWNJ "\xD8\xA7", "\xDB\xB2" ZWNJ "\xD8\xA7", 2); /* a digit */
	shown("a" ZWNJ "b", "a<U+200C>b", 10);
	shown(ZWNJ FA_MI, "<U+200C>" FA_MI, 10);
	shown(FA_MI ZWNJ, FA_MI "<U+200C>", 10);
	shown(FA_MI ZWNJ " x", FA_MI "<U+200C> x", 12);
	shown(FA_MI ZWNJ ZWNJ FA_MI, FA_MI "<U+200C><U+200C>" FA_MI, 20);
	shown(FA_MI ZWNJ VS16 FA_MI, FA_MI "<U+200C>" FA_MI, 12);
	shown(FA_MI "\xE2\x80\x8B" FA_MI, FA_MI "<U+200B>" FA_MI, 12); /* no joiner */
	shown(FA_MI "\xE2\x80\x8F" FA_MI, FA_MI "<U+200F>" FA_MI, 12);
	shown("(" ZWNJ FA_MI, "(<U+200C>" FA_MI, 11);
}

/* A spacing vowel sign is one cell of a terminal: one that shares its base's is not drawn at all. */
TEST(a_mark_with_a_width_has_a_cell)
{
	shown(HINDI, HINDI, 5);
	shown(HI_KA HI_I HI_DOT "x", HI_KA HI_I HI_DOT "x", 3);
	struct glyph g;
	static const char in[] = HI_KA HI_VIRAMA HI_I HI_DOT;
	const char *next = utf8_glyph(in, in + sizeof in - 1, false, &g);
	assert_string_equal(g.text, HI_KA HI_VIRAMA);
	assert_int_equal(utf8_glyph(next, in + sizeof in - 1, false, &g) - in, sizeof in - 1);
	assert_string_equal(g.text, HI_I HI_DOT);
	assert_int_equal(g.width, 1);
	assert_false(g.is_escape);
}

/* Marks that a script spells with are not ornament: a letter may need three. Korean may come in its parts: a syllable is two cells. */
TEST(marks_that_scripts_need_are_kept)
{
	static const char qa[] = HI_KA "\xE0\xA4\xBC\xE0\xA5\x81\xE0\xA4\x81"; /* nukta, u, candrabindu */
	static const char han[] = "\xE1\x84\x92\xE1\x85\xA1\xE1\x86\xAB";
	shown(qa, qa, 1);
	shown(han, han, 2);
	shown("\xE1\x85\xA1x", "<U+1161>x", 9); /* a part without what it belongs to */
	shown(HI_KA HI_VIRAMA HI_VIRAMA HI_VIRAMA HI_VIRAMA HI_VIRAMA HI_VIRAMA "x",
	      HI_KA HI_VIRAMA HI_VIRAMA HI_VIRAMA HI_VIRAMA "x", 2);
}

/* A screen puts a character where the C library's width says that the terminal puts it; what follows in a cell must have none. */
TEST(widths_are_those_of_the_terminal)
{
	int checked = 0;
	if (setlocale(LC_ALL, "C.UTF-8") == NULL)
		skip();
	for (unsigned c = 0xA0; c < 0x30000; c++) {
		char in[9];
		struct glyph g;
		wchar_t wide[8];
		const char *p = g.text;
		mbstate_t mb = { 0 };
		if (wcwidth((wchar_t)c) < 0) /* newer than the library: shown as ? */
			continue;
		in[0] = 'a';
		put(in + 1, c); /* beside a base */
		utf8_glyph(in, in + strlen(in), false, &g);
		for (int part = 0; part < 2; part++) {
			size_t n = mbsrtowcs(wide, &p, ARRAY_SIZE(wide), &mb);
			if (g.is_escape || g.len == 0 || (c >= 0x3248 && c <= 0x324F) || (c >= 0x4DC0 && c <= 0x4DFF))
				n = 0; /* utf8proc and the library disagree about the hexagrams */
			if (n > 5 || (n > 0 && wcwidth(wide[0]) != g.width))
				fail_msg("U+%04X is %d cells, here %d", c, wcwidth((wchar_t)c), g.width);
			for (size_t i = 1; i < n; i++)
				if (wcwidth(wide[i]) != 0)
					fail_msg("U+%04X takes a cell and has none", c);
			checked += n > 0;
			utf8_glyph(in + 1, in + strlen(in), false, &g); /* and alone */
			p = g.text;
		}
	}
	assert_true(checked > 100000);
	setlocale(LC_ALL, "C");
}

TEST(invalid_bytes_one_by_one)
{
	shown("\xFF", "<FF>", 4);
	shown("a\x80z", "a<80>z", 6);
	shown("\xE2\x82", "<E2><82>", 8);
	shown("\xC0\xAF", "<C0><AF>", 8);
	shown("\xED\xA0\x80", "<ED><A0><80>", 12);
	shown("\xF4\x90\x80\x80", "<F4><90><80><80>", 16);
	shown("\xF0\x9F\x98"
	      "a",
	      "<F0><9F><98>a", 13);
}

TEST(ascii_only)
{
	static const char *const IN[] = { "a",    "\xC3\xA9", "\xE4\xB8\x96",        "e" ACUTE, "\xE2\x80\xAE", "\xFF",
		                          "\x1b", VS16,       "\xC3\xA9" ACUTE ACUTE };
	static const char *const WANT[] = { "a", "?", "?", "e", "<U+202E>", "<FF>", "^[", "", "?" };
	for (size_t i = 0; i < ARRAY_SIZE(IN); i++) {
		struct glyph g;
		utf8_glyph(IN[i], IN[i] + strlen(IN[i]), true, &g);
		assert_string_equal(g.text, WANT[i]);
		assert_int_equal(g.width, strlen(WANT[i]));
	}
}

static uint64_t seed = 88172645463325252u;

static unsigned rnd(unsigned n)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return (unsigned)(seed >> 33) % n;
}

/* Nothing that a terminal could obey or hide: judged by a decoder and a list of this test's own. */
static bool is_harmless(const char *s, int len)
{
	for (int i = 0; i < len;) {
		unsigned char b = (unsigned char)s[i];
		int n = b < 0x80 ? 1 : b >= 0xF0 ? 4 : b >= 0xE0 ? 3 : b >= 0xC2 ? 2 : 0;
		unsigned c = n == 1 ? b : n == 2 ? b & 0x1Fu : n == 3 ? b & 0x0Fu : b & 0x07u;
		if (n == 0 || i + n > len || b < 0x20 || b == 0x7F)
			return false;
		if (i > 0 && (memcmp(s + i, ZWJ, 3) == 0 || memcmp(s + i, ZWNJ, 3) == 0)) {
			i += n; /* joins what stands before it */
			continue;
		}
		for (int k = 1; k < n; k++) {
			if (((unsigned char)s[i + k] & 0xC0) != 0x80)
				return false;
			c = c << 6 | ((unsigned char)s[i + k] & 0x3Fu);
		}
		for (size_t k = 0; k < ARRAY_SIZE(HIDDEN); k++)
			if (c >= HIDDEN[k].from && c <= HIDDEN[k].to)
				return false;
		i += n;
	}
	return true;
}

static size_t random_text(char *out)
{
	static const char *const PIECES[] = { ZWNJ, HI_KA, HI_I,           HI_VIRAMA,      FA_MI,      ACUTE,
		                              ZWJ,  VS16,  WOMAN,          "\xE2\x80\xAE", "\xC2\x9B", "\x1b[",
		                              " ",  "e",   "\xED\xA0\x80", "\xEF\xBB\xBF" };
	size_t len = 0, n = rnd(12);
	for (size_t i = 0; i < n; i++) {
		char piece[5] = "";
		unsigned how = rnd(4);
		if (how == 0)
			out[len++] = (char)rnd(256);
		else if (how == 1)
			put(piece, 1 + rnd(0x10FFFF));
		else if (how == 2)
			put(piece, 0x20 + rnd(0x3000));
		const char *p = how == 3 ? PIECES[rnd(ARRAY_SIZE(PIECES))] : piece;
		memcpy(out + len, p, strlen(p));
		len += strlen(p);
	}
	return len;
}

TEST(random_bytes_give_only_harmless_cells)
{
	for (int round = 0; round < 200000; round++) {
		char in[64];
		size_t len = random_text(in);
		int width = 0;
		for (const char *at = in, *end = in + len; at < end;) {
			struct glyph g;
			const char *next = utf8_glyph(at, end, round & 1, &g);
			if (next <= at || next > end || g.len < 0 || g.len > 23 || g.text[g.len] != '\0' ||
			    strlen(g.text) != (size_t)g.len || g.width < 0 || g.width > 12 || (g.width == 0) != (g.len == 0) ||
			    !is_harmless(g.text, g.len))
				fail_msg("round %d: byte %td of %zu: '%s' len %d width %d", round, at - in, len, g.text, g.len,
				         g.width);
			if (g.is_escape && g.width != g.len)
				fail_msg("round %d: escape '%s' of width %d", round, g.text, g.width);
			width += g.width;
			at = next;
		}
		if (!(round & 1))
			assert_int_equal(width, utf8_width((struct str){ in, len }));
	}
}

TEST(shown_text_is_shown_as_it_is)
{
	for (int round = 0; round < 20000; round++) {
		char in[64];
		struct strbuf once = STRBUF_INIT(4096), twice = STRBUF_INIT(4096);
		size_t len = random_text(in);
		utf8_safe(&once, (struct str){ in, len }, false);
		utf8_safe(&twice, (struct str){ strbuf_text(&once), once.len }, false);
		assert_string_equal(strbuf_text(&once), strbuf_text(&twice));
		strbuf_release(&once);
		strbuf_release(&twice);
	}
}

/* A stream comes in pieces: what is shown of it, piece by piece, is what is shown of it whole. */
TEST(utf8_cut_anywhere)
{
	static const char text[] =
		FA_MI ZWNJ FA_KHAHAM " " HINDI "\n" WOMAN ZWJ LAPTOP "e" ACUTE " " ZWNJ "\xFF a" ZWJ HI_KA ZWNJ;
	assert_int_equal(utf8_settled(STR("ab")), 1);
	assert_int_equal(utf8_settled(STR("ab\n")), 3);
	assert_int_equal(utf8_settled(STR(FA_MI ZWNJ)), 2);
	assert_int_equal(utf8_settled(STR("")), 0);
	for (int round = 0; round < 5000; round++) {
		char in[64];
		struct strbuf whole = STRBUF_INIT(4096), parts = STRBUF_INIT(4096);
		struct str t =
			round < (int)sizeof text ? (struct str){ text, sizeof text - 1 } : (struct str){ in, random_text(in) };
		utf8_safe(&whole, t, true);
		size_t at = 0;
		for (size_t n = round < (int)sizeof text ? (size_t)round : 0; n < t.len; n += 1 + rnd(4)) {
			if (n < at)
				continue;
			struct str part = { t.ptr + at, n - at };
			size_t settled = utf8_settled(part);
			utf8_safe_to(&parts, part, settled, true);
			at += settled;
		}
		utf8_safe(&parts, (struct str){ t.ptr + at, t.len - at }, true);
		assert_string_equal(strbuf_text(&parts), strbuf_text(&whole));
		strbuf_release(&whole);
		strbuf_release(&parts);
	}
}

TEST(unfinished_ends)
{
	static const char text[] = "a\xC3\xA9\xE4\xB8\x96\xF0\x9F\x98\x80z";
	size_t whole = 0;
	for (size_t n = 0; n < sizeof text; n++) {
		if (((unsigned char)text[n] & 0xC0) != 0x80)
			whole = n;
		assert_int_equal(utf8_unfinished((struct str){ text, n }), n - whole);
	}
	assert_int_equal(utf8_unfinished(STR("\x80\x80\x80\x80")), 0);
	assert_int_equal(utf8_unfinished(STR("\x80")), 0);
	assert_int_equal(utf8_unfinished(STR("a\xF0\x9F\x98")), 3);
}

TEST(repaired_text_can_be_stored)
{
	struct strbuf out = STRBUF_INIT(4096);
	utf8_repair(&out, (struct str){ "a\0b\xFF\xC3\xA9\xE2\x82", 8 });
	assert_string_equal(strbuf_text(&out), "a\xEF\xBF\xBD"
	                                       "b\xEF\xBF\xBD\xC3\xA9\xEF\xBF\xBD\xEF\xBF\xBD");
	assert_false(utf8_valid((struct str){ "a\0b", 3 }));
	for (int round = 0; round < 20000; round++) {
		char in[64];
		size_t len = random_text(in);
		strbuf_clear(&out);
		utf8_repair(&out, (struct str){ in, len });
		assert_true(utf8_valid((struct str){ strbuf_text(&out), out.len }));
		if (utf8_valid((struct str){ in, len }) && len > 0)
			assert_memory_equal(in, out.ptr, len);
	}
	strbuf_release(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(printable_is_itself),
		cmocka_unit_test(control_characters_are_seen),
		cmocka_unit_test(newlines_stay_where_lines_are_drawn),
		cmocka_unit_test(hidden_characters_are_seen),
		cmocka_unit_test(variation_selectors_are_dropped),
		cmocka_unit_test(two_marks_on_a_base),
		cmocka_unit_test(emoji_by_their_parts),
		cmocka_unit_test(a_joiner_between_two_emoji_is_not_drawn),
		cmocka_unit_test(joiners_inside_words_are_text),
		cmocka_unit_test(a_mark_with_a_width_has_a_cell),
		cmocka_unit_test(marks_that_scripts_need_are_kept),
		cmocka_unit_test(widths_are_those_of_the_terminal),
		cmocka_unit_test(utf8_cut_anywhere),
		cmocka_unit_test(invalid_bytes_one_by_one),
		cmocka_unit_test(ascii_only),
		cmocka_unit_test(random_bytes_give_only_harmless_cells),
		cmocka_unit_test(shown_text_is_shown_as_it_is),
		cmocka_unit_test(unfinished_ends),
		cmocka_unit_test(repaired_text_can_be_stored),
	};
	return cmocka_run_group_tests_name("utf8", tests, NULL, NULL);
}
