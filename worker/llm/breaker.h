#pragma once
/*
 * This worker's copy of the fleet's circuit breakers, and the results of its own calls that the
 * next report will send. The database opens and closes the breakers (report_calls.sql). The copy is
 * updated by each report; between two reports a call may go to a provider that another worker has
 * just found to be down.
 */
#include "shared/err.h"
#include "worker/job.h"
#include "worker/llm/limits.h"

struct breakers;
struct rows;

/* on_news is called on any thread when there is something to report: at once when urgent, else
 * soon. */
struct breakers *breakers_new(void (*on_news)(void *ctx, bool urgent), void *ctx);
void breakers_free(struct breakers *);

/* Counts calls in flight. change: 1 when a call of the provider begins, -1 when it has ended. */
void breakers_calling(struct breakers *, const char *provider, int change);
/* Writes {"provider": number of calls in flight, …} without the providers that have none. */
void breakers_put_calls(struct breakers *, struct strbuf *);
/* Records that a call of the route ended: its error, the tokens that it used, and the limits that
 * its headers stated. */
void breakers_count(struct breakers *, const struct route *, const struct err *, int64_t tokens, const struct limits *);
/* Parks, for the whole fleet, the route's model or (is_key) everything that is called with its key,
 * for `ms` milliseconds. ms 0: the provider stated no time; the database chooses the wait and
 * doubles it each time. */
void breakers_park(struct breakers *, const struct route *, const struct err *, int64_t ms, bool is_key);
/* Records the result of a probe. verdict: 1 the provider answered, 0 the probe failed, -1 no result
 * (the probe was not called, or this worker cancelled it). */
void breakers_probed(struct breakers *, const struct route *, const char *job_id, int verdict, const struct err *);
/* Milliseconds for which the route must not be called; 0: it may be called. `claimed`: when the
 * job's claim was asked for (monotonic). A claim that was asked for after our copy was updated
 * knows a newer state (an operator may have freed the route): then the result is 0. */
int64_t breakers_held(struct breakers *, const struct route *, usec_t claimed);

/* Write the report for report_calls() (false: nothing to report), and take its answer. answer NULL:
 * no answer came, and the next report sends the same entries again. Reporting thread only. */
bool breakers_begin_report(struct breakers *, struct strbuf *);
void breakers_end_report(struct breakers *, const struct rows *answer);
