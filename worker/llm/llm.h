#pragma once
/*
 * From a conversation to a reply, whoever answers. The only face that stages see. One attempt calls the routes of its agent in order: a route
 * that fails is called again after 1, 2 and 4 s or as long as it asks, at most `retries` times, then the next one; all of it inside the
 * attempt's deadline. Once text has come nobody else is asked: what was seen is not answered a second time in silence.
 */
#include "worker/job.h"

struct strbuf;

/* Takes the attempt as far as it goes without waiting. STEP_NEXT: job->live holds the whole answer. STEP_FAIL: err is the first cause with what
 * became of the other routes, job->disposition what is to be done. STEP_PARK: the job will be woken. job->llm is made here and freed by llm_free. */
enum step llm_step(struct job *, struct err *);
/* The attempt ended before its first llm_step: a probe that was given to it is somebody else's. Nothing otherwise. */
void llm_not_begun(const struct job *);
/* What was called and what it used, as fields of the attempt's record (settle_batch.sql). */
void llm_put(const struct job *, struct strbuf *record);
/* The conversation exactly as it was sent, as a JSON object: shown to whoever asks why the model answered so. Not after llm_free. */
void llm_put_context(const struct job *, struct strbuf *);
void llm_free(struct job *);
