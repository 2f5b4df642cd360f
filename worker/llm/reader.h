#pragma once
/*
 * The answer of a provider to one request, read as it arrives: status, headers, body, and what all of it amounts to. Pure: no network, no clock.
 * Splitter (net/split.h), protocol (provider.h), text (text.h), classification (classify.h) and verdict (verdict.h) meet here and nowhere else.
 */
#include "worker/llm/limits.h"
#include "worker/llm/text.h"
#include "worker/llm/verdict.h"
#include "worker/net/split.h"

#define READER_GRACE_MS 2000  /* for usage, and text that comes late, after the model said that it was done */
#define READER_ON_MS 86400000 /* go on until the body ends: a grace that was given is taken back */
#define READER_MARK_MS 500 /* for the end of the body after the protocol's last event, so that the connection can be used again */

struct reader {
	const struct provider_ops *ops;
	struct reply reply;
	struct arena arena; /* of the reply */
	struct text text;
	struct limits limits; /* what the headers said */
	char location[160];   /* where a redirect points to */
	struct splitter split;
	struct strbuf error_body;
	struct brackets error_json; /* of it */
	struct err error, late;     /* said by the body, before and after the reply was whole */
	size_t body_bytes;
	char odd[160];    /* the first event that was no JSON */
	bool is_chatty;   /* text came behind the word for its end */
	bool is_over;     /* the splitter failed or ended: later bytes are only counted */
	bool is_unbilled; /* a 2xx whose body is an error and nothing else, and no stream: nothing was generated */
};

/* now: wall time. on_text is called with whole characters. The reader must not be moved. */
void reader_init(struct reader *, const struct provider_ops *, usec_t now, void (*on_text)(void *, struct str), void *ctx);
void reader_release(struct reader *);
/* A header of the answer. */
void reader_header(struct reader *, const char *name, const char *value);
/*
 * A piece of the body. -1 with err: it is not worth reading on. 0: go on. More: the reply is whole, and this piece told something new about it; the
 * body may end in so many milliseconds.
 */
int reader_feed(struct reader *, int status, struct str piece, struct err *);
/* The body ended, or (transport not NULL) nobody reads on. Once. The reply's calls and own form are there when the verdict is an answer. */
struct verdict reader_end(struct reader *, int status, const struct err *transport);
