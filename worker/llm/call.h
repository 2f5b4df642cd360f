#pragma once
/* One HTTP call of one provider: a conversation, or texts to be made vectors. When it is over its job is woken. */
#include "worker/job.h"
#include "worker/llm/embed.h"
#include "worker/llm/limits.h"
#include "worker/llm/provider.h"
#include "worker/services.h"

#define BYTES_PER_TOKEN 4 /* rough: plain English. Where nobody told us better */

struct call {
	/* Readable once is_done, by the job's owner; `transfer` since call_start returned. */
	atomic_bool is_done;
	struct err err; /* code OK: the reply is an answer */
	struct reply *reply;
	const char *finish_reason, *proof; /* struct verdict; live as long as the call */
	struct embedding vectors;          /* where texts were asked for; lives as long as the call */
	int ttft_ms;                       /* first text; -1: none came */
	int generation_ms;                 /* request to end */
	bool was_sent;                     /* the provider may have worked, and may bill it */
	bool is_estimated;                 /* usage is our own count, or not all of it: the provider did not say, or broke off */
	char request_id[80];               /* the provider's number of it; empty: it said none */
	struct limits limits;              /* what its headers said */
	uint64_t transfer;                 /* the engine's number of it; 0: none, the null provider */
	struct call_private *private;
};

struct span;

/* What is asked of a provider. Read before call_start returns, but for what `into` and `texts` point to: they outlive the call,
 * as the route's strings do. */
struct request {
	const struct prompt *prompt; /* its model and window are the route's; its turns valid for every vendor (turns.h) */
	struct live *into;           /* the text as it comes; over its cap the call fails */
	const struct str *texts;     /* instead of a prompt: texts to be made vectors (call->vectors) */
	int n_texts;
	int first_byte_ms; /* 0: as the worker's settings say */
	usec_t deadline;   /* monotonic */
};

/* Asks this route; the provider is told the span it belongs to, where somebody collects spans. The caller owns the call: call_free once it
 * is done. NULL with err when it cannot even be tried: NOT_CONFIGURED, AUTH (no key), TOO_BIG. */
struct call *call_start(struct job *, const struct request *, const struct route *, const struct span *, struct err *);
/* Could this worker call the route at all: does it speak its protocol, and has it the key? */
bool call_is_possible(const struct job *, const struct route *);
/* Ends it soon; is_done still comes, with this code. */
void call_cancel(struct engine *, const struct call *, enum err_code);
void call_free(struct call *);
