#pragma once
/*
 * One thread: what commands ask of a worker because it needs a model (signalbox.work). It takes one row at a time, as long as this worker has a
 * lease, and has its kind do it (kinds.def). A row that this worker cannot finish is taken by another once the lease is gone.
 */
#include "worker/queue/lease.h"
#include "worker/record.h"
#include "worker/services.h"

struct work;

struct work *work_start(const struct services *, struct lease *);
/* Takes no more; what runs is given back. Waits for its calls to end. Before writer_stop(): what became of a row is a record. */
void work_stop(struct work *);
/* RECORD(work_ended) of worker/records.def: a result that is refused becomes an error; what was spent stays. */
bool work_ended_refused(struct record *, const struct err *why);
