#pragma once
/*
 * From what a model says of each label to a verdict. How sure we are is the distance between the best label and the next, never a word of the
 * model on itself. Pure.
 */
#include "shared/err.h"
#include "shared/str.h"

#define SCORES_MAX 100 /* labels */

struct verdict {
	int best;          /* label; -1: none stands out at all */
	double confidence; /* 0 to 1 */
};

/* A chat model's answer, {"scores": {"label": 0 to 100, …}}, words or fences around it. A label it leaves out has 0; ERR_BAD_REPLY where it
 * scores a label that is none, twice, or with something else than a number from 0 to 100. */
MUSTCHECK int scores_read(struct str answer, const char *const *labels, int n, double *out, struct err *);
/* Of scores from 0 to 100: the margin as a share of all that was given, and of no less than 100: who gives little is not sure. */
struct verdict scores_judge(const double *scores, int n);

/* What vectors stand for n labels, each of length 1. */
struct similarity {
	int n_labels, n_vectors, dimensions;
	const int *label;    /* of each vector */
	const float *values; /* n_vectors * dimensions */
};
/* How near a text is to each label, -1 to 1: a mean of its cosines with the label's vectors in which the near ones count most, so that neither a
 * single lucky one nor the many that mean something else decide. */
void similarity_of(const struct similarity *, const float *text, double *out);
/* Of nearnesses: the margin between the two best shares, where 0.021 more is e times as likely. */
struct verdict kin_judge(const double *near, int n);
