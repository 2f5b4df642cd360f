#pragma once
/*
 * Does the work that commands leave to a worker because it needs a model, or a machine that runs code
 * (signalbox.work). A thread takes one row at a time, of the kinds that it is for, while this worker holds
 * a lease, and calls the function of the row's kind (kinds.def). A row that this worker cannot finish is
 * taken by another worker once the lease is gone.
 */
#include "worker/queue/lease.h"
#include "worker/record.h"
#include "worker/services.h"

struct work;

/* Starts one thread. kinds: an array for PostgreSQL; a constant. slot: the thread's number among those of its kinds. */
struct work *work_start(const struct services *, struct lease *, const char *kinds, int slot);
/* Takes no more rows, and gives back the one that runs. Waits for its calls to end. Must be called
 * before writer_stop(): the end of a row is a record. */
void work_stop(struct work *);
/* RECORD(work_ended) of worker/records.def: replaces a refused result with an error, and keeps what
 * was spent. */
bool work_ended_refused(struct record *, const struct err *why);
