#pragma once
/*
 * The terminal: cells, styles, keys. Only screen.c calls ncurses. Views draw into a grid of cells;
 * screen_show() sends what changed. Without a terminal (--once) the same grid is printed as text.
 * UI thread only.
 */
#include "shared/err.h"
#include "shared/str.h"
#include "tui/keys.h"

enum style { S_PLAIN, S_TITLE, S_KEY, S_OK, S_WARN, S_CRIT, S_DIM, S_BOLD, S_CURSOR, S_REVERSE, S_N };

struct screen;

/* Opens the terminal. color: "auto", "always", "never"; ascii: "auto", "yes", "no". */
MUSTCHECK int screen_open(struct screen **out, const char *theme, const char *color, const char *ascii, struct err *);
/* A grid without a terminal. */
struct screen *screen_offline(int width, int height, bool ascii);
void screen_close(struct screen *);
void screen_suspend(struct screen *); /* restores the terminal and stops the process */

int screen_width(const struct screen *);
int screen_height(const struct screen *);
bool screen_is_ascii(const struct screen *);

void screen_clear(struct screen *);
/* Draws text of our own: literals and their translations. Cut at `width` cells (-1: at the edge of
 * the screen). Returns the number of cells used. */
int screen_put(struct screen *, int y, int x, int width, enum style, const char *text);
int screen_putf(struct screen *, int y, int x, int width, enum style, const char *fmt, ...) PRINTF(6, 7);
/* The only function that draws data: every character as utf8_glyph() returns it; cut at a cell
 * border with an ellipsis. Returns the number of cells used. */
int screen_text(struct screen *, int y, int x, int width, enum style, struct str text);
/* Like screen_text for right-aligned columns. */
void screen_text_right(struct screen *, int y, int x, int width, enum style, struct str text);
/* Draws a horizontal line, with a label (data or our own text) if not NULL. */
void screen_rule(struct screen *, int y, int x, int width, const char *label);
void screen_box(struct screen *, int y, int x, int width, int height, const char *title);
/* Changes the style of cells that are drawn already. */
void screen_restyle(struct screen *, int y, int x, int width, enum style);
void screen_cursor(struct screen *, int y, int x);
/* Sends the frame to the terminal. redraw: sends all cells, not only those that changed. */
void screen_show(struct screen *, bool redraw);
/* Prints the frame as text, without trailing blanks. */
void screen_print(const struct screen *, FILE *);

/* The next key that is waiting, or K_NONE. */
int screen_key(struct screen *);
/* Sends text to the terminal's clipboard by OSC 52; false when there is no terminal or the text is too long. */
bool screen_clipboard(struct screen *, struct str text);
