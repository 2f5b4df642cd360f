#pragma once
/*
 * Turns what a model says of each label into a verdict. The confidence is the distance between the
 * best label and the second best, never the model's own statement of its confidence. Pure
 * functions.
 */
#include "shared/err.h"
#include "shared/str.h"

#define SCORES_MAX 100 /* labels */

struct verdict {
	int best;          /* index of the label; -1: none is ahead of the others */
	double confidence; /* 0 to 1 */
};

/* Reads a chat model's answer, {"scores": {"label": 0 to 100, …}}; words or code fences around it
 * are ignored. A missing label has 0. ERR_BAD_REPLY when a label is unknown, comes twice, or has
 * something else than a number from 0 to 100. */
MUSTCHECK int scores_read(struct str answer, const char *const *labels, int n, double *out, struct err *);
/* Verdict for scores from 0 to 100. The confidence is (best - second) / max(sum of all scores,
 * 100): low scores give a low confidence. */
struct verdict scores_judge(const double *scores, int n);

/* The vectors of n labels, each of length 1. */
struct similarity {
	int n_labels, n_vectors, dimensions;
	const int *label;    /* index of the label, for each vector */
	const float *values; /* n_vectors * dimensions */
};
/* Similarity of a text to each label, -1 to 1: a mean of its cosines with the label's vectors in
 * which high cosines have more weight. So neither one accidental match nor the many vectors with
 * another meaning decide alone. */
void similarity_of(const struct similarity *, const float *text, double *out);
/* Verdict for similarities. They become shares (softmax: a similarity that is 0.021 higher has e
 * times the share); the confidence is the best share minus the second. */
struct verdict kin_judge(const double *near, int n);
