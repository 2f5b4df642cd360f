#pragma once
/*
 * The filter language: a word is a substring of the text; `field:value`, `field<value`,
 * `field>value`; `!` before a term negates, `|` between values means or, a blank between terms
 * means and; text in quotes is literal. Fields: agent state cause prov model worker session id text
 * age att.
 */
#include "shared/err.h"
#include "shared/str.h"

/* Writes the filter as JSON for signalbox.filter_where(), "[]" for an empty one. On failure err
 * names the wrong word. Pure. */
MUSTCHECK int filter_to_json(const char *text, struct strbuf *out, struct err *);
/* Appends one term to `terms` from its parts: every character of the value is literal. op "is"
 * means exact equality; with value NULL, that the field is not set. */
void filter_term(struct strbuf *terms, const char *field, const char *op, const char *value);
/* "[a,b]" and the terms "c" become "[a,b,c]" in buf. Returns json itself if terms is empty. */
const char *filter_and(const char *json, const char *terms, char *buf, size_t size);
/* Appends `field:"value"` as a filter that can be shown and parsed again. -1 if the value holds a
 * quote, which the language cannot express. */
MUSTCHECK int filter_word(struct strbuf *out, const char *field, const char *value, struct err *);
