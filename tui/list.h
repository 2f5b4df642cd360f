#pragma once
/*
 * Rows under a cursor. The cursor and the marks hold the identity of a row, never its number: when rows move, the cursor stays on its
 * row and, as far as possible, on its line of the screen; a row that left stays, dim, until the cursor moves; new rows that sort
 * above a cursor that is not at the top are counted, not inserted.
 */
#include "tui/command.h"
#include "tui/screen.h"
#include "tui/snapshot.h"

struct list_row {
	struct block *block; /* counted */
	int row;
	int64_t id;
	char job[40];  /* the attempt that was seen */
	bool is_ghost; /* it left; shown until the cursor moves */
};

struct list_mark {
	int64_t id;
	char job[40];
};

/* What rows can be sorted by: a column of the block, as text or as a number, the other way round for what is best seen largest first. */
struct list_sort {
	const char *name;
	int column;
	bool is_text, is_down;
};

struct list {
	struct list_row *rows;
	int n, cursor, top, height;
	struct list_mark *marks;
	int n_marks;
	int n_new;                     /* hidden above */
	int range_from;                /* -1: no range is being marked */
	bool to_top;                   /* the next rows are shown from the top, wherever the row under the cursor went */
	const struct list_sort *sorts; /* that can be chosen; the first is chosen first. NULL: the rows stay as they came */
	int n_sorts, sort;
	bool is_reversed;
};

/* How a column is made: title, width below and from 120 cells, the screen width from which it is shown, side. Width 0: the rest. */
struct column {
	const char *title;
	int narrow, wide, from;
	bool right;
};

struct list_style {
	const struct column *columns;
	int n_columns;
	/* The text of a cell; buf is 64 bytes for what has to be made up. Sets the style if it is to stand out. */
	struct str (*cell)(const struct list_row *, int column, char *buf, enum style *, void *ctx);
	void *ctx;
};

void list_init(struct list *);
void list_release(struct list *);
/* The rows as they are now. Identity is the number in id_col, or the hash of the text of n_key columns from id_col on. job_col may be -1. */
void list_bind(struct list *, struct block *, int id_col, int n_key, int job_col);
/* Lets hidden new rows in, at the next bind. */
void list_reveal(struct list *);
/* Moving, marking, and choosing the sort (seen with the next bind); false when the command is another's. */
bool list_command(struct list *, enum cmd);
struct list_row *list_current(struct list *);
bool list_is_marked(const struct list *, const struct list_row *);
/* Header and rows; height includes the header. */
void list_draw(struct list *, struct screen *, int y, int height, const struct list_style *, bool has_focus);
