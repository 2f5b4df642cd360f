#pragma once
/*
 * Text. `struct str` is a borrowed view; `struct strbuf` grows up to a cap that must be given, and once it broke the cap it stays
 * broken: append freely, check once at the end.
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

struct strbuf {
	char *ptr; /* always NUL-terminated once anything was added; NULL before */
	size_t len, size, cap;
	bool broken; /* something did not fit */
};
#define STRBUF_INIT(max)     \
	{                    \
		.cap = (max) \
	}

void strbuf_reserve(struct strbuf *); /* all of its memory at once: it never moves, so nothing of a secret stays behind */
void strbuf_add(struct strbuf *, const char *, size_t);
void strbuf_str(struct strbuf *, const char *);
void strbuf_char(struct strbuf *, char);
void strbuf_addf(struct strbuf *, const char *fmt, ...) PRINTF(2, 3);
void strbuf_int(struct strbuf *, int64_t); /* in decimal */
void strbuf_clear(struct strbuf *);        /* empty and whole again, keeps its memory */
void strbuf_release(struct strbuf *);      /* frees */
/* The text, never NULL; owned by the buffer. */
static inline const char *strbuf_text(const struct strbuf *b)
{
	return b->ptr != NULL ? b->ptr : "";
}
