#pragma once
/*
 * Text of many lines in a window: wrapped at the window's width, scrolled, following its end. Lines are made anew at each draw from
 * pieces, each with a style; every character goes through screen_text().
 */
#include "shared/arena.h"
#include "tui/command.h"
#include "tui/screen.h"

struct text_line {
	struct str text;
	int indent;
	enum style style;
};

/* What was added, before it was broken into lines; `made` is a line of ours. */
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
	bool not_at_end; /* the operator does not look at the end: do not follow */
	int width;
	int height;
};

void text_begin(struct text_view *, int width); /* forgets the lines, keeps the place */
/* Adds text (borrowed until drawn), broken at newlines and at the width. */
void text_add(struct text_view *, enum style, int indent, struct str text);
/* The same with a made-up line, kept in the arena until the next text_begin of its owner. */
void text_addf(struct text_view *, struct arena *, enum style, int indent, const char *fmt, ...) PRINTF(5, 6);
/* The scroll_… commands; false when the command is another's. */
bool text_command(struct text_view *, enum cmd);
/* All of it, as it was added: what is from outside byte for byte. For a file. */
void text_write(const struct text_view *, struct strbuf *out);
void text_draw(struct text_view *, struct screen *, int y, int height, bool follow);
void text_scroll(struct text_view *, int lines);
void text_release(struct text_view *);
