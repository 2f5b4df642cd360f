#pragma once
/* The calls of tools for a message, as lines of a text. */
#include "shared/json.h"
#include "tui/text.h"

/* A line for each call, with how it ended; all: with its arguments and its result. calls: an array of tool_calls_of.sql; NULL:
 * none. The lines' memory is of the arena, and of calls. */
void calls_add(struct text_view *, struct arena *, const struct json *calls, bool all);
