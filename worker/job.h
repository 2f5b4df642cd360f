#pragma once
/*
 * A job is one attempt at one message, or another kind of work. It goes through the stages of its
 * pipeline (worker/pipelines.c), which a few stage threads run. A stage that has to wait returns
 * STEP_PARK and the job is parked: a parked job holds no thread, no connection and no transaction.
 * The module that delivers what the stage waited for calls job_wake(), and the same stage is called
 * again. The state between two calls is in struct job, or behind an opaque pointer in struct job.
 *
 * Owner of a job: the stage thread that runs it; while it is parked, the module that will wake it.
 */
#include <pthread.h>
#include <stdatomic.h>

#include "shared/arena.h"
#include "shared/clock.h"
#include "shared/err.h"
#include "shared/list.h"
#include "shared/str.h"
#include "worker/code/blocks.h"
#include "worker/llm/prompt.h"
#include "worker/record.h"
#include "worker/telemetry/trace.h"

/* What a stage returns. */
enum step {
	STEP_NEXT, /* go to the next stage */
	STEP_BACK, /* go to an earlier stage, chosen with step_back() */
	STEP_DONE, /* the answer is there: go to the last stage */
	STEP_PARK, /* park until job_wake(), then call this stage again */
	STEP_FAIL, /* failed, err is set: go to the last stage */
	STEP_END,  /* the job has ended */
};

struct job;
struct stage {
	const char *name;
	enum step (*run)(struct job *, struct err *);
};

#define STAGES_MAX 12
struct pipeline {
	bool is_message; /* a message attempt: counts against `concurrency` */
	/* The last entry has the name NULL. When a stage fails, the job goes to the last stage. */
	struct stage stages[STAGES_MAX];
};
extern const struct pipeline PIPELINE_MESSAGE, PIPELINE_CLASSIFY;

struct services; /* the modules a stage may use; see worker/services.h */
struct llm;
struct intent;
struct calculating;
struct coding;
struct tooling;

/* The text of the answer received so far. The engine thread appends, the outbox thread reads. */
struct live {
	pthread_mutex_t lock;
	struct strbuf text;
	size_t flushed; /* bytes of text in the database, by its last answer; outbox thread only */
	/* Of agents that show real results: what may have to be changed is held back from watchers (worker/code/blocks.h).
	 * final: the bytes that will not be changed any more. */
	bool shows_real, runs_code;
	size_t final;
	struct code_scan scan;
	atomic_bool watched;
};

/* A provider and model that the job may call. job->routes has the order of the agent's chain. */
struct route {
	const char *provider, *protocol, *base_url, *key_env, *model; /* key_env NULL: no key */
	const char *header, *query; /* settings of the provider (llm/address.h); NULL: not set */
	int context_tokens;         /* 0: unknown */
	/* The call is the fleet's only probe of the breaker: its result closes the breaker or
	 * not. */
	bool is_probe;
	const char *skip; /* why it must not be called; NULL: it may be called */
	int skip_ms;      /* for how many ms; 0: waiting does not help */
};

struct job {
	struct list all, run; /* nodes of the lists in job.c */
	struct arena arena;   /* freed with the job */
	const struct services *services;
	const struct pipeline *pipeline;
	unsigned at; /* index of the current stage */
	int64_t message_id;
	char job_id[40], message_uuid[40];
	char worker_key[40];      /* key of the incarnation that claimed it; used to settle it */
	int number;               /* attempts so far, including this one */
	usec_t claimed, deadline; /* monotonic; claimed: when the claim was sent */
	struct span span;         /* of this attempt; each provider call gets a child span */
	/* Time in the queue; -1: unknown. It is read only if spans are collected. */
	usec_t waited;
	struct live live;
	atomic_int stop; /* an err_code: CANCELLED, LEASE_LOST or SHUTDOWN; 0: continue */
	struct err err;  /* set by the stage that failed */
	/* What happens to the message, if the class of err does not decide it (another route failed
	 * with another class). ERR_NONE: the class of err decides. */
	enum err_class disposition;

	/* The message's row as the module `contexts` read it, by COL_CONTEXTS_…. has_context: the
	 * read is done. columns is NULL if there is no row; then err has the reason. */
	atomic_bool has_context;
	const char *const *columns;

	/* Set by the stage `context`; all in the arena, NULL where the agent has none. */
	const char *conversation; /* the session's uuid; NULL if no spans are collected */
	const char *agent;
	struct prompt prompt; /* as the stage `prompt` leaves it; a call completes a copy */
	struct route *routes;
	int n_routes;
	/* The budget has reserved one call: after a call that may be billed, this attempt makes no
	 * other. */
	bool is_budgeted;
	/* Retries of the same route, set for the agent; -1: the worker's setting. */
	int retries;
	/* Longest wait for a provider's first byte, set for the agent; 0: the worker's setting. */
	int first_byte_ms;
	/* An answer that broke off is kept and the message fails. False: the next attempt starts
	 * again. */
	bool keeps_cut;

	struct intent *intent;           /* NULL: the question is not classified */
	void (*on_report)(struct job *); /* the end of PIPELINE_CLASSIFY, on a stage thread */
	void *report_ctx;

	struct calculating *calculating; /* of the stage `calculate`; NULL: not begun */
	struct coding *coding;           /* of the stage `code`; NULL: not begun */
	struct tooling *tooling;         /* of the stage `tools`; NULL: not begun, or the agent has none */
	bool is_rewritten;               /* the answer is not as the model gave it: its native form is of no use */
	struct llm *llm;                 /* lives from the stage `generate` to `settle` */
	const struct route *called;      /* route of the last call; NULL: none yet */
	struct record record;            /* what the job submits to the writer */
	atomic_bool is_durable;          /* the writer has committed `record` or given it up */

	/* used by job.c only, guarded by its lock */
	bool is_running, is_woken, has_place, is_away;
};

struct jobs;

/* Starts n_threads stage threads. The caller owns the result. jobs_stop() ends the threads once no
 * job can run. on_room is called on a stage thread when a job has left its place, and when it has
 * ended. */
struct jobs *jobs_start(int n_threads, void (*on_room)(void *ctx, bool has_ended), void *ctx);
void jobs_stop(struct jobs *);
/* Takes ownership of a job made by job_new(). parked: the job starts parked, and runs after the
 * first job_wake(). */
void jobs_add_take(struct jobs *, struct job *);
void jobs_add_parked_take(struct jobs *, struct job *);
int jobs_count(struct jobs *);
/* Number of jobs that are attempts at messages and are not away. */
int jobs_messages(struct jobs *);
/* Those of them that hold a place; bounded by the setting `concurrency`. */
int jobs_in_flight(struct jobs *);
/* The attempt has ended and its record is submitted: it leaves its place to another message, which
 * need not wait for the commit. On the stage thread that runs the job. */
void job_leave_place(struct job *);
/* The job waits for something that is scarce (the sandbox): it leaves its place, and is not counted, until it takes its place again
 * or leaves it for good; at most JOBS_AWAY_MAX do, further ones stay where they are. */
#define JOBS_AWAY_MAX 4096
void job_go_away(struct job *);
/* The job takes its place again, also beyond `concurrency`, as it goes on where it had left it. */
void job_enter_place(struct job *);
/* Calls fn for each job with this module's lock held: fn may read and set fields of the job, and
 * must not call functions of this module. */
void jobs_each(struct jobs *, void (*fn)(struct job *, void *ctx), void *ctx);

struct job *job_new(const struct services *, const struct pipeline *);
/* Return value of a stage that goes back to an earlier stage of its pipeline, given by name. */
enum step step_back(struct job *, const char *stage);
/* Frees a job that was never passed to jobs_add_take(). */
void job_drop(struct job *);
/* Wakes a job when what its stage waited for has arrived. Sets *come to true first (NULL: the stage
 * learns it in another way). The job may end and be freed at once. Any thread. */
void job_wake(struct job *, atomic_bool *come);
/* Asks the jobs with this job_id (NULL: all jobs) to end with this code, of class GONE or RELEASE.
 * Any thread. */
void jobs_stop_job(struct jobs *, const char *job_id, enum err_code);
