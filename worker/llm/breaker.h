#pragma once
/*
 * What this worker knows of the fleet's circuit breakers, and what it has to tell of its own calls. The database decides (report_calls.sql);
 * between two reports a call may go to a provider that somebody else has just found to be down, and that is all.
 */
#include "shared/err.h"
#include "worker/job.h"
#include "worker/llm/limits.h"

struct breakers;
struct rows;

/* on_news is called, on any thread, when there is something to report: soon, or at once (urgent). */
struct breakers *breakers_new(void (*on_news)(void *ctx, bool urgent), void *ctx);
void breakers_free(struct breakers *);

/* A call of the provider begins (1), or ended (-1). */
void breakers_calling(struct breakers *, const char *provider, int change);
/* {"provider": calls under way, …}; only those that have some. */
void breakers_put_calls(struct breakers *, struct strbuf *);
/* A call of the route ended, with these tokens, and said this of its limits. */
void breakers_count(struct breakers *, const struct route *, const struct err *, int64_t tokens, const struct limits *);
/* Nobody is to call the route's model, or with its key, for ms; 0: it did not say for how long, and the fleet's wait grows. */
void breakers_park(struct breakers *, const struct route *, const struct err *, int64_t ms, bool is_key);
/* What became of a probe: 1 it answered, 0 it failed, -1 it was not called after all. */
void breakers_probed(struct breakers *, const struct route *, const char *job_id, int verdict, const struct err *);
/* Milliseconds for which the route is not to be called; 0: it may be. A claim that was asked for after we last heard knows better: an operator may
 * have freed what we believe to be held. */
int64_t breakers_held(struct breakers *, const struct route *, usec_t claimed);

/* The report as report_calls() reads it, and what it answered; for the one thread that reports. A report that was not answered is said again. */
bool breakers_begin_report(struct breakers *, struct strbuf *);
void breakers_end_report(struct breakers *, const struct rows *answer);
