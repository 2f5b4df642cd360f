#pragma once
/* What was done for a message besides the answer, as lines of a text: code that was run, calls of tools. */
#include "shared/json.h"
#include "tui/text.h"

/* A line for each run, with its verdict; all: with code and output. runs: an array of runs_of.sql; NULL: none. The lines'
 * memory is of the arena, and of runs. */
void runs_add(struct text_view *, struct arena *, const struct json *runs, bool all);
/* The same for calls of tools; calls: an array of tool_calls_of.sql. */
void calls_add(struct text_view *, struct arena *, const struct json *calls, bool all);
