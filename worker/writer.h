#pragma once
/*
 * One thread that writes records (record.h): up to 200 of a kind a commit, or every 2 ms. Never drops a record: what the database does not take for
 * a reason that passes (it is away, its disk is full, somebody has locked the message's session) is kept and said again, after 0.1 s, doubled up to
 * 2 s. Others do not wait for it: a batch that is refused is written one by one. Only where the record itself is refused (ERR_DB_DATA) its kind
 * decides. Records of messages are bounded by `concurrency`: their jobs hold their places, and a worker without a free place claims nothing.
 */
#include "worker/record.h"
#include "worker/services.h"

struct writer;

struct writer *writer_start(const struct services *, void (*on_change)(void *), void *ctx);
/* Ends the thread after what was submitted is written, or after give_up_ms. */
void writer_stop(struct writer *, int give_up_ms);
/* When nobody asks it any more: not before the lease and the HTTP interface have ended. */
void writer_free(struct writer *);
/* Any thread. */
void writer_submit(struct writer *, struct record *);
/* How many records wait because they could not be written. Any thread. */
int writer_kept(struct writer *);
