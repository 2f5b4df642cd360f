#pragma once
/* Lines of a detail pane: a dim label in a column of its own, then named values. */
#include "tui/screen.h"

#define FACTS_X 10 /* where values begin */

/* Draws the label; answers where the first value goes. */
int facts_line(struct screen *, int y, const char *label);
/* "name value   " at *x, which moves on; left out as a whole where it does not fit. name may be "". */
void fact(struct screen *, int y, int *x, const char *name, enum style, struct str value);
/* A last value, which gets the rest of the line. */
void fact_rest(struct screen *, int y, int x, enum style, struct str value);
