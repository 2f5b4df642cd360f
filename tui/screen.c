#include "tui/screen.h"

#define NCURSES_WIDECHAR 1
#include <langinfo.h>
#include <ncurses.h>
#include <signal.h>
#include <stdarg.h>
#include <unistd.h>
#include <wchar.h>

#include "shared/utf8.h"

#define OSC52_MAX 74994 /* base64 bytes that tmux and common terminals accept */

struct cell {
	char text[24]; /* "" = the right half of a wide character */
	unsigned char style;
};

struct screen {
	int width, height;
	struct cell *cells;
	bool ascii, live;
	int cursor_y, cursor_x;
	attr_t attrs[S_N];
	int paste_begin, paste_end, alt_enter; /* our key codes for ncurses */
};

static void resize(struct screen *s, int width, int height)
{
	free(s->cells);
	s->width = width;
	s->height = height;
	s->cells = xcalloc((size_t)MAX(1, width * height), sizeof *s->cells);
}

static void set_styles(struct screen *s, bool color)
{
	static const attr_t MONO[S_N] = {
		[S_TITLE] = A_BOLD, [S_KEY] = A_BOLD,  [S_WARN] = A_BOLD,      [S_CRIT] = A_BOLD | A_REVERSE,
		[S_DIM] = A_DIM,    [S_BOLD] = A_BOLD, [S_CURSOR] = A_REVERSE, [S_REVERSE] = A_REVERSE
	};
	memcpy(s->attrs, MONO, sizeof s->attrs);
	if (!color || !has_colors() || start_color() == ERR)
		return;
	use_default_colors();
	static const struct {
		enum style style;
		short fg;
		attr_t more;
	} COLORS[] = { { S_TITLE, COLOR_CYAN, A_BOLD },
		       { S_KEY, COLOR_CYAN, A_BOLD },
		       { S_OK, COLOR_GREEN, 0 },
		       { S_WARN, COLOR_YELLOW, A_BOLD },
		       { S_CRIT, COLOR_RED, A_BOLD } };
	for (size_t i = 0; i < ARRAY_SIZE(COLORS); i++) {
		init_pair((short)(i + 1), COLORS[i].fg, -1);
		s->attrs[COLORS[i].style] = COLOR_PAIR(i + 1) | COLORS[i].more;
	}
}

static bool wants_color(const char *color, const char *theme)
{
	const char *none = getenv("NO_COLOR");
	if (strcmp(color, "always") == 0)
		return true;
	return strcmp(color, "never") != 0 && strcmp(theme, "mono") != 0 && (none == NULL || *none == '\0');
}

int screen_open(struct screen **out, const char *theme, const char *color, const char *ascii, struct err *err)
{
	if (!isatty(STDIN_FILENO) || !isatty(STDOUT_FILENO))
		return err_set(err, ERR_BAD_INPUT,
		               "the console needs a terminal; signalbox --help lists the commands that do not");
	SCREEN *term = newterm(NULL, stdout, stdin);
	if (term == NULL)
		return err_set(err, ERR_BAD_INPUT, "this terminal (TERM=%s) cannot show the console",
		               getenv("TERM") != NULL ? getenv("TERM") : "");
	set_term(term);
	struct screen *s = xcalloc(1, sizeof *s);
	bool utf8 = strcmp(nl_langinfo(CODESET), "UTF-8") == 0 && wcwidth(0x2500) == 1;
	s->ascii = strcmp(ascii, "yes") == 0 || (strcmp(ascii, "no") != 0 && !utf8);
	s->live = true;
	raw();
	noecho();
	nonl();
	keypad(stdscr, TRUE);
	nodelay(stdscr, TRUE);
	set_escdelay(25);
	set_styles(s, wants_color(color, theme));
	s->paste_begin = 2000;
	s->paste_end = 2001;
	s->alt_enter = 2002;
	define_key("\033[200~", s->paste_begin);
	define_key("\033[201~", s->paste_end);
	define_key("\033\r", s->alt_enter);
	fputs("\033[?2004h", stdout);
	fflush(stdout);
	resize(s, COLS, LINES);
	*out = s;
	return 0;
}

struct screen *screen_offline(int width, int height, bool ascii)
{
	struct screen *s = xcalloc(1, sizeof *s);
	s->ascii = ascii;
	resize(s, width, height);
	return s;
}

static void leave(void)
{
	fputs("\033[?2004l", stdout);
	fflush(stdout);
	endwin();
}

void screen_close(struct screen *s)
{
	if (s == NULL)
		return;
	if (s->live)
		leave();
	free(s->cells);
	free(s);
}

void screen_suspend(struct screen *s)
{
	if (!s->live)
		return;
	leave();
	kill(0, SIGSTOP);
	fputs("\033[?2004h", stdout);
	fflush(stdout);
	screen_show(s, true);
}

int screen_width(const struct screen *s)
{
	return s->width;
}

int screen_height(const struct screen *s)
{
	return s->height;
}

bool screen_is_ascii(const struct screen *s)
{
	return s->ascii;
}

void screen_clear(struct screen *s)
{
	for (int i = 0; i < s->width * s->height; i++)
		s->cells[i] = (struct cell){ " ", S_PLAIN };
	s->cursor_y = s->height - 1;
	s->cursor_x = 0;
}

/* Draws nothing outside of the grid. The other half of a wide character that is half overwritten
 * becomes blank. */
static void set_cell(struct screen *s, int y, int x, enum style style, const char *text, int len)
{
	if (y < 0 || y >= s->height || x < 0 || x >= s->width)
		return;
	struct cell *c = &s->cells[y * s->width + x];
	if (c->text[0] == '\0' && x > 0 && len > 0)
		memcpy(c[-1].text, " ", 2);
	if (x + 1 < s->width && c[1].text[0] == '\0')
		memcpy(c[1].text, " ", 2);
	memcpy(c->text, text, (size_t)len);
	c->text[len] = '\0';
	c->style = (unsigned char)style;
}

static void put_glyph(struct screen *s, int y, int x, enum style style, const struct glyph *g)
{
	if (g->is_escape) {
		for (int i = 0; i < g->len; i++)
			set_cell(s, y, x + i, S_REVERSE, g->text + i, 1);
		return;
	}
	if (g->width == 0) /* a dropped glyph must not clear the cell of the next one */
		return;
	set_cell(s, y, x, style, g->text, g->len);
	if (g->width == 2)
		set_cell(s, y, x + 1, style, "", 0);
}

static int clip(const struct screen *s, int y, int x, int width)
{
	if (y < 0 || y >= s->height || x < 0 || x >= s->width)
		return 0;
	return width < 0 || width > s->width - x ? s->width - x : width;
}

int screen_text(struct screen *s, int y, int x, int width, enum style style, struct str text)
{
	const char *at = text.ptr, *end = text.ptr + text.len;
	int used = 0, fits = 0;
	const char *cut = at; /* end of the text that leaves room for the ellipsis */
	struct glyph g;
	width = clip(s, y, x, width);
	for (const char *p = at; p < end; used += g.width) {
		p = utf8_glyph(p, end, s->ascii, &g);
		if (used + g.width > width)
			goto shorten;
		if (used + g.width < width) {
			fits = used + g.width;
			cut = p;
		}
	}
	for (used = 0; at < end; used += g.width) {
		at = utf8_glyph(at, end, s->ascii, &g);
		put_glyph(s, y, x + used, style, &g);
	}
	return used;
shorten:
	if (width == 0)
		return 0;
	for (used = 0; at < cut; used += g.width) {
		at = utf8_glyph(at, end, s->ascii, &g);
		put_glyph(s, y, x + used, style, &g);
	}
	set_cell(s, y, x + fits, style, s->ascii ? "~" : "…", s->ascii ? 1 : 3);
	return fits + 1;
}

void screen_text_right(struct screen *s, int y, int x, int width, enum style style, struct str text)
{
	int w = utf8_width(text);
	screen_text(s, y, x + MAX(0, width - w), MIN(width, w), style, text);
}

/* The ASCII replacement of a character that the frame or a bar uses. */
static char ascii_twin(const char *c)
{
	static const struct {
		const char *c;
		char twin;
	} TWINS[] = { { "─", '-' }, { "│", '|' }, { "┌", '+' }, { "┐", '+' }, { "└", '+' }, { "┘", '+' },
		      { "…", '~' }, { "▁", '.' }, { "▂", ':' }, { "▃", '-' }, { "▄", '=' }, { "▅", '+' },
		      { "▆", '*' }, { "▇", '#' }, { "█", '#' }, { "·", '.' } };
	for (size_t i = 0; i < ARRAY_SIZE(TWINS); i++)
		if (strcmp(TWINS[i].c, c) == 0)
			return TWINS[i].twin;
	return '?';
}

int screen_put(struct screen *s, int y, int x, int width, enum style style, const char *text)
{
	int used = 0;
	width = clip(s, y, x, width);
	for (const char *p = text, *end = text + strlen(text); p < end && used < width;) {
		struct glyph g;
		p = utf8_glyph(p, end, false, &g);
		if (used + g.width > width)
			break;
		if (g.width > 0 && s->ascii && (unsigned char)g.text[0] >= 0x80)
			set_cell(s, y, x + used, style, &(char){ ascii_twin(g.text) }, 1);
		else
			put_glyph(s, y, x + used, style, &g);
		used += g.width;
	}
	return used;
}

int screen_putf(struct screen *s, int y, int x, int width, enum style style, const char *fmt, ...)
{
	char line[512];
	va_list ap;
	va_start(ap, fmt);
	vsnprintf(line, sizeof line, fmt, ap);
	va_end(ap);
	return screen_put(s, y, x, width, style, line);
}

void screen_rule(struct screen *s, int y, int x, int width, const char *label)
{
	width = clip(s, y, x, width);
	for (int i = 0; i < width; i++)
		screen_put(s, y, x + i, 1, S_DIM, "─");
	if (label != NULL && width > 4) {
		screen_put(s, y, x + 1, 1, S_BOLD, " ");
		int used = screen_text(s, y, x + 2, width - 4, S_BOLD, str_of(label));
		screen_put(s, y, x + 2 + used, 1, S_BOLD, " ");
	}
}

void screen_box(struct screen *s, int y, int x, int width, int height, const char *title)
{
	for (int r = 0; r < height; r++) {
		if (clip(s, y + r, x, width) < width)
			continue;
		for (int i = 0; i < width; i++)
			set_cell(s, y + r, x + i, S_PLAIN, " ", 1);
		if (r == 0 || r == height - 1)
			screen_rule(s, y + r, x, width, r == 0 ? title : NULL);
		screen_put(s, y + r, x, 1, S_DIM, r == 0 ? "┌" : r == height - 1 ? "└" : "│");
		screen_put(s, y + r, x + width - 1, 1, S_DIM, r == 0 ? "┐" : r == height - 1 ? "┘" : "│");
	}
}

void screen_restyle(struct screen *s, int y, int x, int width, enum style style)
{
	width = clip(s, y, x, width);
	for (int i = 0; i < width; i++)
		if (s->cells[y * s->width + x + i].style != S_REVERSE)
			s->cells[y * s->width + x + i].style = (unsigned char)style;
}

void screen_cursor(struct screen *s, int y, int x)
{
	s->cursor_y = y;
	s->cursor_x = x;
}

/* Passes one cell to ncurses. A character whose width in this C library is unknown, or differs from
 * its width in the grid, would shift the row: it is shown as '?'. */
static void show_cell(const struct screen *s, int y, int x)
{
	const struct cell *c = &s->cells[y * s->width + x];
	bool is_wide = x + 1 < s->width && c[1].text[0] == '\0';
	wchar_t wide[8];
	cchar_t cc;
	const char *p = c->text;
	mbstate_t state = { 0 };
	if (c->text[0] == '\0')
		return;
	size_t n = mbsrtowcs(wide, &p, ARRAY_SIZE(wide) - 1, &state);
	bool is_known = n != (size_t)-1 && n > 0 && wcwidth(wide[0]) == 1 + is_wide;
	if (!is_known) {
		wide[0] = L'?';
		n = 1;
	}
	wide[MIN(n, ARRAY_SIZE(wide) - 1)] = L'\0';
	setcchar(&cc, wide, s->attrs[c->style], (short)PAIR_NUMBER(s->attrs[c->style]), NULL);
	mvadd_wch(y, x, &cc);
	if (!is_known && is_wide) {
		wide[0] = L' ';
		setcchar(&cc, wide, s->attrs[c->style], (short)PAIR_NUMBER(s->attrs[c->style]), NULL);
		mvadd_wch(y, x + 1, &cc);
	}
}

void screen_show(struct screen *s, bool redraw)
{
	if (!s->live)
		return;
	for (int y = 0; y < s->height; y++)
		for (int x = 0; x < s->width; x++)
			show_cell(s, y, x);
	move(MIN(s->cursor_y, s->height - 1), MIN(s->cursor_x, s->width - 1));
	if (redraw)
		clearok(curscr, TRUE);
	refresh();
}

void screen_print(const struct screen *s, FILE *out)
{
	for (int y = 0; y < s->height; y++) {
		int last = s->width;
		while (last > 0 && strcmp(s->cells[y * s->width + last - 1].text, " ") == 0)
			last--;
		for (int x = 0; x < last; x++)
			fputs(s->cells[y * s->width + x].text, out);
		fputc('\n', out);
	}
}

static int from_curses(struct screen *s, int code)
{
	static const struct {
		int curses, ours;
	} MAP[] = {
		{ KEY_UP, K_UP },       { KEY_DOWN, K_DOWN },   { KEY_LEFT, K_LEFT },
		{ KEY_RIGHT, K_RIGHT }, { KEY_HOME, K_HOME },   { KEY_END, K_END },
		{ KEY_PPAGE, K_PGUP },  { KEY_NPAGE, K_PGDN },  { KEY_BACKSPACE, K_BACKSPACE },
		{ KEY_DC, K_DELETE },   { KEY_ENTER, K_ENTER }, { KEY_BTAB, K_BACKTAB },
		{ KEY_F(1), K_F1 },     { KEY_F(5), K_F5 },
	};
	if (code == s->paste_begin)
		return K_PASTE_BEGIN;
	if (code == s->paste_end)
		return K_PASTE_END;
	if (code == s->alt_enter)
		return K_ALT_ENTER;
	if (code == KEY_RESIZE) {
		resize(s, COLS, LINES);
		return K_RESIZE;
	}
	for (size_t i = 0; i < ARRAY_SIZE(MAP); i++)
		if (MAP[i].curses == code)
			return MAP[i].ours;
	return K_NONE;
}

int screen_key(struct screen *s)
{
	wint_t c;
	int kind = s->live ? get_wch(&c) : ERR;
	if (kind == ERR)
		return K_NONE;
	if (kind == KEY_CODE_YES)
		return from_curses(s, (int)c);
	switch (c) {
	case '\r':
		return K_ENTER;
	case '\t':
		return K_TAB;
	case 27:
		return K_ESC;
	case 8:
	case 127:
		return K_BACKSPACE;
	default:
		return (int)c;
	}
}

bool screen_clipboard(struct screen *s, struct str text)
{
	static const char B64[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	if (!s->live || (text.len + 2) / 3 * 4 > OSC52_MAX)
		return false;
	fputs("\033]52;c;", stdout);
	for (size_t i = 0; i < text.len; i += 3) {
		unsigned n = (unsigned)(unsigned char)text.ptr[i] << 16;
		n |= i + 1 < text.len ? (unsigned)(unsigned char)text.ptr[i + 1] << 8 : 0;
		n |= i + 2 < text.len ? (unsigned char)text.ptr[i + 2] : 0;
		putchar(B64[n >> 18 & 63]);
		putchar(B64[n >> 12 & 63]);
		putchar(i + 1 < text.len ? B64[n >> 6 & 63] : '=');
		putchar(i + 2 < text.len ? B64[n & 63] : '=');
	}
	putchar('\a');
	fflush(stdout);
	return true;
}
