#pragma once
/* One HTTP call of one provider: a conversation, or texts that are made into vectors (embeddings).
 * The job is woken when the call has ended. */
#include "worker/job.h"
#include "worker/llm/embed.h"
#include "worker/llm/limits.h"
#include "worker/llm/provider.h"
#include "worker/services.h"

#define BYTES_PER_TOKEN 4 /* rough value for plain English; used where no exact count is known */

struct call {
	/* The job's owner may read the fields below once is_done is set, `transfer` once call_start
	 * has returned. */
	atomic_bool is_done;
	struct err err; /* code OK: the reply is an answer */
	struct reply *reply;
	const char *finish_reason, *proof; /* see struct verdict; valid as long as the call */
	struct embedding vectors;          /* only for texts; valid as long as the call */
	int ttft_ms;                       /* request to first text; -1: no text came */
	int generation_ms;                 /* request to end */
	bool may_be_billed;                /* the provider may have worked on it, and may bill it */
	/* usage is our own estimate, or incomplete: the provider stated none, or the reply was
	 * cut */
	bool is_estimated;
	char request_id[80];  /* the provider's id of the call; empty: not stated */
	struct limits limits; /* from the answer's headers */
	uint64_t transfer;    /* the engine's number; 0: none (null provider) */
	struct call_private *private;
};

struct span;

/* What a provider is asked. call_start reads all of it before it returns, except what `into` and
 * `texts` point to: these must live as long as the call, and so must the route's strings. */
struct request {
	/* model and window are taken from the route; the turns are valid for every vendor
	 * (turns.h) */
	const struct prompt *prompt;
	/* receives the text as it arrives; the call fails when the text exceeds its cap */
	struct live *into;
	/* instead of a prompt: texts to be made into vectors (call->vectors) */
	const struct str *texts;
	int n_texts;
	int first_byte_ms; /* 0: the worker's setting */
	usec_t deadline;   /* monotonic */
};

/* Starts a call of this route. Where spans are collected, the request names its span (header
 * traceparent). The caller owns the call and frees it with call_free once it is done. NULL with err
 * when the call cannot be started: NOT_CONFIGURED, NO_KEY, TOO_BIG. */
struct call *call_start(struct job *, const struct request *, const struct route *, const struct span *, struct err *);
/* True when this worker can call the route: it speaks the route's protocol and has its key. */
bool call_is_possible(const struct job *, const struct route *);
/* Ends the call soon: is_done is still set, and err has this code unless the call ended before. */
void call_cancel(struct engine *, const struct call *, enum err_code);
void call_free(struct call *);
