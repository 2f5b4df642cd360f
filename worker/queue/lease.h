#pragma once
/*
 * One thread: keeps this worker's lease, learns which jobs to stop, and once a second lets time do its work (signalbox.tick: schedules,
 * back-offs, held retries, messages of dead workers). When the lease is lost all jobs are stopped, and a new incarnation begins once
 * they have ended. An operator's wish that this worker should end comes here too, and becomes a SIGTERM.
 */
#include "shared/err.h"
#include "worker/services.h"

struct lease;
struct strbuf;

/* Registers the first incarnation, services->worker_key; fails when the database cannot be had. put_facts writes what the worker says of itself with
 * each renewal, a JSON object (worker_renew.sql); called on the lease's thread, the first time on the caller's. secrets: an array of the names that
 * providers' settings name, as the last renewal told. */
MUSTCHECK int lease_start(struct lease **out, const struct services *, const char *agents_array,
                          void (*put_facts)(void *ctx, const char *secrets, struct strbuf *), void *ctx, struct err *);
/* The current incarnation's id; false while there is none, between a loss and the next. Any thread. */
bool lease_id(struct lease *, char id[static 40]);
/* The same of its key, with which the database's functions are called: the `worker` that they take. Never shown. */
bool lease_key(struct lease *, char key[static 40]);
/* Milliseconds since the database last confirmed it, -1 while none is held. Any thread. */
int64_t lease_age_ms(struct lease *);
void lease_set_draining(struct lease *);
/* Says good-bye to the database and ends the thread. */
void lease_stop(struct lease *);
