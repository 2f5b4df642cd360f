#pragma once
/*
 * Tools of an agent, and calls of them (docs/decisions/023-tools.md). A kind of tool is a file of this
 * directory and a line of kinds.def. The stage `tools` drives calls; the journal (journal.h) has them before
 * they begin and when they have ended.
 */
#include "shared/json.h"
#include "worker/job.h"

struct options;
struct tool_spec;
struct tool_use;

struct tool_kind {
	const char *name;
	/* Nothing is left of a call that was cut short, or it changes nothing: it may always be begun again.
	 * */
	bool is_repeatable;
	/* Its answer may come when no worker waits for it any more. */
	bool is_later;
	/* Begins the call. The job is woken when it has ended. On the stage thread that has the job, as all of
	 * these. */
	void (*begin)(struct tool_use *);
	bool (*has_ended)(const struct tool_use *);
	/* The job is to stop: asks the call to end soon. NULL: it sees that by itself. */
	void (*cancel)(struct tool_use *);
	/* Takes the result of a call that has ended: sets end, result, result_bytes, status and why. Frees
	 * what begin() made. */
	void (*finish)(struct tool_use *);
};

struct tool_spec {
	struct tool said; /* as the model is told */
	const struct tool_kind *kind;
	const struct json *schema; /* of said.schema; NULL: none */
	const char *url, *method, *key_env;
	const char *payload; /* what is sent beside the arguments (arguments.h); NULL: nothing */
	/* what is bound to each call: an object with user_id, collection_name, thread_key, session_id,
	 * message_id, agent */
	const struct json *bound;
	int64_t timeout_ms;
	int64_t request_ms;  /* of the request, of kinds that make one */
	bool waits;          /* of a process: the message waits for its answer */
	size_t result_bytes; /* that the model is told */
	bool has_effects;    /* a call does something in the world */
	bool is_repeatable;  /* doing it twice does no harm: it is idempotent, or has no effect outside */
};

/* States of a call; the words are stored. */
#define USE_STATES(X)         \
	X(RUNNING, "running") \
	X(OK, "ok")           \
	X(ERROR, "error")     \
	X(REFUSED, "refused") \
	X(UNKNOWN, "unknown")
enum use_state {
#define X(name, word) USE_##name,
	USE_STATES(X)
#undef X
		USE_N
};
const char *use_word(enum use_state);

/* A call of a tool; all in the job's arena. */
struct tool_use {
	char id[40];                  /* uuid of its row: the idempotency key */
	struct tool_call asked;       /* as the model asked */
	const struct tool_spec *spec; /* NULL: no tool is called so */
	struct str arguments;         /* as they are sent: asked.arguments without what is bound */
	const char *note;             /* what was dropped; NULL: nothing */
	enum use_state state;
	int status; /* of HTTP; 0: none */
	struct str result;
	int64_t result_bytes; /* all of it, also what was not kept */
	bool has_end;         /* the end of `result` is the result's own */
	char why[300];        /* what went wrong; of OK: that its answer broke off */

	/* while it runs */
	struct job *job;
	atomic_bool is_over; /* for has_ended() */
	bool is_running;     /* begun, and finish() was not called */
	bool is_cancelled;
	bool is_left;     /* it was cut short with its job: the next attempt decides */
	bool is_lost;     /* finish(): it ended without an answer, and may have been done */
	bool was_lost;    /* that was so of an earlier request for it in this attempt */
	bool is_open;     /* finish(): how it ended is in the journal, or will be: the next attempt reads it */
	bool may_repeat;  /* by its tool as it was when it began; see toolbox_is_repeatable() */
	bool is_written;  /* finish(): the journal has its end already */
	bool is_waiting;  /* finish(): it goes on, and is answered later; the message waits for that */
	bool goes_on;     /* finish(): the same, and the message does not wait */
	int64_t waits_ms; /* how long it may still take; of a call that another attempt left */
	int times;        /* begun so often in this attempt */
	usec_t began, took;
	struct span span;
	void *private; /* of its kind */
};

#define RESULT_MAX (1u << 20) /* bytes of a result that are kept */

/* Reads what tools_for.sql gives, and what is bound to calls: the job's tools, also into job->prompt.tools. -1
 * with err: it is not understood. */
MUSTCHECK int toolbox_read(struct job *, struct str document, struct str bound, const struct tool_spec **out, int *n,
                           struct err *);
/* The tool of this name; NULL: there is none. */
const struct tool_spec *toolbox_find(const struct tool_spec *, int n, const char *name);
/* What the model is told of a call that has ended, in the arena: the result, of a long one head and tail, and
 * what went wrong. */
struct str toolbox_told(struct arena *, const struct tool_use *);
/* May it be begun again when nobody knows whether it was done? */
bool toolbox_is_repeatable(const struct tool_use *);

/* Whether this worker has the key of each tool. -1 with ERR_NO_KEY: it lacks one. */
MUSTCHECK int toolbox_has_keys(const struct options *, const struct tool_spec *, int n, struct err *);

/* The parts of the kind http, for others that make a request. */
void http_begin(struct tool_use *);
bool http_has_ended(const struct tool_use *);
void http_cancel(struct tool_use *);
void http_finish(struct tool_use *);

struct sql_tools;
/* n threads with a connection each, for tools of the kind sql. */
struct sql_tools *sql_tools_start(const struct services *, int n);
/* When no job is left. */
void sql_tools_stop(struct sql_tools *);
