#pragma once
/*
 * One thread that calls signalbox.tend: the database maintains what the hot path relies on (totals
 * and maps for queue positions, the sweep behind the lanes' cursors, deletion of old data). It is
 * separate from the lease's thread because it may take long when millions of messages wait. Only
 * one worker of the fleet does it at a time.
 */
#include "worker/options.h"

struct maintenance;

struct maintenance *maintenance_start(const struct options *);
void maintenance_stop(struct maintenance *);
