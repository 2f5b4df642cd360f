#pragma once
/*
 * One thread that writes records (record.h): up to 200 of one kind per commit, gathered for 2 ms.
 * It never drops a record. A record that the database does not accept for a temporary reason (the
 * database is unavailable, its disk is full, another transaction has locked the message's session)
 * is kept and sent again after 0.1 s, doubled up to 2 s. Other records do not wait for it: a batch
 * that is refused is written record by record. Only if the record itself is refused (ERR_DB_DATA),
 * its kind decides. Records of messages are bounded by `concurrency`: a job keeps its slot until
 * its record is written, and a worker without a free slot claims nothing.
 */
#include "worker/record.h"
#include "worker/services.h"

struct writer;

struct writer *writer_start(const struct services *, void (*on_change)(void *), void *ctx);
/* Ends the thread when all submitted records are written, or after give_up_ms. */
void writer_stop(struct writer *, int give_up_ms);
/* Call it when no thread uses the writer any more: after the lease and the HTTP interface have
 * ended. */
void writer_free(struct writer *);
/* Any thread. */
void writer_submit(struct writer *, struct record *);
/* Number of records that wait because they could not be written. Any thread. */
int writer_kept(struct writer *);
