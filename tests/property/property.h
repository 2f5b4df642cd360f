#pragma once
/*
 * Random histories over the SQL functions. A history is made of one seed: some agents, some actors (workers, applications, operators), each
 * with its own connection, and steps. A step is one thing that one of them does: calls a function, alone or in a transaction that stays
 * open over other actors' steps, or ends such a transaction; or time passes, or a worker dies. One thread plays them all, so a history
 * happens again from its seed; a statement that waits for another actor's lock stays in flight, and is looked after at each step.
 *
 * After each step judge_step() compares the database with what was acknowledged. What is wrong is written into h->wrong, and the history
 * ends there: nothing here calls cmocka, because with a planted bug a violation is what the test wants.
 */
#include "tests/lib/harness/harness.h"

#define ACTORS_MAX 16
#define AGENTS_MAX 6
#define MESSAGES_MAX 2000
#define JOBS_MAX 4000
#define SLOTS_MAX 6
#define LEASE 100   /* seconds */
#define TIMEOUT 300 /* seconds; an attempt's deadline is 60 later */
#define MARGIN 30   /* seconds that a history may really take: from there on a lease may have run out */
#define LOG_LINES 40
#define UUID_SIZE 37

struct history;
struct actor;

struct message {
	char uuid[UUID_SIZE], nonce[40];
	int64_t id; /* 0 until it was claimed once */
	int agent;
	char session[UUID_SIZE];
	bool is_swept; /* it was ready when the lanes were last swept: from then on no claim may overlook it */
};

/* One attempt, as its worker knows it. */
struct job {
	char uuid[UUID_SIZE], worker[UUID_SIZE];
	int message;     /* index */
	int actor;       /* index */
	int held_ms;     /* time passed since the claim */
	int stop_due;    /* the step at which it was cancelled, until the worker was told */
	bool is_told;    /* by worker_renew, to stop */
	bool is_known;   /* false: the answer of the claim did not arrive */
	bool could_lose; /* its lease or its deadline may have run out, or it was given back */
	bool was_sent;   /* settled: sent again with the same record */
	bool was_called;
	char outcome[16]; /* of that record; "" before */
	char record[600]; /* JSON */
};

enum kind { WORKER, APPLICATION, OPERATOR, STRANGER /* opens a transaction, locks what it can, and forgets it */ };

/* What a history is most about: one alone would meet the rarer races too seldom. */
enum mood { EVEN, CROWDED /* few sessions, much open */, DYING /* workers die, come back to life, and are rescued */, MOODS };

/* What an actor does: one call of one function. */
struct op {
	const struct move *move; /* NULL: nothing */
	char sql[4096], said[200];
	int message; /* the target; -1 none */
	int agent;
	int sent_step;
	bool was_blocked;     /* it waited for a lock: what it met is not what was seen before it was sent */
	enum err_code expect; /* unless it was blocked; ERR_N: anything */
	char nonce[40], key[40];
	int jobs[SLOTS_MAX]; /* indices of what is settled */
	int n_jobs;
	bool is_again;    /* settled before, and sent once more */
	bool is_patient;  /* a settle that waits for whoever has locked a session */
	struct rows rows; /* the answer, in the actor's arena */
};

struct actor {
	enum kind kind;
	int index;
	struct pg *pg;
	char pid[12]; /* of its backend */
	struct op op;
	struct arena arena; /* of the operation */
	bool in_flight, in_tx;
	bool is_frozen; /* its backend is stopped, in the middle of its transaction */
	int tx_ends; /* the step at which its transaction ends */
	/* of a worker: */
	char worker[UUID_SIZE];
	char agents[200]; /* whom it serves, an SQL array; "null": all */
	unsigned serves;  /* bits */
	int lease_ms;     /* left */
	bool maybe_lost;
	char dead[UUID_SIZE]; /* an earlier incarnation whose lease ran out */
};

struct agent {
	char slug[8];
	int id;
	int paused;    /* the step of the acknowledged pause; 0: not, or perhaps not */
	int passed;    /* starts of others since its head was runnable */
	unsigned seen; /* agents that had work meanwhile */
};

struct move {
	const char *name;
	enum kind kind;
	int weight[MOODS];
	bool stays_open;                                              /* some of the calls */
	bool (*build)(struct history *, struct actor *, struct op *); /* false: nothing to do */
	void (*answered)(struct history *, struct actor *, struct op *);
	void (*committed)(struct history *, struct actor *, struct op *);
	void (*undone)(struct history *, struct actor *, struct op *); /* rolled back */
};
extern const struct move MOVES[];
extern const int N_MOVES;

/* What could be claimed just before a claim was sent. */
struct ready {
	struct {
		int message, agent;
		bool can_start;
	} rows[MESSAGES_MAX];
	int n;
	bool is_quiet; /* no transaction was open */
};

struct history {
	uint64_t seed, random;
	int steps, step, n_actors, n_workers, n_agents, slots;
	struct pg *pg; /* looks on, and makes time pass; never waits for a lock */
	char pid[12];
	struct actor actors[ACTORS_MAX];
	struct agent agents[AGENTS_MAX];
	struct message messages[MESSAGES_MAX];
	struct job jobs[JOBS_MAX];
	struct ready ready;
	int n_messages, n_jobs, n_deadlocks, n_blocked, n_claimed;
	char log[LOG_LINES][300];
	int n_log;
	struct arena arena;
	enum mood mood;
	const struct plan *plan;                  /* NULL: none */
	int plan_stage, plan_actor, plan_message; /* its next stage, and whom and what it is about */
	bool is_serializable;                     /* the transactions of applications */
	bool has_priorities, is_wrong;
	char wrong[2000];
};

/* history.c: plays a history to its end or to its first violation (then h->is_wrong). h is made by history_new, freed by history_free. */
struct history *history_new(uint64_t seed, int steps, enum mood); /* MOODS: the seed decides */
void history_free(struct history *);
void history_over(void); /* closes the connections that histories hand on */
bool history_play(struct history *);
void history_print(const struct history *, FILE *);

int pick(struct history *, int n); /* 0 .. n - 1 */
bool chance(struct history *, int percent);
void note(struct history *, const char *fmt, ...) PRINTF(2, 3);
void wrong(struct history *, const char *fmt, ...) PRINTF(2, 3); /* the first one stays */
/* The looker-on's SQL. An error is a violation; then the answer has no rows. */
struct rows look(struct history *, const char *fmt, ...) PRINTF(2, 3);
const char *look_one(struct history *, const char *fmt, ...) PRINTF(2, 3); /* first cell, "" when there is none */
/* What was dispatched can be claimed before we have heard that it was: takes the answers of dispatches that are on their way. */
void hear_dispatches(struct history *);
int message_at(const struct history *, const char *uuid); /* index, -1 */
int job_at(const struct history *, const char *uuid);

/* An actor that is free makes a move; so many percent of the calls stay open. */
void actor_does(struct history *, struct actor *, const struct move *, int open_percent);

/* plans.c */
bool plan_step(struct history *);
void plan_after_death(struct history *, int actor, int message);
bool plan_settles(const struct history *, int message); /* whether the settling under way may be of this message */
bool plan_is_late(const struct history *);
int plan_outcome(const struct history *);

/* moves.c */
void say_op(struct op *, const char *fmt, ...) PRINTF(2, 3);
void sql_op(struct op *, const char *fmt, ...) PRINTF(2, 3);
const struct move *move_called(const char *name);
void worker_begins(struct history *, struct actor *); /* a new incarnation */
bool worker_dies(struct history *, struct actor *);   /* false: it is busy, or holds too little to be missed */
void time_passes(struct history *, int seconds);

/* strangers.c */
bool build_lock_session(struct history *, struct actor *, struct op *);
bool build_lock_message(struct history *, struct actor *, struct op *);
bool build_lock_names(struct history *, struct actor *, struct op *);
bool build_watch(struct history *, struct actor *, struct op *);
void clock_steps(struct history *); /* only while nothing is open */

/* judge.c */
void judge_step(struct history *);
void judge_wait(struct history *, const struct actor *); /* who waits for a lock, and for whom */
void judge_swept(struct history *);
void judge_claim_sent(struct history *);
void judge_claim_answered(struct history *, const struct actor *, const struct op *);
void judge_claim_committed(struct history *, const struct actor *, const struct op *, bool is_undone);
void judge_places(struct history *);
void judge_end(struct history *); /* everything ends in a bounded number of claims */

/* threads.c: n workers of so many steps, and others, at once, in the same database. False, with `why`, when something was violated. */
bool threads_play(uint64_t seed, int n_workers, int steps, char why[static 600]);

/* plants.c: bugs, each planted into the functions' own text, searched for with histories from this seed on, and taken out again. A bug that
 * is not found, or whose text is no longer there, is a red test. */
int plants_count(bool all); /* those of the long run come last */
const char *plants_name(int i);
void plants_find(int i, uint64_t seed);
