/*
 * Text of strangers, any bytes. What is shown of it is valid UTF-8 without a character that a terminal obeys or that hides, is shown as it
 * is when shown again, and does not depend on where a stream was cut; what is stored is valid and stays as it is. The first byte chooses
 * the cuts.
 */
#include "shared/utf8.h"
#include "tests/fuzz/fuzz.h"

/* A decoder and a list of its own: 0 for what must never be shown. */
static unsigned next_char(const char **at, const char *end)
{
	unsigned char b = (unsigned char)**at;
	int n = b < 0x80 ? 1 : b >= 0xF0 ? 4 : b >= 0xE0 ? 3 : b >= 0xC2 ? 2 : 0;
	unsigned c = n == 1 ? b : n == 2 ? b & 0x1Fu : n == 3 ? b & 0x0Fu : b & 0x07u;
	if (n == 0 || n > end - *at)
		return 0;
	for (int k = 1; k < n; k++) {
		if (((unsigned char)(*at)[k] & 0xC0) != 0x80)
			return 0;
		c = c << 6 | ((unsigned char)(*at)[k] & 0x3Fu);
	}
	*at += n;
	return c;
}

static bool is_bad(unsigned c)
{
	static const struct {
		unsigned from, to;
	} BAD[] = { { 0, 0x1F },        { 0x7F, 0x9F },     { 0xAD, 0xAD },       { 0x34F, 0x34F },   { 0x61C, 0x61C },
		    { 0x115F, 0x1160 }, { 0x180E, 0x180E }, { 0x200B, 0x200B },   { 0x200E, 0x200F }, { 0x2028, 0x202E },
		    { 0x2060, 0x206F }, { 0x2800, 0x2800 }, { 0x3164, 0x3164 },   { 0xD800, 0xF8FF }, { 0xFE00, 0xFE0F },
		    { 0xFEFF, 0xFEFF }, { 0xFFA0, 0xFFA0 }, { 0xE0000, 0xE0FFF }, { 0xF0000, ~0u } };
	for (size_t i = 0; i < ARRAY_SIZE(BAD); i++)
		if (c >= BAD[i].from && c <= BAD[i].to)
			return true;
	return false;
}

static bool is_joiner(unsigned c)
{
	return c == 0x200C || c == 0x200D;
}

/* Joiners have something on both sides, and it is no joiner. */
static void check_shown(struct str s, bool lines)
{
	const char *at = s.ptr, *end = s.ptr + s.len;
	unsigned before = 0;
	while (at < end) {
		bool is_plain = lines && (*at == '\n' || *at == '\t');
		unsigned c = next_char(&at, end);
		if (!is_plain && is_bad(c))
			BROKEN("U+%04X is shown", c);
		if (is_joiner(c) ? before <= ' ' || at == end || is_joiner(before) : is_joiner(before) && c <= ' ')
			BROKEN("a joiner at an edge is shown");
		before = c;
	}
}

static void check_glyphs(struct str s, bool ascii)
{
	int cells = 0;
	for (const char *at = s.ptr, *end = s.ptr + s.len; at < end;) {
		struct glyph g;
		const char *next = utf8_glyph(at, end, ascii, &g);
		if (next <= at || next > end)
			BROKEN("a glyph of %td bytes", next - at);
		if (g.len < 0 || g.len >= (int)sizeof g.text || strlen(g.text) != (size_t)g.len || (g.width == 0) != (g.len == 0))
			BROKEN("a glyph of length %d and width %d", g.len, g.width);
		if (g.is_escape ? g.width != g.len || g.width > 12 : g.width > 2)
			BROKEN("a glyph of width %d", g.width);
		if (g.joiner != 0 && (g.joiner != 3 || next - at < 4 || next == end))
			BROKEN("a joiner of %d bytes", g.joiner);
		for (int i = 0; i < g.len && (ascii || g.is_escape); i++)
			if (g.text[i] < 0x20 || g.text[i] > 0x7E)
				BROKEN("byte %02x in ASCII", (unsigned char)g.text[i]);
		cells += g.width;
		at = next;
	}
	if (!ascii && cells != utf8_width(s))
		BROKEN("%d cells, together %d", cells, utf8_width(s));
}

static void check_safe(struct str s)
{
	struct strbuf once = STRBUF_INIT(s.len * 12 + 1), twice = STRBUF_INIT(s.len * 12 + 1),
		      lines = STRBUF_INIT(s.len * 12 + 1);
	utf8_safe(&once, s, false);
	utf8_safe(&twice, (struct str){ strbuf_text(&once), once.len }, false);
	utf8_safe(&lines, s, true);
	if (once.broken || lines.broken)
		BROKEN("over twelve bytes for one");
	check_shown((struct str){ strbuf_text(&once), once.len }, false);
	check_shown((struct str){ strbuf_text(&lines), lines.len }, true);
	if (strcmp(strbuf_text(&once), strbuf_text(&twice)) != 0)
		BROKEN("shown again it is another text");
	if (utf8_width(s) != utf8_width((struct str){ strbuf_text(&once), once.len }))
		BROKEN("shown again it has another width");
	strbuf_release(&once);
	strbuf_release(&twice);
	strbuf_release(&lines);
}

static void check_repair(struct str s)
{
	struct strbuf once = STRBUF_INIT(s.len * 3 + 1), twice = STRBUF_INIT(s.len * 9 + 1);
	utf8_repair(&once, s);
	utf8_repair(&twice, (struct str){ strbuf_text(&once), once.len });
	if (!utf8_valid((struct str){ strbuf_text(&once), once.len }))
		BROKEN("repaired it is not valid");
	if (once.len != twice.len || memcmp(strbuf_text(&once), strbuf_text(&twice), once.len) != 0)
		BROKEN("repaired twice it is another text");
	if (utf8_valid(s) && (once.len != s.len || memcmp(strbuf_text(&once), s.ptr, s.len) != 0))
		BROKEN("what was valid is changed");
	strbuf_release(&once);
	strbuf_release(&twice);
}

/* Cut every `step` bytes: pieces are shown as the whole, and a valid text stays valid without its unfinished end. */
static void check_cuts(struct str s, size_t step)
{
	struct strbuf whole = STRBUF_INIT(s.len * 12 + 1), parts = STRBUF_INIT(s.len * 12 + 1);
	bool is_valid = utf8_valid(s);
	size_t at = 0;
	int cells = 0;
	utf8_safe(&whole, s, true);
	for (size_t n = step; n < s.len; n += step) {
		struct str cut = { s.ptr, n }, part = { s.ptr + at, n - at };
		size_t unfinished = utf8_unfinished(cut), settled = utf8_settled(part);
		int upto = utf8_width_to(s, n);
		if (unfinished > 3 || unfinished > n || (is_valid && !utf8_valid((struct str){ s.ptr, n - unfinished })))
			BROKEN("%zu bytes of %zu are unfinished", unfinished, n);
		if (settled > part.len)
			BROKEN("%zu bytes of %zu are settled", settled, part.len);
		if (upto < cells)
			BROKEN("%zu bytes have %d cells, fewer had %d", n, upto, cells);
		cells = upto;
		utf8_safe_to(&parts, part, settled, true);
		at += settled;
	}
	utf8_safe(&parts, (struct str){ s.ptr + at, s.len - at }, true);
	if (strcmp(strbuf_text(&parts), strbuf_text(&whole)) != 0)
		BROKEN("in pieces of %zu bytes it is another text", step);
	strbuf_release(&whole);
	strbuf_release(&parts);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size < 2 || size > 4096)
		return 0;
	struct str s = { (const char *)data + 1, size - 1 };
	check_glyphs(s, false);
	check_glyphs(s, true);
	check_safe(s);
	check_repair(s);
	check_cuts(s, 1 + data[0] % 7u);
	return 0;
}
