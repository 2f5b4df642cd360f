#pragma once
/*
 * From a prompt to a reply, whoever answers. The only face that stages see: a call is started, and when it is over its job is woken.
 * The text goes into the job's live buffer as it comes.
 */
#include "worker/job.h"
#include "worker/llm/provider.h"
#include "worker/services.h"

struct llm_call {
	/* Readable once is_done, by the job's owner. */
	atomic_bool is_done;
	struct err err; /* code OK: the reply is whole */
	struct reply reply;
	int ttft_ms;       /* first text; -1: none came */
	int generation_ms; /* request to end */
	bool was_sent;     /* the provider may have worked, and may bill it */
	bool is_estimated; /* usage is our own count: the provider said none */
	uint64_t transfer; /* the engine's number of it */
	struct llm_private *private;
};

/* Starts the call described by the job (provider, model, turns). The call belongs to the caller: llm_free once it is done. NULL with err
 * when it cannot even be tried: NOT_CONFIGURED, AUTH (no key). */
struct llm_call *llm_start(struct job *, struct err *);
/* Ends it soon; is_done still comes, with this code. */
void llm_cancel(struct engine *, const struct llm_call *, enum err_code);
void llm_free(struct llm_call *);
