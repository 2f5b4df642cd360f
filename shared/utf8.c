#include "shared/utf8.h"

#include <utf8proc.h>

#define MARKS_MAX 2

static bool is_variation_selector(utf8proc_int32_t c)
{
	return (c >= 0xFE00 && c <= 0xFE0F) || (c >= 0xE0100 && c <= 0xE01EF) || (c >= 0x180B && c <= 0x180D);
}

static bool is_mark(utf8proc_category_t cat)
{
	return cat == UTF8PROC_CATEGORY_MN || cat == UTF8PROC_CATEGORY_ME || cat == UTF8PROC_CATEGORY_MC;
}

/* Characters that are there but are not seen, or that rearrange others. */
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

/* A joiner between two emoji is not drawn; anywhere else it is a hidden character. */
static const char *skip_joiner(const char *at, const char *end, utf8proc_int32_t base)
{
	utf8proc_int32_t c;
	if (end - at < 4 || memcmp(at, "\xE2\x80\x8D", 3) != 0 || !is_emoji(base))
		return at;
	return utf8proc_iterate((const utf8proc_uint8_t *)at + 3, end - at - 3, &c) > 0 && is_emoji(c) ? at + 3 : at;
}

/* Marks that follow a base: the first two stay with it, the rest is dropped. */
static const char *take_marks(const char *at, const char *end, utf8proc_int32_t base, struct glyph *out)
{
	int kept = 0;
	while (at < end) {
		utf8proc_int32_t c;
		utf8proc_ssize_t n = utf8proc_iterate((const utf8proc_uint8_t *)at, end - at, &c);
		if (n <= 0 || c < 0x300 ||
		    (!is_variation_selector(c) &&
		     (!is_mark(utf8proc_category(c)) || utf8proc_charwidth(c) != 0 || is_hidden(c, utf8proc_category(c)))))
			break;
		if (!is_variation_selector(c) && kept < MARKS_MAX && out->len + n < (int)sizeof out->text &&
		    out->text[0] != ' ') {
			memcpy(out->text + out->len, at, (size_t)n);
			out->len += (int)n;
			kept++;
		}
		at += n;
	}
	out->text[out->len] = '\0';
	return skip_joiner(at, end, base);
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
			return ascii ? at + 1 : take_marks(at + 1, end, byte, out);
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
	int width = utf8proc_charwidth(c);
	if (is_variation_selector(c)) {
		return at + n; /* dropped */
	} else if (is_hidden(c, cat)) {
		escape(out, "<U+%04X>", (unsigned)c);
	} else if (ascii) {
		out->text[0] = '?';
		out->len = out->width = 1;
		return take_marks(at + n, end, c, &(struct glyph){ .text = " " });
	} else if (is_mark(cat) && width == 0) {
		escape(out, "<U+%04X>", (unsigned)c); /* a mark without a base */
	} else {
		memcpy(out->text, at, (size_t)n);
		out->len = (int)n;
		out->width = width > 0 ? MIN(width, 2) : 1;
		return take_marks(at + n, end, c, out);
	}
	return at + n;
}

void utf8_safe(struct strbuf *out, struct str text, bool lines)
{
	const char *at = text.ptr, *end = text.ptr + text.len;
	while (at < end) {
		struct glyph g;
		if (lines && (*at == '\n' || *at == '\t')) {
			strbuf_char(out, *at++);
			continue;
		}
		at = utf8_glyph(at, end, false, &g);
		strbuf_add(out, g.text, (size_t)g.len);
	}
}

int utf8_width(struct str text)
{
	const char *at = text.ptr, *end = text.ptr + text.len;
	int cells = 0;
	while (at < end) {
		struct glyph g;
		at = utf8_glyph(at, end, false, &g);
		cells += g.width;
	}
	return cells;
}

bool utf8_valid(struct str text)
{
	for (size_t i = 0; i < text.len;) {
		utf8proc_int32_t c;
		if (text.ptr[i] > 0) { /* plain ASCII, which most text is */
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

/* Half of a surrogate pair as UTF-8 would have it, which it may not have: its ten bits, or -1. */
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
