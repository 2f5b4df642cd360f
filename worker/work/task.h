#pragma once
/* A row of signalbox.work that this worker has. Belongs to the work thread. */
#include "shared/json.h"
#include "worker/services.h"
#include "worker/telemetry/trace.h"

struct work;

struct task {
	struct work *work;
	const struct services *services;
	const char *id, *job_id;
	char worker_key[40]; /* as it was when the row was taken */
	const struct json *args;
	const char *spec_text; /* what the database adds to the arguments (work_args.sql); NULL: nothing */
	const struct json *spec;
	const char *agent; /* whose money it costs; NULL: nobody's */
	int n_done, n_calls;
	struct span span;    /* parent of its calls' */
	struct strbuf usage; /* JSON, as work_end.sql takes it: what was spent, however it ended */
	usec_t told;         /* when the database heard of the progress */
	bool is_lost;        /* cancelled, or another worker's */
	bool is_left;        /* this worker ends: another begins it again */
};

struct task_kind {
	const char *name;
	/* Does it, and writes the result, one JSON value, and `usage`. It ends soon after task_goes_on() said no: with whatever result. */
	int (*run)(struct task *, struct strbuf *result, struct err *);
};

#define KIND(name, function) int function(struct task *, struct strbuf *result, struct err *);
#include "worker/work/kinds.def"
#undef KIND

/* Whether to go on: tells the database, once a second, how much is done, and asks whether it is still wanted. */
bool task_goes_on(struct task *);
