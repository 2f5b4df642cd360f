#pragma once
/*
 * Cuts a body into events as it arrives, whatever the pieces: server-sent events (WHATWG rules), newline-delimited JSON, or one whole
 * JSON text. Pure: bytes in, events out.
 */
#include "shared/err.h"
#include "shared/str.h"

enum split_kind { SPLIT_SSE, SPLIT_LINES, SPLIT_WHOLE };

struct splitter {
	enum split_kind kind;
	struct strbuf line; /* what has come of the current line */
	struct strbuf data; /* SSE: the data lines of the current event, joined by newlines */
	char event[32];     /* SSE: its name, "" when unnamed */
	bool after_cr, begun, has_data;
	bool is_bare; /* SSE: JSON without `data:` came, all that follows belongs to it */
};

/* One event. `name` is "" but for named SSE events. Return -1 with err to stop. Both strings are borrowed for the call. */
typedef int (*split_event)(void *ctx, const char *name, struct str data, struct err *);

#define SPLIT_LINE_MAX (8u << 20)

void split_init(struct splitter *, enum split_kind);
void split_release(struct splitter *);
/* ERR_TOO_BIG for a line or a body over SPLIT_LINE_MAX, or what the callback set. */
MUSTCHECK int split_feed(struct splitter *, struct str bytes, split_event, void *ctx, struct err *);
/* The body ended. Lines: an unterminated last line is an event. SSE: an event without its empty line is not; answers true in *left.
 * JSON that came without `data:` is an event too. */
MUSTCHECK int split_end(struct splitter *, split_event, void *ctx, bool *left, struct err *);
