#pragma once
/*
 * JSON from outside, read; JSON of ours, written. The only door to cJSON, whose habits are fenced here: text must follow RFC 8259 to the letter,
 * be valid UTF-8, at most 64 deep, at most `cap` bytes, without trailing garbage; \u0000 reads as U+FFFD (cJSON would silently cut the string
 * there), and so does half a surrogate pair. The tree takes at most 20 times the text's size (or 512 KiB, if that is more).
 */
#include "shared/arena.h"
#include "shared/err.h"
#include "shared/str.h"

struct json; /* a node; lives in the arena it was parsed into */

/* Parses text into the arena. On failure: ERR_TOO_BIG over the cap, else ERR_BAD_INPUT. */
MUSTCHECK int json_parse(struct arena *, struct str text, size_t cap, const struct json **out, struct err *);
/* The same for text that another cut into pieces: bytes that are no UTF-8 stay in the strings, and half a surrogate pair is the three bytes that
 * UTF-8 would have for it. Who reads them joins the halves (worker/llm/text.h), or writes them with json_put_str, which repairs. */
MUSTCHECK int json_parse_piece(struct arena *, struct str text, size_t cap, const struct json **out, struct err *);

/* Look-ups by path: "choices[0].delta.content". All accept a NULL node and answer NULL/false when there is no such thing. */
const struct json *json_get(const struct json *, const char *path);
bool json_str(const struct json *, const char *path, struct str *out); /* a string; out untouched when not */
const char *json_text(const struct json *, const char *path);          /* the same; NULL when not */
bool json_int(const struct json *, const char *path, int64_t *out);    /* a number without fraction, up to 2^53 - 1 */
bool json_double(const struct json *, const char *path, double *out);
bool json_bool(const struct json *, const char *path, bool *out);
bool json_is_null(const struct json *, const char *path); /* present, and null */
bool json_is_object(const struct json *);
bool json_is_array(const struct json *);
bool json_is_string(const struct json *);
const struct json *json_first(const struct json *); /* first element of an array or member of an object */
const struct json *json_next(const struct json *);
int json_count(const struct json *);        /* how many of them; 0 for NULL */
const char *json_key(const struct json *);  /* name of an object's member */
struct str json_value(const struct json *); /* the node itself as a string; empty when it is none */

/* Writing: "quoted", with every control character escaped. Invalid UTF-8 becomes U+FFFD. */
void json_put_str(struct strbuf *, struct str);
/* `"key":` with a comma before it where the buffer does not end in an opening bracket. */
void json_put_key(struct strbuf *, const char *key);
void json_put_field(struct strbuf *, const char *key, const char *value); /* null when value is NULL */
void json_put_int_field(struct strbuf *, const char *key, int64_t value);
