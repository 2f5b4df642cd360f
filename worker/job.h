#pragma once
/*
 * A job is one attempt at one message, or another kind of work. It goes through the stages of its pipeline (worker/pipelines.c); a few stage
 * threads run them. A stage that has to wait answers STEP_PARK and the job is parked: it holds no thread, no connection, no transaction. Whoever
 * brings what it waited for calls job_wake(), and the same stage is called again; what it carries is in struct job, or behind a pointer there that
 * is opaque to others.
 *
 * A job belongs to the stage thread that runs it; while it is parked, to the room that will wake it.
 */
#include <pthread.h>
#include <stdatomic.h>

#include "shared/arena.h"
#include "shared/clock.h"
#include "shared/err.h"
#include "shared/list.h"
#include "shared/str.h"
#include "worker/llm/prompt.h"
#include "worker/record.h"
#include "worker/telemetry/trace.h"

/* What a stage answers. */
enum step {
	STEP_NEXT, /* the next stage */
	STEP_BACK, /* an earlier stage: step_back() names it */
	STEP_PARK, /* parked until job_wake; then this stage again */
	STEP_FAIL, /* the last stage, with err */
	STEP_END,  /* the job's end */
};

struct job;
struct stage {
	const char *name;
	enum step (*run)(struct job *, struct err *);
};

#define STAGES_MAX 12
struct pipeline {
	bool is_message;                 /* an attempt at a message: one of the `concurrency` */
	struct stage stages[STAGES_MAX]; /* ends with a name of NULL; the last stage is also where a failed one goes on */
};
extern const struct pipeline PIPELINE_MESSAGE, PIPELINE_CLASSIFY;

struct services; /* the rooms a stage may use; see worker/services.h */
struct llm;
struct intent;

/* The answer while it grows. The engine thread appends, the outbox reads. */
struct live {
	pthread_mutex_t lock;
	struct strbuf text;
	size_t flushed; /* bytes that the database has for watchers, as it said last; outbox only */
	atomic_bool watched;
};

/* Whom the job may call, in the order of the agent's chain. */
struct route {
	const char *provider, *protocol, *base_url, *key_env, *model; /* key_env: NULL where no key is sent */
	const char *header, *query; /* what people set for the provider (llm/address.h); NULL: nothing */
	int context_tokens;         /* 0: not known */
	bool is_probe;              /* one for the whole fleet: its outcome closes the breaker, or not */
	const char *skip;           /* why it is not to be called; NULL: it is */
	int skip_ms;                /* for so long */
};

struct job {
	struct list all, run; /* jobs.c's lists */
	struct arena arena;   /* freed with the job */
	const struct services *services;
	const struct pipeline *pipeline;
	unsigned at; /* stage */
	int64_t message_id;
	char job_id[40], message_uuid[40];
	char worker_key[40];      /* of the incarnation that took it: what settles it */
	int number;               /* attempts so far, this one included */
	usec_t claimed, deadline; /* monotonic; claimed: when the claim was asked for */
	struct span span;         /* of this attempt; children of it go to providers */
	usec_t waited;            /* in the queue; -1: unknown, it is asked for only where somebody collects spans */
	struct live live;
	atomic_int stop; /* an err_code: CANCELLED, LEASE_LOST or SHUTDOWN; 0 = go on */
	struct err err;  /* set by the step that failed */
	enum err_class
		disposition; /* what becomes of the message, where it is not the class of err: another route failed otherwise; ERR_NONE: as err */

	/* of the message's row, as the room `contexts` read it: by COL_CONTEXTS_…; NULL where there is none, then err says why */
	atomic_bool has_context;
	const char *const *columns;

	/* the stage context; all in the arena, NULL where the agent has none */
	const char *conversation; /* the session's uuid, where somebody collects spans */
	const char *agent;
	struct prompt prompt; /* as the stage prompt leaves it; a call completes a copy for its route */
	struct route *routes;
	int n_routes;
	bool is_budgeted;  /* one call was reserved: after one that may be billed there is no other in this attempt */
	int retries;       /* of the same route, as its agent has set; -1: as the worker has */
	int first_byte_ms; /* the longest wait for a provider's first byte, as its agent has set; 0: as the worker has */
	bool keeps_cut;    /* an answer that broke off is kept, the message fails; else the next attempt starts again */

	struct intent *intent;           /* NULL: nobody wants to know what the question is about */
	void (*on_report)(struct job *); /* the end of PIPELINE_CLASSIFY, on a stage thread */
	void *report_ctx;

	struct llm *llm;            /* from generate to settle */
	const struct route *called; /* by its last call */
	struct record record;       /* what the job has submitted to the writer */
	atomic_bool is_durable;     /* it is written */

	/* jobs.c, under its lock */
	bool is_running, is_woken;
};

struct jobs;

/* Starts n stage threads. Caller owns; jobs_stop ends them once no job is left. on_end is called, on a stage thread, when a job ended. */
struct jobs *jobs_start(int n_threads, void (*on_end)(void *ctx), void *ctx);
void jobs_stop(struct jobs *);
/* Takes ownership of a job made by job_new. parked: it waits from the beginning, for a job_wake that may have come. */
void jobs_add_take(struct jobs *, struct job *);
void jobs_add_parked_take(struct jobs *, struct job *);
int jobs_count(struct jobs *);
/* Of them, attempts at messages: what the setting `concurrency` bounds. */
int jobs_messages(struct jobs *);
/* Calls fn for each living job with the room locked: fn may look and set, not call back into this room. */
void jobs_each(struct jobs *, void (*fn)(struct job *, void *ctx), void *ctx);

struct job *job_new(const struct services *, const struct pipeline *);
/* The answer of a stage that goes back: to an earlier stage of its pipeline, by name. */
enum step step_back(struct job *, const char *stage);
/* One that was never given to jobs_add_take. */
void job_drop(struct job *);
/* What a step waited for has come: sets its flag (NULL: it is told otherwise) and wakes the job, which may end and be freed at once. Any thread. */
void job_wake(struct job *, atomic_bool *come);
/* Asks a job, or all of them (job_id NULL), to end with this code: GONE or RELEASE class. Any thread. */
void jobs_stop_job(struct jobs *, const char *job_id, enum err_code);
