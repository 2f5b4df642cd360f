#pragma once
/*
 * Counters, histograms and gauges. One table (counts.def) defines their names, their labels, their
 * help and the text that Prometheus reads. Counting is a look-up without a lock and an atomic add;
 * only a label set that is seen for the first time takes the lock and memory. Label values come
 * from our own tables (agent, provider, model as configured, error class), never from texts, ids or
 * a provider's answer. A family holds at most COUNT_SETS label sets; all later ones are counted
 * together as `_other`. Any thread. A NULL counts is allowed and counts nothing.
 */
#include "shared/str.h"

/* Times are given in microseconds and shown as seconds; money is given in pico-USD and shown as
 * USD; shares (0 to 1) are given in millionths. */
enum count_kind {
	COUNTER,
	COUNTER_SECONDS,
	COUNTER_USD,
	GAUGE,
	GAUGE_SECONDS,
	GAUGE_USD,
	HISTOGRAM_SECONDS,
	HISTOGRAM_TOKENS,
	HISTOGRAM_SHARE
};

enum count {
#define COUNT(id, name, kind, labels, help) COUNT_##id,
#include "worker/telemetry/counts.def"
#undef COUNT
	COUNT_N
};

#define COUNT_LABELS 5     /* labels of one family, at most */
#define COUNT_SETS 400     /* label sets of one family; later ones are counted as `_other` */
#define COUNT_VALUE_MAX 96 /* bytes of a label's value */

struct counts;

/* Caller owns. */
struct counts *counts_new(void);
void counts_free(struct counts *);

/* Adds n (counters), sets n (gauges), or observes n (histograms). Give as many labels as the family
 * has; a NULL label becomes "none". */
void counts_put(struct counts *, enum count, int64_t n, const char *const labels[COUNT_LABELS]);
#define count_add(counts, id, n, ...) counts_put(counts, COUNT_##id, n, (const char *const[COUNT_LABELS]){ __VA_ARGS__ })
/* One value; 0 if there is none. Of a histogram: the number of observations. */
int64_t counts_get(struct counts *, enum count, const char *const labels[COUNT_LABELS]);
#define count_get(counts, id, ...) counts_get(counts, COUNT_##id, (const char *const[COUNT_LABELS]){ __VA_ARGS__ })
/* Calls fn for each label set of a family. */
void counts_each(struct counts *, enum count, void (*fn)(void *ctx, const char *const labels[COUNT_LABELS], int64_t value),
                 void *ctx);

/* Writes several counts as one, in text format 0.0.4. No label set may be in two of them. Families
 * without a value are left out. */
#define COUNTS_TYPE "text/plain; version=0.0.4; charset=utf-8"
void counts_write(struct counts *const *, int n, struct strbuf *);
