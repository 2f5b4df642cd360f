#pragma once
/*
 * Classifies the question before it is answered: one short call of a small chat model or of an
 * embeddings model, unless the claim brought the result (it was known already). A failure never
 * fails the message: the message goes on without a label, and the attempt's chain has the reason.
 */
#include "worker/job.h"

struct strbuf;
struct intent;

/* The result of the classification. Strings live as long as the job. */
struct intent_verdict {
	const char *label; /* NULL: below the threshold, or none was found */
	const char *best;  /* the best label, even below the threshold; NULL: none */
	double confidence; /* 0 to 1; below 0: no result, and err has the reason */
	const struct err *err;
};
struct intent_usage {
	int calls, input, output;
	char model[80]; /* as the provider named it, else as it was asked for */
};

/* Reads the answer of intent_for.sql or intent_spec.sql into the job's arena, and sets job->intent.
 * text: the question; NULL: the document contains it. */
MUSTCHECK int intent_read(struct job *, struct str document, const char *text, struct err *);
/* Does everything that needs no waiting. STEP_NEXT: done. STEP_PARK: the job will be woken. Never
 * STEP_FAIL. */
enum step intent_step(struct job *);
/* The result, after intent_step has returned STEP_NEXT. */
struct intent_verdict intent_verdict(const struct job *);
void intent_usage(const struct job *, struct intent_usage *);
/* Write the result as fields of the attempt's record (settle_batch.sql), and the call as an entry
 * of its chain. They write nothing when there is nothing to record. */
void intent_put(const struct job *, struct strbuf *record);
void intent_put_call(const struct job *, struct strbuf *entry);
/* Frees job->intent, and gives back a probe that was granted to it but not called. */
void intent_free(struct job *);
