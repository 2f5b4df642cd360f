#pragma once
/* Reports a call that has ended, whatever its purpose: to the counters, the spans, the fleet's
 * breakers and the attempt's record. */
#include "worker/llm/call.h"

struct call_about {
	const char *operation; /* "chat" or "embeddings" */
	int max_tokens;        /* as requested */
	int resend;            /* 0: first call of this request to the route, n: its n-th retry */
	bool is_refused_again; /* the call before it was refused for too many requests */
};

/* Updates counters, spans and breakers, parks the model or the key, and reports the result of a
 * probe. */
void report_call(struct job *, const struct route *, const struct call *, const struct span *, const struct call_about *);
/* Write fields of a record, or of an entry of its chain. report_put_route accepts no call (NULL).
 * The texts of errors quote providers, so they are made safe to print. */
void report_put_route(struct strbuf *, const struct route *, const struct call *);
void report_put_error(struct strbuf *, const struct err *);
void report_put_usage(struct strbuf *, const struct call *);
