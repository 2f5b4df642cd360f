#pragma once
/*
 * Parses JSON from outside and writes our own JSON. Only json.c calls cJSON. Input must follow RFC
 * 8259 exactly, be valid UTF-8, be nested at most 64 levels, have at most `cap` bytes, and nothing
 * may follow its end. \u0000 is read as U+FFFD (cJSON would silently cut the string there), and so
 * is half a surrogate pair. The tree takes at most 20 times the size of the text (or 512 KiB, if
 * that is more).
 */
#include "shared/arena.h"
#include "shared/err.h"
#include "shared/str.h"

struct json; /* a node; lives in the arena it was parsed into */

/* Parses text into the arena. On failure: ERR_TOO_BIG (over the cap, or too many values for the
 * text's size), else ERR_BAD_INPUT. */
MUSTCHECK int json_parse(struct arena *, struct str text, size_t cap, const struct json **out, struct err *);
/* The same for text that a provider cut into pieces: invalid UTF-8 bytes stay in the strings, and
 * half a surrogate pair becomes its three-byte encoding (ED xx xx). The reader joins the halves
 * (worker/llm/text.h), or writes the string with json_put_str, which repairs it. */
MUSTCHECK int json_parse_piece(struct arena *, struct str text, size_t cap, const struct json **out, struct err *);

/* Look-ups by path: "choices[0].delta.content". All accept a NULL node, and return NULL or false if
 * the path does not exist or has another type. */
const struct json *json_get(const struct json *, const char *path);
/* Looks for n members of an object in one pass, which is much cheaper than n look-ups: out[i] is the
 * first member named names[i], NULL if there is none. */
void json_find(const struct json *object, const char *const *names, size_t n, const struct json **out);
/* A string; *out is unchanged if there is none. */
bool json_str(const struct json *, const char *path, struct str *out);
/* The same as a C string; NULL if there is none. */
const char *json_text(const struct json *, const char *path);
bool json_int(const struct json *, const char *path, int64_t *out); /* a number without fraction, up to 2^53 - 1 */
bool json_double(const struct json *, const char *path, double *out);
bool json_bool(const struct json *, const char *path, bool *out);
bool json_is_null(const struct json *, const char *path); /* present, and null */
bool json_is_object(const struct json *);
bool json_is_array(const struct json *);
bool json_is_string(const struct json *);
const struct json *json_first(const struct json *); /* first element of an array or member of an object */
const struct json *json_next(const struct json *);
int json_count(const struct json *);        /* number of elements or members; 0 for NULL */
const char *json_key(const struct json *);  /* name of an object's member */
struct str json_value(const struct json *); /* the node's string value; "" if it is no string */

/* Writes a quoted string with every ASCII control character escaped. Invalid UTF-8 becomes
 * U+FFFD. */
void json_put_str(struct strbuf *, struct str);
/* Writes `"key":`, after a comma unless the buffer is empty or ends in an opening bracket. */
void json_put_key(struct strbuf *, const char *key);
void json_put_field(struct strbuf *, const char *key, const char *value); /* null when value is NULL */
void json_put_int_field(struct strbuf *, const char *key, int64_t value);
