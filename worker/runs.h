#pragma once
/*
 * Code that is run for messages, in the sandbox: threads, each with one run at a time, and what is recorded before and
 * after it. A run is durable before it begins (kind of record: run). One that nobody waits for any more is ended.
 */
#include "worker/code/result.h"
#include "worker/job.h"
#include "worker/tools/sandbox.h"

struct runs;
struct run;

struct runs *runs_new(void);
/* From here on code is run, n at once; sandbox NULL: never, in this worker. slot: the first of the sandbox's slots. */
void runs_open(struct runs *, struct sandbox *, int n, int slot);
/* When no job is left. */
void runs_stop(struct runs *);

/* True: this worker runs no code. False while it is not known yet: such runs wait, and end as sandbox_error if it does not. */
bool runs_are_off(struct runs *);

/* Begins a run for the job, which is woken when it has ended. kind: calculation or answer. code: valid until then. The job
 * leaves its place meanwhile, so that other messages do not wait for the sandbox. Caller owns. */
struct run *run_begin(struct job *, const char *kind, const char *language, struct str code, int64_t timeout_ms);
bool run_has_ended(const struct run *);
const struct sandbox_result *run_result(const struct run *);
/* The same as it is shown, with at most max bytes of output; borrowed from the run. */
struct real_result run_shown(const struct run *, size_t max);
const char *run_id(const struct run *); /* uuid of its row */
/* Only one that has ended. */
void run_free(struct run *);
