#pragma once
/*
 * The filter language: words are substrings of the text; `field:value`, `field<value`, `field>value`; `!` before a term negates, `|`
 * between values is or, blank is and; what stands in quotes means only itself. Fields: agent state cause prov model worker session id text age att.
 */
#include "shared/err.h"
#include "shared/str.h"

/* Writes the filter as signalbox.filter_where() takes it, "[]" for an empty one. On failure err names the wrong word. Pure. */
MUSTCHECK int filter_to_json(const char *text, struct strbuf *out, struct err *);
/* The same for terms whose parts are known, which must not be pasted into a text: whatever stands in the value, it is the value. One more
 * term behind what `terms` holds; op "is" means the same to the letter, with NULL for what has none. */
void filter_term(struct strbuf *terms, const char *field, const char *op, const char *value);
/* "[a,b]" and more terms "c" to "[a,b,c]". */
const char *filter_and(const char *json, const char *terms, char *buf, size_t size);
/* `field:"value"` to be shown, and read again, as a filter. -1 where the value holds a quote: the language has no word for that. */
MUSTCHECK int filter_word(struct strbuf *out, const char *field, const char *value, struct err *);
