#include "tui/text.h"

#include <stdarg.h>

#include "shared/utf8.h"
#include "tui/i18n.h"

#define LINES_MAX 1000000

void text_begin(struct text_view *t, int width)
{
	t->n = t->n_pieces = 0;
	t->width = width;
}

static void text_view_push(struct text_view *t, enum style style, int indent, struct str text)
{
	if (t->n == LINES_MAX) {
		t->lines[t->n - 1] =
			(struct text_line){ str_of(_("(more lines than are shown here: S saves all of them)")), 1, S_WARN };
		return;
	}
	if (t->n == t->room) {
		t->room = MAX(64, t->room * 2);
		t->lines = realloc(t->lines, sizeof *t->lines * (size_t)t->room);
		if (t->lines == NULL)
			abort();
	}
	t->lines[t->n++] = (struct text_line){ text, indent, style };
}

/* Adds one line of the source as one or more lines of the window, broken after a blank where there
 * is one. A glyph that is wider than the window gets a line of its own, where it is cut: each line
 * has at least one glyph. */
static void add_wrapped(struct text_view *t, enum style style, int indent, struct str line)
{
	const char *at = line.ptr, *end = line.ptr + line.len;
	int room = MAX(4, t->width - indent - 1);
	do {
		const char *p = at, *blank = NULL;
		int used = 0, joiner = 0;
		while (p < end) {
			struct glyph g;
			const char *next = utf8_glyph(p, end, false, &g);
			if (used + g.width > room && p > at)
				break;
			used += g.width;
			joiner = g.joiner;
			if (*p == ' ')
				blank = next;
			p = next;
		}
		if (p < end && blank != NULL) {
			p = blank;
			joiner = 0;
		}
		text_view_push(t, style, indent, (struct str){ at, (size_t)(p - at - joiner) });
		at = p;
	} while (at < end);
}

static void text_view_remember(struct text_view *t, struct str text, int indent, bool made)
{
	if (t->n_pieces == t->piece_room) {
		t->piece_room = MAX(64, t->piece_room * 2);
		t->pieces = realloc(t->pieces, sizeof *t->pieces * (size_t)t->piece_room);
		if (t->pieces == NULL)
			abort();
	}
	t->pieces[t->n_pieces++] = (struct text_piece){ text, indent, made };
}

void text_write(const struct text_view *t, struct strbuf *out)
{
	for (int i = 0; i < t->n_pieces; i++) {
		const struct text_piece *p = &t->pieces[i];
		for (int k = 1; p->made && k < p->indent; k++)
			strbuf_char(out, ' ');
		strbuf_add(out, p->text.ptr, p->text.len);
		strbuf_char(out, '\n');
	}
}

static void text_view_add(struct text_view *t, enum style style, int indent, struct str text)
{
	const char *at = text.ptr, *end = text.ptr + text.len;
	for (;;) {
		const char *nl = at < end ? memchr(at, '\n', (size_t)(end - at)) : NULL;
		add_wrapped(t, style, indent, (struct str){ at, (size_t)((nl != NULL ? nl : end) - at) });
		if (nl == NULL)
			return;
		at = nl + 1;
	}
}

void text_add(struct text_view *t, enum style style, int indent, struct str text)
{
	text_view_remember(t, text, indent, false);
	text_view_add(t, style, indent, text);
}

void text_draw(struct text_view *t, struct screen *s, int y, int height, bool follow)
{
	int last = MAX(0, t->n - height);
	t->height = height;
	if ((follow && !t->not_at_end) || t->top > last)
		t->top = last;
	for (int i = 0; i < height && t->top + i < t->n; i++) {
		const struct text_line *l = &t->lines[t->top + i];
		screen_text(s, y + i, l->indent, MAX(0, t->width - l->indent), l->style, l->text);
	}
}

void text_scroll(struct text_view *t, int lines)
{
	t->top = MAX(0, MIN(t->top + lines, MAX(0, t->n - t->height)));
	t->not_at_end = t->top < MAX(0, t->n - t->height);
}

void text_release(struct text_view *t)
{
	free(t->lines);
	free(t->pieces);
	*t = (struct text_view){ 0 };
}

void text_addf(struct text_view *t, struct arena *a, enum style style, int indent, const char *fmt, ...)
{
	char line[700];
	va_list ap;
	va_start(ap, fmt);
	vsnprintf(line, sizeof line, fmt, ap);
	va_end(ap);
	struct str made = str_of(arena_dup(a, line, strlen(line)));
	text_view_remember(t, made, indent, true);
	text_view_add(t, style, indent, made);
}

bool text_command(struct text_view *t, enum cmd cmd)
{
	switch (cmd) {
	case CMD_scroll_down:
		text_scroll(t, 1);
		return true;
	case CMD_scroll_up:
		text_scroll(t, -1);
		return true;
	case CMD_scroll_page_down:
		text_scroll(t, t->height - 1);
		return true;
	case CMD_scroll_page_up:
		text_scroll(t, 1 - t->height);
		return true;
	case CMD_scroll_top:
		text_scroll(t, -t->n);
		return true;
	case CMD_scroll_bottom:
		text_scroll(t, t->n);
		return true;
	default:
		return false;
	}
}
