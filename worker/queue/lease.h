#pragma once
/*
 * One thread: keeps this worker's lease, learns which jobs to stop, and once a second lets time do its work (signalbox.tick: schedules,
 * back-offs, held retries, messages of dead workers). When the lease is lost all jobs are stopped, and a new incarnation begins once
 * they have ended.
 */
#include "shared/err.h"
#include "worker/job.h"
#include "worker/options.h"

struct lease;

/* Registers the first incarnation; fails when the database cannot be had. id is its uuid. */
MUSTCHECK int lease_start(struct lease **out, const struct options *, const char *worker_name, const char *agents_array,
                          struct jobs *, const char *id, struct err *);
/* The current incarnation into id; false while there is none, between a loss and the next. Any thread. */
bool lease_id(struct lease *, char id[static 40]);
/* Milliseconds since the database last confirmed it, -1 while none is held. Any thread. */
int64_t lease_age_ms(struct lease *);
void lease_set_draining(struct lease *);
/* Says good-bye to the database and ends the thread. */
void lease_stop(struct lease *);
