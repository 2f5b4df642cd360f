#pragma once
/*
 * One thread: writes down the text of watched messages every 100 ms, tells consoles at most four times a second that something
 * changed, and the database what became of our calls. Hints and copies only: when the database is away it drops them (not the reports). Nobody
 * watching costs nothing for each token.
 */
#include "worker/job.h"
#include "worker/queue/lease.h"
#include "worker/services.h"

struct outbox;

struct outbox *outbox_start(const struct services *, struct lease *);
void outbox_stop(struct outbox *);
/* Something that consoles show has changed. Any thread. */
void outbox_changed(struct outbox *);
/* A report of calls is due (worker/llm/breaker.h): soon, or at once. Any thread. */
void outbox_report(struct outbox *, bool urgent);
/* A message that is watched has begun. Any thread. */
void outbox_watched(struct outbox *);
