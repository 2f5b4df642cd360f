#pragma once
/*
 * Rows with a cursor. The cursor and the marks follow the identity of a row, never its number: when
 * rows move, the cursor stays on its row and, as far as possible, on its line of the screen. If the
 * row under the cursor disappears from the data, it stays, dim, until the cursor moves. New rows
 * that sort above a cursor that is not at the top are counted, not inserted.
 */
#include "tui/command.h"
#include "tui/screen.h"
#include "tui/snapshot.h"

struct list_row {
	struct block *block; /* holds a reference */
	int row;
	int64_t id;
	char job[40];  /* the attempt that the operator saw */
	bool is_ghost; /* not in the data any more; shown until the cursor moves */
};

struct list_mark {
	int64_t id;
	char job[40];
};

/* A sort order: a column of the block, as text or as a number. is_down: the largest value first. */
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
	int n_new;                     /* number of new rows that are not inserted */
	int range_from;                /* first row of the range being marked; -1: none */
	bool to_top;                   /* the next bind goes to the top, not to the cursor's row */
	const struct list_sort *sorts; /* the orders, default first; NULL: order of the block */
	int n_sorts, sort;
	bool is_reversed;
};

/* A column: title, width below and from 120 cells (0: the rest of the line), the screen width from
 * which it is shown, right-aligned or not. */
struct column {
	const char *title;
	int narrow, wide, from;
	bool right;
};

struct list_style {
	const struct column *columns;
	int n_columns;
	/* The text of a cell; buf is 64 bytes for text that must be formatted. Sets *style if the
	 * cell is to be highlighted. */
	struct str (*cell)(const struct list_row *, int column, char *buf, enum style *, void *ctx);
	void *ctx;
};

void list_init(struct list *);
void list_release(struct list *);
/* Replaces the rows with those of the block. The identity of a row is the number in id_col (n_key
 * 0), or the hash of the text of n_key columns from id_col on. job_col: column of the attempt; -1:
 * none. */
void list_bind(struct list *, struct block *, int id_col, int n_key, int job_col);
/* Shows the new rows that are not inserted yet, at the next bind. */
void list_reveal(struct list *);
/* Writes how many new rows are not shown yet; returns the cells that it took, with two blanks. */
int list_put_new(const struct list *, struct screen *, int y, int x);
/* Handles the commands that move, mark, show new rows, or choose the sort order (seen after the next bind); false
 * for any other command. */
bool list_command(struct list *, enum cmd);
struct list_row *list_current(struct list *);
bool list_is_marked(const struct list *, const struct list_row *);
/* The attempt that the operator saw: when the row was marked, or now. Empty if there was none. */
const char *list_seen_job(const struct list *, const struct list_row *);
/* Draws the header and the rows; height includes the header. */
void list_draw(struct list *, struct screen *, int y, int height, const struct list_style *, bool has_focus);
