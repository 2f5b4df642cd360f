#pragma once
/* Lines of a detail pane: a dim label in a column of its own, then named values. */
#include "tui/screen.h"

#define FACTS_X 10 /* column where values begin */

/* Draws the label; returns the column of the first value. */
int facts_line(struct screen *, int y, const char *label);
/* Draws name (may be ""), value and three blanks at *x, and moves *x behind them. Left out as a
 * whole if it does not fit; only the first value of a line is cut instead. */
void fact(struct screen *, int y, int *x, const char *name, enum style, struct str value);
/* Draws a last value, which gets the rest of the line. */
void fact_rest(struct screen *, int y, int x, enum style, struct str value);
