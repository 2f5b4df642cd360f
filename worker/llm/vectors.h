#pragma once
/*
 * Keeps the vectors of the agents' labels as long as this worker lives. They are made once,
 * together with the first text that needs them. Their key is the version of the labels, the
 * provider and the model; vectors with different keys are never compared. Any thread.
 */
#include "worker/job.h"

struct vectors;

struct vectors *vectors_new(void);
void vectors_free(struct vectors *);

/* A job that waits while another job makes the vectors. Initialise with zeros (does not wait). */
struct vectors_waiter {
	struct list link;
	struct job *job;
	bool is_in;
};
enum vectors_state {
	VECTORS_THERE,
	VECTORS_YOURS,  /* the caller must make them, then call vectors_put or vectors_give_up */
	VECTORS_COMING, /* another job makes them: woken when that succeeded or failed */
};
/* key: version of the labels, provider and model, under 400 bytes. The caller owns the waiter,
 * which is registered only with VECTORS_COMING: until its job is woken, or vectors_leave is
 * called. */
enum vectors_state vectors_ask(struct vectors *, const char *key, struct vectors_waiter *);
/* Removes the waiter, if it waits. */
void vectors_leave(struct vectors *, struct vectors_waiter *);
/* Stores n vectors, each of length 1, and wakes the waiters. label[i]: index of the label of vector
 * i. The data is copied. */
void vectors_put(struct vectors *, const char *key, const float *values, const int *label, int n, int dimensions, int n_labels);
void vectors_give_up(struct vectors *, const char *key);
/* Similarity of the text to each label (scores.h). False when the labels' vectors are missing or
 * have another length. With another length they are dropped, because the name now stands for
 * another model. */
bool vectors_near(struct vectors *, const char *key, const float *text, int dimensions, double *out);
