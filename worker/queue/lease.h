#pragma once
/*
 * One thread: renews this worker's lease, learns which jobs to stop, and once a second calls
 * signalbox.tick (schedules, backoffs, held retries, messages of dead workers). When the lease is
 * lost, all jobs are stopped, and a new incarnation starts once they have ended. An operator's
 * request to end this worker arrives here too, and becomes a SIGTERM.
 */
#include "shared/err.h"
#include "worker/services.h"

struct lease;
struct strbuf;

/* Registers the first incarnation, services->worker_key; fails if the database is unavailable.
 * put() writes the facts that this worker reports with each renewal, a JSON object
 * (worker_renew.sql); said(): the database has them. Both are called on the lease's thread, the first time on the
 * caller's. secrets: a PostgreSQL array of the secrets that providers' settings name, by the last renewal. */
struct lease_facts {
	void (*put)(void *ctx, const char *secrets, struct strbuf *);
	void (*said)(void *ctx);
	void *ctx;
};
MUSTCHECK int lease_start(struct lease **out, const struct services *, const char *agents_array, struct lease_facts, struct err *);
/* The current incarnation's id; false while there is none, between a lost lease and the next one.
 * Any thread. */
bool lease_id(struct lease *, char id[static 40]);
/* Same for its key, which the database's functions take as `worker`. The key is secret: never
 * shown. */
bool lease_key(struct lease *, char key[static 40]);
/* Milliseconds since the database last confirmed the lease; -1 while none is held. Any thread. */
int64_t lease_age_ms(struct lease *);
/* Renews the lease now, with the facts of now. Any thread. */
void lease_say(struct lease *);
void lease_set_draining(struct lease *);
/* Ends the thread, and tells the database that this incarnation has ended. */
void lease_stop(struct lease *);
