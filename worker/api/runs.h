#pragma once
/*
 * Clients that wait for a run of code: one thread with one connection serves them all, and is told by a notification when
 * a run has ended. Without notifications it asks five times a second. The connection exists while somebody waits.
 */
#include "worker/api/server.h"
#include "worker/options.h"

struct runs;

struct runs *runs_start(const struct options *);
/* Answers everybody with 503; their runs go on. */
void runs_stop(struct runs *);
/* The caller parks the request (ROUTE_PARKED): it is answered when the run has ended, at the latest at `until`. Any
 * thread. */
void runs_add(struct runs *, struct request *, struct reply_http *, int64_t work, usec_t until);
