#pragma once
/* How well texts were sorted: what each is, against what it was taken for. Pure. */
#include "shared/base.h"
#include "shared/str.h"

#define CONFUSION_MAX 100
#define CONFUSION_NONE (-1) /* taken for nothing: unsure, or not classified */

struct confusion {
	int n;                                         /* labels */
	int cells[CONFUSION_MAX][CONFUSION_MAX + 1];   /* [is][taken for]; the last column: nothing */
	int total, right, wrong, unsure, failed, best; /* best: right if the threshold were 0 */
};

/* is, and taken for (or CONFUSION_NONE): labels. best: what it would be without a threshold. */
void confusion_add(struct confusion *, int is, int taken, int best, bool is_failed);

/* Shares of 1; below 0 where there is nothing to divide by. */
struct quality {
	double precision, recall, f1;
	int texts;
};
struct quality confusion_quality(const struct confusion *, int label);
double confusion_accuracy(const struct confusion *); /* unsure and not classified are not right */

/* A text and its label, out of JSON lines {"text": …, "label": …}, or CSV "text,label" with quotes where they are needed. label is empty where
 * there is none. False at the end; *bad says that the line at *number is neither. */
struct labelled {
	struct str text, label;
};
struct arena;
bool labelled_next(struct arena *, struct str *rest, int *number, struct labelled *, bool *bad);
