#pragma once
/*
 * Text of many lines in a window: wrapped at the window's width, scrolled, following its end.
 * text_add() breaks a piece of text into lines of one style; every character is drawn by
 * screen_text().
 */
#include "shared/arena.h"
#include "tui/command.h"
#include "tui/screen.h"

struct text_line {
	struct str text;
	int indent;
	enum style style;
};

/* A text as it was added, before it was broken into lines. made: a line of our own, not data. */
struct text_piece {
	struct str text;
	int indent;
	bool made;
};

struct text_view {
	struct text_line *lines;
	int n, room;
	struct text_piece *pieces;
	int n_pieces, piece_room;
	int top;         /* first line shown */
	bool not_at_end; /* the operator scrolled away from the end: do not follow it */
	int width;
	int height;
};

void text_begin(struct text_view *, int width); /* removes the lines, keeps the position */
/* Adds text, broken at newlines and at the width. The text is borrowed until the next
 * text_begin. */
void text_add(struct text_view *, enum style, int indent, struct str text);
/* The same with a formatted line of our own. It is stored in the caller's arena, which must live
 * until the next text_begin. */
void text_addf(struct text_view *, struct arena *, enum style, int indent, const char *fmt, ...) PRINTF(5, 6);
/* Handles the scroll_… commands; false for any other command. */
bool text_command(struct text_view *, enum cmd);
/* Appends the whole text as it was added, data byte for byte. For a file. */
void text_write(const struct text_view *, struct strbuf *out);
void text_draw(struct text_view *, struct screen *, int y, int height, bool follow);
void text_scroll(struct text_view *, int lines);
void text_release(struct text_view *);
