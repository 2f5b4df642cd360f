#pragma once
/*
 * A record is one JSON object that must become durable, with a callback for the module that waits
 * for that. Its kind (records.def) names the statement that stores it. The writer sends records of
 * one kind and one worker incarnation in one batch, and never drops a record (writer.h).
 */
#include "shared/clock.h"
#include "shared/err.h"
#include "shared/str.h"

struct record;

struct record_kind {
	const char *name;
	/* A statement of sql/worker. Its parameters are the first n_args of: a JSON array of
	 * records, the worker key, `tries`, `backoff`. It returns one row per record, in the order
	 * of the records: the record's job_id, then `busy` (must be sent again), `lost` (the lease
	 * was lost: only a part was written, which is logged), or another word. */
	const char *sql;
	int n_args;
	/* Called when the database refuses the record because of its content: replaces the content
	 * with one that can be stored, and returns true. NULL or false: the record is given up. */
	bool (*refused)(struct record *, const struct err *);
	/* Called when n records of this kind were committed, before any on_durable. took: time of
	 * the batch. May be NULL. */
	void (*written)(struct record *const *, int n, usec_t took);
};

enum record_kind_id {
#define RECORD(name, statement, refused, written) RECORD_##name,
#include "worker/records.def"
#undef RECORD
	RECORD_N
};

/* Owned by the writer from writer_submit() until on_durable is called. The strings belong to the
 * submitter, and must stay valid for that time. */
struct record {
	enum record_kind_id kind;
	struct strbuf json;
	const char *job_id, *worker_key;
	bool is_replaced;                    /* the callback `refused` has replaced the content */
	bool is_lost;                        /* set before on_durable: the answer was `lost`, or it was given up */
	void (*on_durable)(struct record *); /* on the writer's thread; may free the record */
};
