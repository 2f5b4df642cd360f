#pragma once
/*
 * Cuts a body into events as it arrives, in pieces of any size. The format is found from the body
 * itself, because servers, proxies and caches often send a wrong Content-Type. Each line begins an
 * item: JSON when its first character is { or [, else a line of server-sent events (WHATWG rules:
 * lines that are no field are skipped).
 *   JSON    each value is an event: one document, newline-delimited values, the elements of one
 *           array
 *   SSE     an event ends with an empty line, or where another JSON value begins in the next data
 *           line, because some servers leave the empty line out
 * Pure functions: bytes in, events out. The time taken is linear in the bytes.
 */
#include "shared/err.h"
#include "shared/str.h"

/* The position in a JSON value, by its brackets and strings only. Initialise with zeros. */
struct brackets {
	int depth;
	bool in_string, is_escaped, has_begun;
};
/* Follows `text` to the end of its value; returns how many bytes belong to the value. */
size_t brackets_follow(struct brackets *, struct str text);
/* True when the value has ended. */
static inline bool brackets_closed(const struct brackets *b)
{
	return b->has_begun && b->depth <= 0;
}

struct splitter {
	struct strbuf item;         /* the part of the current line or JSON value that has come */
	struct strbuf data;         /* SSE: the data lines of the current event, joined by newlines */
	char event[32];             /* SSE: name of the current event; "": unnamed */
	struct brackets json, seen; /* brackets of item; of the first seen_bytes of data */
	size_t seen_bytes;
	int n_bom;        /* bytes of a byte order mark that were skipped */
	bool is_json;     /* item is a JSON value */
	bool is_array;    /* inside of an array whose elements are the events */
	bool is_sse;      /* fields of server-sent events have come */
	char strange[64]; /* the first line that is neither JSON nor SSE, for the error's text */
	bool after_cr, begun, has_data;
};

/* Receives one event. `name` is "" unless it is a named SSE event; data is never empty. Returns -1
 * with err to stop. Both strings are valid only during the call. */
typedef int (*split_event)(void *ctx, const char *name, struct str data, struct err *);

#define SPLIT_LINE_MAX (8u << 20)

void split_init(struct splitter *);
void split_release(struct splitter *);
/* -1 with ERR_TOO_BIG for a line, a value or an event over SPLIT_LINE_MAX, or with the callback's
 * error. */
MUSTCHECK int split_feed(struct splitter *, struct str bytes, split_event, void *ctx, struct err *);
/* Ends the body. A last line or event without its end mark counts when its data is a whole JSON
 * value. ERR_BAD_REPLY when the body was neither JSON nor SSE, such as the page of a proxy. */
MUSTCHECK int split_end(struct splitter *, split_event, void *ctx, struct err *);
