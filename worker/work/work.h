#pragma once
/*
 * One thread: does the work that commands leave to a worker because it needs a model
 * (signalbox.work). It takes one row at a time, while this worker holds a lease, and calls the
 * function of the row's kind (kinds.def). A row that this worker cannot finish is taken by another
 * worker once the lease is gone.
 */
#include "worker/queue/lease.h"
#include "worker/record.h"
#include "worker/services.h"

struct work;

struct work *work_start(const struct services *, struct lease *);
/* Takes no more rows, and gives back the one that runs. Waits for its calls to end. Must be called
 * before writer_stop(): the end of a row is a record. */
void work_stop(struct work *);
/* RECORD(work_ended) of worker/records.def: replaces a refused result with an error, and keeps what
 * was spent. */
bool work_ended_refused(struct record *, const struct err *why);
