/*
 * Any bytes in the console's cells. Drawn somewhere on a grid that is full of '#', they change the cells they were given and no other; no
 * character that a terminal obeys reaches a cell; text in a window is broken into lines that follow each other and end. The first six
 * bytes choose the grid and the place.
 */
#include "shared/utf8.h"
#include "tests/fuzz/fuzz.h"
#include "tui/screen.h"
#include "tui/text.h"

/* What stands on the grid, a line each; the caller frees. */
static char *frame(const struct screen *s)
{
	char *text = NULL;
	size_t len = 0;
	FILE *f = open_memstream(&text, &len);
	if (f == NULL)
		abort();
	screen_print(s, f);
	fclose(f);
	if (!utf8_valid((struct str){ text, len }))
		BROKEN("a cell is not UTF-8");
	return text;
}

/* Drawn again by the sanitiser a line is itself. Joiners may stand where a cut took the other half of their word. */
static void check_line(const char *line, size_t len, int width)
{
	struct strbuf plain = STRBUF_INIT(len), safe = STRBUF_INIT(len * 12 + 1);
	for (size_t i = 0; i < len; i++)
		if (i + 3 <= len && (memcmp(line + i, "\xE2\x80\x8C", 3) == 0 || memcmp(line + i, "\xE2\x80\x8D", 3) == 0))
			i += 2;
		else
			strbuf_char(&plain, line[i]);
	struct str s = { strbuf_text(&plain), plain.len };
	utf8_safe(&safe, s, false);
	if (safe.len != s.len || memcmp(strbuf_text(&safe), s.ptr, s.len) != 0)
		BROKEN("a cell holds what is not shown: %s", strbuf_text(&safe));
	if (utf8_width(s) > width)
		BROKEN("%d cells in a row of %d", utf8_width(s), width);
	strbuf_release(&plain);
	strbuf_release(&safe);
}

static void check_frame(const struct screen *s)
{
	char *text = frame(s);
	int rows = 0;
	for (const char *p = text, *nl; (nl = strchr(p, '\n')) != NULL; p = nl + 1, rows++)
		check_line(p, (size_t)(nl - p), screen_width(s));
	if (rows != screen_height(s))
		BROKEN("%d rows of %d", rows, screen_height(s));
	free(text);
}

static void fill(struct screen *s)
{
	screen_clear(s);
	for (int y = 0; y < screen_height(s); y++)
		for (int x = 0; x < screen_width(s); x++)
			screen_put(s, y, x, 1, S_PLAIN, "#");
}

/* All but `used` cells from (y, x) on are as they were. */
static void check_rest(const struct screen *s, int y, int x, int used)
{
	char *text = frame(s), *p = text;
	for (int row = 0; row < screen_height(s); row++) {
		char *nl = strchr(p, '\n');
		size_t before = strspn(p, "#"), after = 0;
		while (nl - p > (ptrdiff_t)after && nl[-1 - (ptrdiff_t)after] == '#')
			after++;
		if (row == y && used > 0 ? (int)before < x || (int)after < screen_width(s) - x - used
		                         : (int)before != screen_width(s))
			BROKEN("a cell of row %d beside (%d, %d) is drawn over", row, y, x);
		p = nl + 1;
	}
	free(text);
}

static void check_window(struct screen *s, struct str text, int width, int indent, int scroll)
{
	struct text_view t = { .n = 0 };
	const char *last = text.ptr;
	text_begin(&t, width);
	text_add(&t, S_PLAIN, indent, text);
	for (int i = 0; i < t.n; i++) {
		const struct str line = t.lines[i].text;
		if (line.ptr < last || line.ptr + line.len > text.ptr + text.len)
			BROKEN("line %d is not part of the text", i);
		if (line.ptr - last > 3) /* a newline, or a joiner where a word is broken */
			BROKEN("%td bytes before line %d are lost", line.ptr - last, i);
		last = line.ptr + line.len;
		struct glyph g;
		if (utf8_width(line) > MAX(4, width - indent - 1) && utf8_glyph(line.ptr, last, false, &g) < last && g.width > 0)
			BROKEN("line %d has %d cells of %d", i, utf8_width(line), width);
	}
	if (text.ptr + text.len - last > 3)
		BROKEN("%td bytes at the end are lost", text.ptr + text.len - last);
	screen_clear(s);
	text_draw(&t, s, 0, screen_height(s), false);
	text_scroll(&t, scroll - 128);
	text_draw(&t, s, 0, screen_height(s), true);
	check_frame(s);
	text_release(&t);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size < 6 || size > 4096)
		return 0;
	int width = data[0] % 40, height = data[1] % 6, y = data[2] % 8 - 1, x = data[3] % 42 - 1, cut = data[4] % 44 - 2;
	struct str text = { (const char *)data + 6, size - 6 };
	struct screen *s = screen_offline(width, height, data[5] & 1);
	struct strbuf own = STRBUF_INIT(size);
	fill(s);
	int used = screen_text(s, y, x, cut, S_PLAIN, text);
	if (used < 0 || (cut >= 0 && used > cut) || (used > 0 && x + used > width))
		BROKEN("%d cells used of %d at %d in %d", used, cut, x, width);
	check_frame(s);
	check_rest(s, y, x, used);
	strbuf_add(&own, text.ptr, text.len); /* to its first NUL */
	screen_text_right(s, y, x, cut, S_DIM, text);
	screen_box(s, y, x, cut, height, strbuf_text(&own));
	screen_rule(s, y, x, cut, strbuf_text(&own));
	screen_put(s, y, x, cut, S_BOLD, strbuf_text(&own));
	screen_restyle(s, y, x, cut, S_CURSOR);
	screen_cursor(s, y, x);
	check_frame(s);
	check_window(s, text, cut, data[5] >> 4, data[2]);
	strbuf_release(&own);
	screen_close(s);
	return 0;
}
