#pragma once
/*
 * Reads a provider's answer to one request as it arrives (status, headers, body) and gives the
 * verdict. Pure functions: no network, no clock. Only here do splitter (net/split.h), protocol
 * (provider.h), text (text.h), classification (classify.h) and verdict (verdict.h) work together.
 */
#include "worker/llm/limits.h"
#include "worker/llm/text.h"
#include "worker/llm/verdict.h"
#include "worker/net/split.h"

#define READER_GRACE_MS 2000  /* wait for usage and late text after the finish reason */
#define READER_ON_MS 86400000 /* read until the body ends: replaces a shorter wait given before */
/* wait for the end of the body after the end mark, so that the connection can be reused */
#define READER_MARK_MS 500

struct reader {
	const struct provider_ops *ops;
	struct reply reply;
	struct arena arena; /* of the reply */
	/* Memory for the event that is read, cleared after each; the caller's. NULL: the reader
	 * takes some for each event. */
	struct arena *scratch;
	struct text text;
	struct limits limits; /* from the headers */
	char location[160];   /* where a redirect points to */
	struct splitter split;
	struct strbuf error_body;
	struct brackets error_json; /* brackets of error_body */
	struct err error, late;     /* errors in the body: before and after the reply was whole */
	size_t body_bytes;
	char odd[160];  /* the first event that was not JSON */
	bool is_chatty; /* text came after a finish reason */
	bool is_over;   /* the splitter failed or ended: later bytes are only counted */
	/* a 2xx whose whole body is an error, outside of a stream: nothing was generated */
	bool is_unbilled;
};

/* now: wall time. on_text is called with whole characters. The reader must not be moved. */
void reader_init(struct reader *, const struct provider_ops *, usec_t now, void (*on_text)(void *, struct str), void *ctx);
void reader_release(struct reader *);
/* Reads one header of the answer. */
void reader_header(struct reader *, const char *name, const char *value);
/*
 * Reads a piece of the body. Returns -1 with err to stop reading, 0 to go on. Above 0: the reply is
 * whole (or the body of an error is), and the transfer may be ended after this many milliseconds; a
 * later value above 0 replaces an earlier one.
 */
int reader_feed(struct reader *, int status, struct str piece, struct err *);
/* Call once when the body has ended, or (transport not NULL) when the transfer has failed.
 * reply.calls and reply.native are filled when the verdict is an answer. */
struct verdict reader_end(struct reader *, int status, const struct err *transport);
