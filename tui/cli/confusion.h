#pragma once
/* A confusion matrix: the true label of each text against its predicted label. Pure. */
#include "shared/base.h"
#include "shared/str.h"

#define CONFUSION_MAX 100
#define CONFUSION_NONE (-1) /* no predicted label: unsure, or not classified */

struct confusion {
	int n;                                         /* number of labels */
	int cells[CONFUSION_MAX][CONFUSION_MAX + 1];   /* [true][predicted]; column n: none */
	int total, right, wrong, unsure, failed, best; /* best: right with a threshold of 0 */
};

/* is: the true label; taken: the predicted label or CONFUSION_NONE; best: the predicted label
 * without a threshold. */
void confusion_add(struct confusion *, int is, int taken, int best, bool is_failed);

/* From 0 to 1; below 0 if the divisor is 0. */
struct quality {
	double precision, recall, f1;
	int texts;
};
struct quality confusion_quality(const struct confusion *, int label);
double confusion_accuracy(const struct confusion *); /* unsure or unclassified: not right */

/* A text and its label, from JSON lines {"text": …, "label": …}, or CSV "text,label" with quotes
 * where they are needed. label is empty if there is none. labelled_next: false at the end; *bad:
 * line *number has neither form. */
struct labelled {
	struct str text, label;
};
struct arena;
bool labelled_next(struct arena *, struct str *rest, int *number, struct labelled *, bool *bad);
