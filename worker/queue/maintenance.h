#pragma once
/*
 * One thread: has the database care for what the hot path relies on (signalbox.tend: totals and maps for positions, the sweep behind the
 * lanes' cursors, what may be forgotten). Apart from the lease's thread because it may take long where millions wait; of all workers
 * one does it at a time.
 */
#include "worker/options.h"

struct maintenance;

struct maintenance *maintenance_start(const struct options *);
void maintenance_stop(struct maintenance *);
