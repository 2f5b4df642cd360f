#pragma once
/* A row of signalbox.work that this worker has taken. Owned by the work thread. */
#include "shared/json.h"
#include "worker/services.h"
#include "worker/telemetry/trace.h"

struct work;

struct task {
	struct work *work;
	const struct services *services;
	const char *id, *job_id;
	char worker_key[40]; /* of the incarnation that took the row */
	const struct json *args;
	const char *spec_text; /* what the database adds to the arguments (work_args.sql); NULL: nothing */
	const struct json *spec;
	const char *agent; /* agent that pays for the calls; NULL: none */
	int n_done, n_calls;
	int slot; /* which of the threads that do this kind of work */
	struct span span;    /* parent of the spans of its calls */
	struct strbuf usage; /* JSON for work_end.sql: what was spent, also when the task failed */
	usec_t told;         /* when the progress was last sent to the database */
	bool is_lost;        /* cancelled, or taken by another worker */
	bool is_left;        /* this worker ends: another one starts the task again */
};

struct task_kind {
	const char *name;
	/* Runs the task; writes the result, one JSON value, and `usage`. Must return soon after
	 * task_goes_on() has returned false, with any result. */
	int (*run)(struct task *, struct strbuf *result, struct err *);
};

#define KIND(name, function) int function(struct task *, struct strbuf *result, struct err *);
#include "worker/work/kinds.def"
#undef KIND

/* True if the task must continue. Once a second it tells the database how much is done, and asks
 * whether the task is still wanted. */
bool task_goes_on(struct task *);
