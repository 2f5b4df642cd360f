#pragma once
/*
 * Cuts a body into events as it arrives, whatever the pieces. What the body is, it says itself; servers, proxies and caches are often mistaken
 * in its Content-Type. Each line begins an item: JSON where its first character is { or [, else a line of server-sent events (WHATWG rules: what
 * is no field is passed over).
 *   JSON    each value is an event: one document, newline-delimited values, the elements of one array
 *   SSE     an event ends with an empty line, or where another JSON value begins in the next data line: some servers leave the empty line out
 * Pure: bytes in, events out. The time taken is linear in the bytes.
 */
#include "shared/err.h"
#include "shared/str.h"

/* Where in a JSON value we are, looking at its brackets and strings only. Starts as zeros. */
struct brackets {
	int depth;
	bool in_string, is_escaped, has_begun;
};
/* Follows `text` to the end of the value that it holds; answers how many bytes belong to the value. */
size_t brackets_follow(struct brackets *, struct str text);
/* The value has come to its end. */
static inline bool brackets_closed(const struct brackets *b)
{
	return b->has_begun && b->depth <= 0;
}

struct splitter {
	struct strbuf item;         /* what has come of the current line, or of the current JSON value */
	struct strbuf data;         /* SSE: the data lines of the current event, joined by newlines */
	char event[32];             /* SSE: its name, "" when unnamed */
	struct brackets json, seen; /* of item; of the first seen_bytes of data */
	size_t seen_bytes;
	int n_bom;        /* bytes of a byte order mark at the beginning */
	bool is_json;     /* item is a JSON value */
	bool is_array;    /* inside of an array whose elements are the events */
	bool is_sse;      /* fields of server-sent events have come */
	char strange[64]; /* the first line that is neither, until something is */
	bool after_cr, begun, has_data;
};

/* One event. `name` is "" but for named SSE events; data is never empty. Return -1 with err to stop. Both strings are borrowed for the call. */
typedef int (*split_event)(void *ctx, const char *name, struct str data, struct err *);

#define SPLIT_LINE_MAX (8u << 20)

void split_init(struct splitter *);
void split_release(struct splitter *);
/* ERR_TOO_BIG for a line, a value or an event over SPLIT_LINE_MAX, or what the callback set. */
MUSTCHECK int split_feed(struct splitter *, struct str bytes, split_event, void *ctx, struct err *);
/* The body ended. A last line or event whose end mark is missing counts when its data is a whole JSON value. ERR_BAD_REPLY when all of the body was
 * neither of the two, such as the page of a proxy. */
MUSTCHECK int split_end(struct splitter *, split_event, void *ctx, struct err *);
