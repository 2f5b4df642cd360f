#pragma once
/*
 * One thread: what commands ask of a worker because it needs a model (signalbox.work). It takes one row at a time, as long as this worker has a
 * lease, and has it done by jobs beside the messages', a few at once. A row that this worker cannot finish is taken by another once the lease
 * is gone.
 */
#include "worker/queue/lease.h"
#include "worker/services.h"

struct work;

struct work *work_start(const struct services *, struct lease *);
/* Takes no more; what runs is given back. Waits for its calls to end. */
void work_stop(struct work *);
