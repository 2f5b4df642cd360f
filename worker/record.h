#pragma once
/*
 * A record: one JSON object that is to be durable, and whoever waits for that. Its kind (records.def) says which statement takes it. The writer
 * batches records of one kind and one incarnation of the worker, and never drops one (writer.h).
 */
#include "shared/clock.h"
#include "shared/err.h"
#include "shared/str.h"

struct record;

struct record_kind {
	const char *name;
	/* Of sql/worker: takes a list of records, then the incarnation, `tries` and `backoff` as far as it names them. Answers one row a record,
	 * in their order: the record's job_id, then `busy` (to be said again), `lost` (the lease was gone: less was written, which is logged),
	 * or another word. */
	const char *sql;
	int n_args;
	/* The database refuses the record for what is in it: make it one that can be taken and answer true. NULL, or false: it is given up. */
	bool (*refused)(struct record *, const struct err *);
	/* n of this kind were committed; `took` is the batch's time. Before any on_durable. NULL: nobody wants to know. */
	void (*written)(struct record *const *, int n, usec_t took);
};

enum record_kind_id {
#define RECORD(name, statement, refused, written) RECORD_##name,
#include "worker/records.def"
#undef RECORD
	RECORD_N
};

/* Belongs to the writer from writer_submit() until on_durable is called; strings are the owner's and stay for so long. */
struct record {
	enum record_kind_id kind;
	struct strbuf json;
	const char *job_id, *worker_key;
	bool is_replaced;                    /* `refused` has made it another */
	void (*on_durable)(struct record *); /* writer's thread; may free the record */
};
