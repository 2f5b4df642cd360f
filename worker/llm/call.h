#pragma once
/* One HTTP call of one provider. When it is over its job is woken; the text goes into the job's live buffer as it comes. */
#include "worker/job.h"
#include "worker/llm/limits.h"
#include "worker/llm/provider.h"
#include "worker/services.h"

struct call {
	/* Readable once is_done, by the job's owner. */
	atomic_bool is_done;
	struct err err; /* code OK: the reply is whole */
	struct reply reply;
	int ttft_ms;          /* first text; -1: none came */
	int generation_ms;    /* request to end */
	bool was_sent;        /* the provider may have worked, and may bill it */
	bool is_estimated;    /* usage is our own count: the provider said none */
	char request_id[80];  /* the provider's number of it; empty: it said none */
	struct limits limits; /* what its headers said */
	uint64_t transfer;    /* the engine's number of it */
	struct call_private *private;
};

struct span;

/* Calls this route with the job's conversation; the provider is told the span it belongs to, where somebody collects spans. The caller owns
 * it: call_free once it is done. NULL with err when it cannot even be tried: NOT_CONFIGURED, AUTH (no key), TOO_BIG. */
struct call *call_start(struct job *, const struct route *, const struct span *, struct err *);
/* Ends it soon; is_done still comes, with this code. */
void call_cancel(struct engine *, const struct call *, enum err_code);
void call_free(struct call *);
