#pragma once
/*
 * One thread that writes the records of all jobs: up to 200 a commit, or every 2 ms. A record is one JSON object as signalbox.settle()
 * takes it. Never drops a record: while the database is away it keeps them and tries again; a batch that is refused is written one by
 * one, so that a bad record harms nobody else.
 */
#include "worker/job.h"

struct writer;

struct writer *writer_start(const char *url, int tries, int64_t backoff_ms, void (*on_change)(void *), void *ctx);
/* Ends the thread after what was submitted is written, or after give_up_ms. */
void writer_stop(struct writer *, int give_up_ms);
/* The job's record (job->record) is written; then job->settled is set and the job woken. Any thread. */
void writer_submit(struct writer *, struct job *);
