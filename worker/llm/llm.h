#pragma once
/*
 * Turns a conversation into a reply; the only interface that the stages use. One attempt calls the
 * routes of its agent in order. A route that fails is called again (retry) after 1, 2 and 4 s, or
 * after the wait that it asks for, at most `retries` times; then the next route is called. All of
 * this stays inside the attempt's deadline. Once text has come, no other call is made: watchers
 * have seen that text, and a second answer must not replace it silently.
 */
#include "worker/job.h"

struct strbuf;

/* Does everything that needs no waiting. STEP_NEXT: job->live holds the whole answer. STEP_FAIL:
 * err is the first failure with a summary of the other routes, job->disposition what happens to the
 * message. STEP_PARK: the job will be woken. job->llm is made here and freed by llm_free. */
enum step llm_step(struct job *, struct err *);
/* For an attempt that ended before its first llm_step: gives back the probes that were granted to
 * it, so that another message can make them. Does nothing after an llm_step. */
void llm_not_begun(const struct job *);
/* What the model said in its last reply; borrowed from the call: valid until the next llm_step. */
struct llm_said {
	const struct tool_call *calls; /* tools that it asks for */
	int n_calls;
	struct str text, native;
	const char *protocol, *provider; /* whose form `native` is */
};
/* True when the last reply asks for tools that were offered, and was not cut. */
bool llm_asks_for_tools(const struct job *);
struct llm_said llm_said(const struct job *);
/* After a reply: the next llm_step makes a further call of the same route, for which job->prompt was changed. What the last one
 * used stays in the record, as a call of this kind: "repaired", "tools". */
void llm_again(struct job *, const char *kind);
/* Writes what was called and what it used as fields of the attempt's record (settle_batch.sql). */
void llm_put(const struct job *, struct strbuf *record);
/* Writes the conversation as it was sent (role and text of each turn) as a JSON object, which is
 * shown to a person who asks why the model answered so. Not after llm_free. */
void llm_put_context(const struct job *, struct strbuf *);
void llm_free(struct job *);
