#pragma once
/*
 * The vectors of agents' labels, as long as this worker lives. They are made once, together with the first text that needs them, are known by what
 * they were made of and by whom (the version of the labels, provider and model), and are never compared with another's. Any thread.
 */
#include "worker/job.h"

struct vectors;

struct vectors *vectors_new(void);
void vectors_free(struct vectors *);

/* Somebody who waits for another to make them; all zeros: does not. */
struct vectors_waiter {
	struct list link;
	struct job *job;
	bool is_in;
};
enum vectors_state {
	VECTORS_THERE,
	VECTORS_YOURS,  /* to be made by who asked: vectors_put or vectors_give_up follows */
	VECTORS_COMING, /* another makes them: the job is woken when that is over, well or not */
};
/* key: version of the labels, provider and model, under 400 bytes. The waiter is the caller's, and waits only where the answer is VECTORS_COMING:
 * until its job is woken, or vectors_leave. */
enum vectors_state vectors_ask(struct vectors *, const char *key, struct vectors_waiter *);
/* Waits no longer. */
void vectors_leave(struct vectors *, struct vectors_waiter *);
/* values: n of them, each of length 1; label[i] is whom vector i stands for. Copied. */
void vectors_put(struct vectors *, const char *key, const float *values, const int *label, int n, int dimensions, int n_labels);
void vectors_give_up(struct vectors *, const char *key);
/* How near the text is to each label (scores.h). False when the labels' vectors are not there, or of another length: then they are forgotten,
 * for the model behind the name is no longer the same. */
bool vectors_near(struct vectors *, const char *key, const float *text, int dimensions, double *out);
