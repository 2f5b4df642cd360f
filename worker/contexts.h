#pragma once
/*
 * One thread that reads the data of claimed messages (signalbox.contexts): one statement for all
 * jobs that wait, on its own connection and outside the claim. A batch that fails is halved: its
 * answer may be over the size cap. While the database is unavailable the thread retries, until the
 * job is stopped or has passed its deadline.
 */
#include "worker/job.h"

struct contexts;

struct contexts *contexts_start(const struct services *);
/* Call it after the last job has ended. */
void contexts_stop(struct contexts *);
/* Queues parked jobs for the read. Each job is woken when job->columns holds its row
 * (COL_CONTEXTS_…, texts in the job's arena), or is NULL with job->err set: LEASE_LOST (the message
 * no longer belongs to this worker), TOO_BIG, or the last error at the deadline. Copies the array.
 * Any thread. */
void contexts_ask(struct contexts *, struct job *const *jobs, int n);
/* Removes a job that still waits in the line. False: its read is in progress, and the job will be
 * woken. Any thread. */
bool contexts_withdraw(struct contexts *, struct job *);
