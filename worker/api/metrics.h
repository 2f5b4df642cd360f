#pragma once
/* What /metrics shows besides the counters: the queue as the database sees it, costs, this process.
 * Used by one thread at a time. */
#include "worker/api/server.h"
#include "worker/services.h"

struct metrics;

struct metrics *metrics_new(const struct services *);
void metrics_free(struct metrics *);
void metrics_write(struct metrics *, bool is_ready, struct strbuf *);
