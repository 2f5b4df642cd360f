#pragma once
/*
 * The vectors of agents' labels, as long as this worker lives. They are made together with the first text that needs them, are known by what they
 * were made of and by whom (the version of the labels, provider and model), and are never compared with another's. Any thread.
 */
#include "shared/base.h"

struct vectors;

struct vectors *vectors_new(void);
void vectors_free(struct vectors *);

bool vectors_has(struct vectors *, const char *key);
/* values: n of them, each of length 1; label[i] is whom vector i stands for. Copied. */
void vectors_put(struct vectors *, const char *key, const float *values, const int *label, int n, int dimensions, int n_labels);
/* How near the text is to each label (scores.h). False when the labels' vectors are not there, or of another length: then they are forgotten,
 * for the model behind the name is no longer the same. */
bool vectors_near(struct vectors *, const char *key, const float *text, int dimensions, double *out);
