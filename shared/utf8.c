#include "shared/utf8.h"

#include <utf8proc.h>

#define MARKS_MAX 4     /* with the base, the limit of one ncurses cell */
#define ORNAMENTS_MAX 2 /* marks of no particular script; more would only draw over other rows */

static bool is_variation_selector(utf8proc_int32_t c)
{
	return (c >= 0xFE00 && c <= 0xFE0F) || (c >= 0xE0100 && c <= 0xE01EF) || (c >= 0x180B && c <= 0x180F && c != 0x180E);
}

/* The vowel or the final consonant of a decomposed Korean syllable: drawn in the cells of its
 * initial consonant. */
static bool is_syllable_part(utf8proc_int32_t c)
{
	return (c > 0x1160 && c <= 0x11FF) || (c >= 0xD7B0 && c <= 0xD7FF);
}

/* True for a character drawn in the cell of the one before it. Spacing marks (Mc) are not: a
 * terminal gives them a cell of their own. */
static bool utf8_is_mark(utf8proc_int32_t c, utf8proc_category_t cat)
{
	return cat == UTF8PROC_CATEGORY_MN || cat == UTF8PROC_CATEGORY_ME || is_syllable_part(c);
}

static bool is_ornament(utf8proc_int32_t c)
{
	return (c >= 0x300 && c <= 0x36F) || (c >= 0x1AB0 && c <= 0x1AFF) || (c >= 0x1DC0 && c <= 0x1DFF) ||
	       (c >= 0x20D0 && c <= 0x20FF) || (c >= 0xFE20 && c <= 0xFE2F);
}

/* Characters that are invisible, or that reorder others. */
static bool is_hidden(utf8proc_int32_t c, utf8proc_category_t cat)
{
	switch (cat) {
	case UTF8PROC_CATEGORY_CN:
	case UTF8PROC_CATEGORY_CC:
	case UTF8PROC_CATEGORY_CF:
	case UTF8PROC_CATEGORY_CS:
	case UTF8PROC_CATEGORY_CO:
	case UTF8PROC_CATEGORY_ZL:
	case UTF8PROC_CATEGORY_ZP:
		return true;
	default:
		/* fillers that are letters by category, the combining grapheme joiner, the empty braille cell */
		return c == 0x115F || c == 0x1160 || c == 0x3164 || c == 0xFFA0 || c == 0x2800 || c == 0x034F || c == 0x17B4 ||
		       c == 0x17B5;
	}
}

static void escape(struct glyph *out, const char *fmt, unsigned c)
{
	out->len = snprintf(out->text, sizeof out->text, fmt, c);
	out->width = out->len;
	out->is_escape = true;
}

static bool is_emoji(utf8proc_int32_t c)
{
	return utf8proc_get_property(c)->boundclass == UTF8PROC_BOUNDCLASS_EXTENDED_PICTOGRAPHIC ||
	       (c >= 0x1F3FB && c <= 0x1F3FF);
}

/* A letter, its mark, or a decimal digit. */
static bool is_word(utf8proc_int32_t c)
{
	utf8proc_category_t cat = utf8proc_category(c);
	return ((cat >= UTF8PROC_CATEGORY_LU && cat <= UTF8PROC_CATEGORY_MC) || cat == UTF8PROC_CATEGORY_ND) &&
	       !is_hidden(c, cat) && !is_variation_selector(c);
}

/* Blocks of the scripts that use joiners in spelling: Arabic and related scripts, the scripts of
 * India and its neighbours, Mongolian. */
static bool is_joining(utf8proc_int32_t c)
{
	static const struct {
		utf8proc_int32_t from, to;
	} BLOCKS[] = { { 0x600, 0x109F },    { 0x1780, 0x18AF },   { 0x1900, 0x1CFF },  { 0xA800, 0xA95F },
		       { 0xA980, 0xAAFF },   { 0xABC0, 0xABFF },   { 0xFB50, 0xFDFF },  { 0xFE70, 0xFEFE },
		       { 0x10A00, 0x10FFF }, { 0x11000, 0x11FFF }, { 0x1E900, 0x1E95F } };
	for (size_t i = 0; i < ARRAY_SIZE(BLOCKS); i++)
		if (c >= BLOCKS[i].from && c <= BLOCKS[i].to)
			return true;
	return false;
}

/* True when the non-joiner (U+200C) or the joiner (U+200D) is at `at`. */
static bool is_joiner(const char *at, const char *end)
{
	return end - at >= 3 && memcmp(at, "\xE2\x80", 2) == 0 && (at[2] == '\x8C' || at[2] == '\x8D');
}

enum joins { JOINS_NOTHING, JOINS_WORD, JOINS_EMOJI };

/* What the joiner after `base` joins. A joiner is text only between two characters that it joins;
 * elsewhere, and in scripts that do not use it, it is a hidden character. */
static enum joins joins(utf8proc_int32_t base, const char *joiner, const char *end)
{
	utf8proc_int32_t c;
	if (utf8proc_iterate((const utf8proc_uint8_t *)joiner + 3, end - joiner - 3, &c) <= 0)
		return JOINS_NOTHING;
	if (joiner[2] == '\x8D' && is_emoji(base) && is_emoji(c))
		return JOINS_EMOJI;
	return is_word(base) && is_word(c) && (is_joining(base) || is_joining(c)) ? JOINS_WORD : JOINS_NOTHING;
}

static void utf8_keep(struct glyph *out, const char *at, utf8proc_ssize_t n)
{
	memcpy(out->text + out->len, at, (size_t)n);
	out->len += (int)n;
}

/* Takes the marks and joiners after a base: as many as a cell holds are kept, the rest is dropped.
 * A joiner between two emoji is not drawn: terminals render such a sequence differently, but the
 * widths of its parts are known. */
static const char *take_marks(const char *at, const char *end, utf8proc_int32_t base, struct glyph *out, bool keeps)
{
	const char *joiner = NULL; /* seen, but what it joins is not read yet */
	int kept = 0, ornaments = 0;
	while (at < end) {
		utf8proc_int32_t c;
		utf8proc_ssize_t n = utf8proc_iterate((const utf8proc_uint8_t *)at, end - at, &c);
		if (n <= 0 || c < 0x300)
			break;
		if (is_joiner(at, end)) {
			enum joins what = joins(base, at, end);
			if (what == JOINS_NOTHING || joiner != NULL)
				break;
			joiner = what == JOINS_WORD ? at : NULL;
			out->joiner = what == JOINS_EMOJI ? 3 : 0;
			at += 3;
			if (what == JOINS_EMOJI)
				break;
			continue;
		}
		utf8proc_category_t cat = utf8proc_category(c);
		bool is_selector = is_variation_selector(c);
		if (!is_selector && (!utf8_is_mark(c, cat) || is_hidden(c, cat)))
			break;
		at += n;
		if (is_selector)
			continue;
		if (keeps && kept + (joiner != NULL) < MARKS_MAX && !(is_ornament(c) && ornaments == ORNAMENTS_MAX)) {
			if (joiner != NULL)
				utf8_keep(out, joiner, 3);
			utf8_keep(out, at - n, n);
			kept += 1 + (joiner != NULL);
			ornaments += is_ornament(c);
		}
		joiner = NULL;
	}
	if (joiner != NULL && at == joiner + 3) {
		out->joiner = 3;
		if (keeps && kept < MARKS_MAX)
			utf8_keep(out, joiner, 3);
	}
	out->text[out->len] = '\0';
	return at;
}

const char *utf8_glyph(const char *at, const char *end, bool ascii, struct glyph *out)
{
	utf8proc_int32_t c;
	*out = (struct glyph){ .len = 0 };
	unsigned char byte = (unsigned char)*at;
	if (byte < 0x80) {
		if (byte >= 0x20 && byte < 0x7F) {
			out->text[0] = *at;
			out->len = out->width = 1;
			return take_marks(at + 1, end, byte, out, !ascii && byte != ' ');
		}
		escape(out, "^%c", byte == 0x7F ? '?' : byte + 0x40);
		return at + 1;
	}
	utf8proc_ssize_t n = utf8proc_iterate((const utf8proc_uint8_t *)at, end - at, &c);
	if (n <= 0) {
		escape(out, "<%02X>", byte);
		return at + 1;
	}
	utf8proc_category_t cat = utf8proc_category(c);
	int width = utf8proc_charwidth(c); /* 0 for a spacing mark, which takes a cell */
	if (is_variation_selector(c)) {
		return at + n; /* dropped */
	} else if (is_hidden(c, cat)) {
		escape(out, "<U+%04X>", (unsigned)c);
	} else if (ascii) {
		out->text[0] = '?';
		out->len = out->width = 1;
		return take_marks(at + n, end, c, out, false);
	} else if (utf8_is_mark(c, cat)) {
		escape(out, "<U+%04X>", (unsigned)c); /* a mark without a base */
	} else {
		memcpy(out->text, at, (size_t)n);
		out->len = (int)n;
		out->width = width > 0 ? MIN(width, 2) : 1;
		return take_marks(at + n, end, c, out, true);
	}
	return at + n;
}

void utf8_safe_to(struct strbuf *out, struct str text, size_t len, bool lines)
{
	const char *at = text.ptr, *end = text.ptr + text.len;
	while (at < text.ptr + MIN(len, text.len)) {
		struct glyph g;
		if (lines && (*at == '\n' || *at == '\t')) {
			strbuf_char(out, *at++);
			continue;
		}
		at = utf8_glyph(at, end, false, &g);
		strbuf_add(out, g.text, (size_t)g.len);
	}
}

void utf8_safe(struct strbuf *out, struct str text, bool lines)
{
	utf8_safe_to(out, text, text.len, lines);
}

int utf8_width_to(struct str text, size_t len)
{
	const char *at = text.ptr, *end = text.ptr + text.len;
	int cells = 0;
	while (at < text.ptr + MIN(len, text.len)) {
		struct glyph g;
		at = utf8_glyph(at, end, false, &g);
		cells += g.width;
	}
	return cells;
}

int utf8_width(struct str text)
{
	return utf8_width_to(text, text.len);
}

bool utf8_valid(struct str text)
{
	for (size_t i = 0; i < text.len;) {
		utf8proc_int32_t c;
		if (text.ptr[i] > 0) { /* ASCII: the common case */
			i++;
			continue;
		}
		utf8proc_ssize_t n =
			utf8proc_iterate((const utf8proc_uint8_t *)text.ptr + i, (utf8proc_ssize_t)(text.len - i), &c);
		if (n <= 0 || c == 0)
			return false;
		i += (size_t)n;
	}
	return true;
}

/* The ten bits of half a surrogate pair in its three-byte form, which valid UTF-8 never contains;
 * -1 if there is none at `at`. */
static int half(struct str text, size_t at, unsigned char from, unsigned char to)
{
	const unsigned char *p = (const unsigned char *)text.ptr + at;
	if (at + 3 > text.len || p[0] != 0xED || p[1] < from || p[1] > to || (p[2] & 0xC0) != 0x80)
		return -1;
	return (p[1] & 0x0F) << 6 | (p[2] & 0x3F);
}

void utf8_repair(struct strbuf *out, struct str text)
{
	for (size_t i = 0; i < text.len;) {
		utf8proc_int32_t c;
		utf8proc_uint8_t whole[4];
		utf8proc_ssize_t n =
			utf8proc_iterate((const utf8proc_uint8_t *)text.ptr + i, (utf8proc_ssize_t)(text.len - i), &c);
		int high = half(text, i, 0xA0, 0xAF), low = half(text, i + 3, 0xB0, 0xBF);
		if (n > 0 && c != 0) {
			strbuf_add(out, text.ptr + i, (size_t)n);
			i += (size_t)n;
		} else if (high >= 0 && low >= 0) {
			n = utf8proc_encode_char(0x10000 + (high << 10) + low, whole);
			strbuf_add(out, (const char *)whole, (size_t)n);
			i += 6;
		} else {
			strbuf_str(out, "\xEF\xBF\xBD");
			i += high >= 0 || half(text, i, 0xB0, 0xBF) >= 0 ? 3 : 1;
		}
	}
}

size_t utf8_unfinished(struct str text)
{
	for (size_t back = 1; back <= MIN(text.len, 3); back++) {
		unsigned char c = (unsigned char)text.ptr[text.len - back];
		if (c < 0x80)
			return 0;
		if (c >= 0xC2 && c <= 0xF4) {
			size_t need = c >= 0xF0 ? 4 : c >= 0xE0 ? 3 : 2;
			return need > back ? back : 0;
		}
	}
	return 0;
}

size_t utf8_settled(struct str text)
{
	const char *at = text.ptr, *end = at + text.len - utf8_unfinished(text), *settled = at;
	while (at < end) {
		struct glyph g;
		bool is_control = (unsigned char)*at < 0x20 || *at == 0x7F; /* takes no marks */
		/* A joiner may still change how the character before it is shown. */
		if (!is_joiner(at, end))
			settled = at;
		at = utf8_glyph(at, end, false, &g);
		if (is_control)
			settled = at;
	}
	return (size_t)(settled - text.ptr);
}

size_t utf8_count(struct str s)
{
	size_t n = 0;
	for (size_t i = 0; i < s.len; i++)
		n += ((unsigned char)s.ptr[i] & 0xC0) != 0x80;
	return n;
}

void utf8_fold(struct strbuf *out, struct str text)
{
	utf8proc_uint8_t *folded = NULL;
	utf8proc_ssize_t n = utf8proc_map((const utf8proc_uint8_t *)text.ptr, (utf8proc_ssize_t)text.len, &folded,
	                                  UTF8PROC_DECOMPOSE | UTF8PROC_CASEFOLD | UTF8PROC_STRIPMARK);
	if (n > 0)
		strbuf_add(out, (const char *)folded, (size_t)n);
	free(folded);
}
