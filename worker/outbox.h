#pragma once
/*
 * One thread: every 100 ms it writes the text of watched messages to the database; at most four
 * times a second it tells consoles that something has changed, and reports the results of provider
 * calls to the database. Texts and hints are copies, which may be lost while the database is
 * unavailable; reports are sent again. A message that is not watched costs nothing per token.
 */
#include "worker/job.h"
#include "worker/queue/lease.h"
#include "worker/services.h"

struct outbox;

struct outbox *outbox_start(const struct services *, struct lease *);
void outbox_stop(struct outbox *);
/* Tells consoles soon that something they show has changed. Any thread. */
void outbox_changed(struct outbox *);
/* A report of calls is due (worker/llm/breaker.h). urgent: send it at once, else soon. Any
 * thread. */
void outbox_report(struct outbox *, bool urgent);
/* A watched message has started to run. Any thread. */
void outbox_watched(struct outbox *);
