#pragma once
/*
 * Text. `struct str` is a borrowed view. `struct strbuf` grows up to a cap that must be given; an
 * append over the cap sets `broken` and is dropped, and so are all later appends. Append freely,
 * check `broken` once at the end.
 */
#include "shared/base.h"

struct str {
	const char *ptr;
	size_t len;
};
#define STR(literal) ((struct str){ literal, sizeof(literal) - 1 })
static inline struct str str_of(const char *s)
{
	return (struct str){ s != NULL ? s : "", s != NULL ? strlen(s) : 0 };
}
bool str_eq(struct str, const char *);
bool str_starts(struct str, const char *prefix);
bool str_has_nocase(struct str, const char *needle);
/* Writes a random UUID (RFC 9562, version 4). */
void uuid_new(char out[static 40]);
/* True for the 36 characters of a UUID. */
bool str_is_uuid(const char *);

struct strbuf {
	char *ptr; /* always NUL-terminated once anything was added; NULL before */
	size_t len, size, cap;
	bool broken; /* an append exceeded the cap */
};
#define STRBUF_INIT(max)     \
	{                    \
		.cap = (max) \
	}

/* Allocates the whole cap at once: the buffer then never moves and leaves no copy of a secret
 * behind. */
void strbuf_reserve(struct strbuf *);
void strbuf_add(struct strbuf *, const char *, size_t);
void strbuf_str(struct strbuf *, const char *);
void strbuf_char(struct strbuf *, char);
void strbuf_addf(struct strbuf *, const char *fmt, ...) PRINTF(2, 3);
void strbuf_int(struct strbuf *, int64_t); /* in decimal */
void strbuf_clear(struct strbuf *);        /* empties it, resets `broken`, keeps its memory */
void strbuf_release(struct strbuf *);      /* frees its memory */
/* The text, never NULL; owned by the buffer. */
static inline const char *strbuf_text(const struct strbuf *b)
{
	return b->ptr != NULL ? b->ptr : "";
}
