#pragma once
/*
 * A job is one attempt at one message. Its story is a table of steps (job.c); a few stage threads run them. A step that has to wait
 * answers WAIT and the job is parked: it holds no thread, no connection, no transaction. Whoever brings what it waited for calls
 * job_wake(), and the same step is called again; all carried state is in struct job.
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
#include "worker/telemetry/trace.h"

enum step {
	GO,   /* next stage */
	WAIT, /* parked until job_wake */
	FAIL, /* on to settle, with err */
	DONE, /* the job's end */
};

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

struct turn {
	const char *role; /* "user" or "assistant" */
	struct str content;
	const char *own_protocol, *own_provider; /* NULL, or whose words `own` is: the turn as its provider said it */
	struct str own;
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
		fate; /* what becomes of the message, where it is not the class of err: another route failed otherwise; ERR_NONE: as err */

	/* came with the claim; all in the arena, NULL where the agent has none */
	const char *conversation; /* the session's uuid, where somebody collects spans */
	const char *agent, *system_prompt;
	int max_tokens;                              /* 0 = the provider's default */
	const char *temperature, *top_p, *reasoning; /* what people set (struct sampling); NULL: the model's own */
	struct route *routes;
	int n_routes;
	bool is_budgeted; /* one call was reserved: after one that may be billed there is no other in this attempt */
	bool keeps_cut;   /* an answer that broke off is kept, the message fails; else the next attempt starts again */
	struct turn *turns;
	int n_turns;

	struct intent *intent;          /* NULL: nobody wants to know what the question is about */
	bool is_trial;                  /* a question of nobody's, only to be classified (worker/work.c): nothing is settled */
	void (*on_trial)(struct job *); /* a trial's end, on a stage thread */
	void *trial_ctx;

	struct llm *llm;            /* from generate to settle */
	const struct route *called; /* by its last call */
	struct strbuf record;       /* while settle waits */
	atomic_bool settled;

	/* jobs.c, under its lock */
	bool is_running, is_woken;
};

struct jobs;

/* Starts n stage threads. Caller owns; jobs_stop ends them once no job is left. on_end is called, on a stage thread, when a job ended. */
struct jobs *jobs_start(int n_threads, void (*on_end)(void *ctx), void *ctx);
void jobs_stop(struct jobs *);
/* Takes ownership of a job made by job_new. */
void jobs_add_take(struct jobs *, struct job *);
int jobs_count(struct jobs *);
/* Of them, attempts at messages: what the setting `concurrency` bounds. The others are trials. */
int jobs_messages(struct jobs *);
/* Calls fn for each living job with the room locked: fn may look and set, not call back into this room. */
void jobs_each(struct jobs *, void (*fn)(struct job *, void *ctx), void *ctx);

struct job *job_new(const struct services *);
/* One that was never given to jobs_add_take. */
void job_drop(struct job *);
/* What a step waited for has come: sets its flag (NULL: it is told otherwise) and wakes the job, which may end and be freed at once. Any thread. */
void job_wake(struct job *, atomic_bool *come);
/* Asks a job, or all of them (job_id NULL), to end with this code: GONE or RELEASE class. Any thread. */
void jobs_stop_job(struct jobs *, const char *job_id, enum err_code);
