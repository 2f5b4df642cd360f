#pragma once
/*
 * What an operator does: a server function with its arguments, run by the sync thread, answered with one line. Guards travel along: the
 * function does nothing when the message is no longer what was seen.
 */
#include "shared/err.h"

enum action_kind {
	ACT_RETRY,
	ACT_RETRY_MANY,
	ACT_PLAN, /* changes nothing: what a retry of all that match would be, frozen, for the question */
	ACT_UNDO,
	ACT_CANCEL,
	ACT_PAUSE,
	ACT_RESUME,
	ACT_FORCE,
	ACT_BUDGET,
	ACT_DRAIN,
	ACT_SEND,
	ACT_WATCH,
	ACT_N
};

struct action {
	enum action_kind kind;
	int n_args;
	char *args[5];  /* owned; NULL is SQL NULL */
	char label[64]; /* "48077", "23 messages": for the answer's line */
};

struct action_result {
	enum action_kind kind;
	bool ok;
	char text[240];     /* for the message line */
	char value[48];     /* ACT_SEND: the message's uuid */
	struct block *plan; /* ACT_PLAN: handed over */
};
enum { PL_MESSAGES, PL_JOBS, PL_N, PL_HELD, PL_PERMANENT, PL_TOOLS, PL_COST, PL_UNKNOWN, PL_IS_CUT };
struct block;

/* An action; strings are copied, NULLs kept. */
struct action *action_new(enum action_kind, const char *label, int n_args, const char *const *args);
void action_free(struct action *);
const char *action_sql(enum action_kind);
/* The line that says what came of it: first row's cells, or the error. */
void action_explain(const struct action *, const char *cell0, const char *cell1, const struct err *, struct action_result *out);
