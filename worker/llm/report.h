#pragma once
/* What is told of a call that ended, whatever it was for: to the counters, to spans, to the fleet's breakers, and into the attempt's record. */
#include "worker/llm/call.h"

struct call_about {
	const char *operation; /* "chat" or "embeddings" */
	int max_tokens;        /* as asked */
	int resend;            /* which call this is of the same request, from 0 */
};

/* Counters, spans, breakers, parking, and what became of a probe. */
void report_call(struct job *, const struct route *, const struct call *, const struct span *, const struct call_about *);
/* Fields of a record, or of an entry of its chain. call may be NULL in the first. Errors quote providers: their text is made safe to print. */
void report_put_route(struct strbuf *, const struct route *, const struct call *);
void report_put_error(struct strbuf *, const struct err *);
void report_put_usage(struct strbuf *, const struct call *);
