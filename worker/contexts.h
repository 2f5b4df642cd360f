#pragma once
/*
 * One thread that reads what claimed messages need (signalbox.contexts), for all that wait for it in one statement, on a connection of its own and
 * outside the claim. A batch that is over the cap of an answer is halved. While the database is away it asks again, until the job is stopped.
 */
#include "worker/job.h"

struct contexts;

struct contexts *contexts_start(const struct services *);
/* After the last job has ended. */
void contexts_stop(struct contexts *);
/* Each job is woken when job->columns holds its row (COL_CONTEXTS_…, texts in its arena), or NULL with job->err: LEASE_LOST (the message is no longer
 * ours), TOO_BIG. Takes a copy of the array. Any thread; the jobs are parked. */
void contexts_ask(struct contexts *, struct job *const *jobs, int n);
/* Takes a job out that is still in line. False: its answer is under way and comes. Any thread. */
bool contexts_withdraw(struct contexts *, struct job *);
