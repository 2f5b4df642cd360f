#pragma once
/* The code that was run for a message, as lines of a text. */
#include "shared/json.h"
#include "tui/text.h"

/* A line for each run, with its verdict; all: with code and output. runs: an array of runs_of.sql; NULL: none. The lines'
 * memory is of the arena, and of runs. */
void runs_add(struct text_view *, struct arena *, const struct json *runs, bool all);
