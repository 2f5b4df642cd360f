#pragma once
/*
 * The filter language: words are substrings of the text; `field:value`, `field<value`, `field>value`; `!` before a term negates, `|`
 * between values is or, blank is and; what stands in quotes means only itself. Fields: agent state cause prov model worker session id text age att.
 */
#include "shared/err.h"
#include "shared/str.h"

/* Writes the filter as signalbox.filter_where() takes it, "[]" for an empty one. On failure err names the wrong word. Pure. */
MUSTCHECK int filter_to_json(const char *text, struct strbuf *out, struct err *);
