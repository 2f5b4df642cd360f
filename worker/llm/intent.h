#pragma once
/*
 * What the question is about, before it is answered: one short call of a small model, or of an embeddings model, unless the claim knew it
 * already. It never fails a message: without a verdict the message goes on, and the attempt's chain says why.
 */
#include "worker/job.h"

struct strbuf;
struct intent;

/* What is found out, or known. Strings live as long as the job. */
struct intent_verdict {
	const char *label; /* NULL: unsure, or none was found */
	const char *best;  /* the same without the threshold */
	double confidence; /* below 0: there is no verdict, and err says why */
	const struct err *err;
};
struct intent_usage {
	int calls, input, output;
	char model[80]; /* as the provider named it */
};

/* What intent_for.sql or intent_spec.sql answered, into the job's arena; text: the question, NULL where the document has it. */
MUSTCHECK int intent_read(struct job *, struct str document, const char *text, struct err *);
/* As far as it goes without waiting: STEP_NEXT or STEP_PARK, never STEP_FAIL. */
enum step intent_step(struct job *);
/* Once it said STEP_NEXT. */
struct intent_verdict intent_verdict(const struct job *);
void intent_usage(const struct job *, struct intent_usage *);
/* Fields of the attempt's record (settle_batch.sql), and the call as an entry of its chain; nothing where there was none. */
void intent_put(const struct job *, struct strbuf *record);
void intent_put_call(const struct job *, struct strbuf *entry);
/* Takes the job's last look at it. */
void intent_free(struct job *);
