#pragma once
/*
 * Counters, histograms and gauges: one table (counts.def), from which come the names, the help and the text that Prometheus reads.
 * Counting is a look-up without a lock and an atomic add; only a label set seen for the first time takes the lock and memory. Label
 * values come from our own tables (agent, provider, model as configured, error class), never from texts, ids or what a provider calls
 * itself. A family holds at most COUNT_SETS label sets, all later ones are counted together as `_other`. Any thread; a NULL counts
 * is allowed and counts nothing.
 */
#include "shared/str.h"

/* Times are given in microseconds and shown as seconds; money is given in pico-USD and shown as USD, shares of
 * 1 in millionths. */
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

#define COUNT_LABELS 5     /* of one family, at most */
#define COUNT_SETS 400     /* label sets of one family; the next ones are `_other` */
#define COUNT_VALUE_MAX 96 /* bytes of a label's value */

struct counts;

/* Caller owns. */
struct counts *counts_new(void);
void counts_free(struct counts *);

/* n is added, set (gauges), or observed (histograms). Labels are as many as the family has; NULL is "none". */
void counts_put(struct counts *, enum count, int64_t n, const char *const labels[COUNT_LABELS]);
#define count_add(counts, id, n, ...) counts_put(counts, COUNT_##id, n, (const char *const[COUNT_LABELS]){ __VA_ARGS__ })
/* One value; 0 when there is none. Histograms: how many were observed. */
int64_t counts_get(struct counts *, enum count, const char *const labels[COUNT_LABELS]);
#define count_get(counts, id, ...) counts_get(counts, COUNT_##id, (const char *const[COUNT_LABELS]){ __VA_ARGS__ })
/* Calls fn for each label set of a family. */
void counts_each(struct counts *, enum count, void (*fn)(void *ctx, const char *const labels[COUNT_LABELS], int64_t value),
                 void *ctx);

/* Text format 0.0.4 of several of them, as if they were one (no label set may be in two). Families without a value are left out. */
#define COUNTS_TYPE "text/plain; version=0.0.4; charset=utf-8"
void counts_write(struct counts *const *, int n, struct strbuf *);
