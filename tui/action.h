#pragma once
/*
 * What an operator does: a server function with its arguments, run by the sync thread, answered with one line. Guards travel along: the
 * function does nothing when the message is no longer what was seen. actions.def lists them.
 */
#include "shared/err.h"
#include "sql_embed.h" /* ARG_…, COL_… */

enum action_kind {
#define ACTION(name, statement, view, says, explain) ACT_##name,
#include "tui/actions.def"
#undef ACTION
	ACT_N
};

struct action {
	enum action_kind kind;
	char **args;    /* by ARG_…; owned; NULL is SQL NULL */
	char label[64]; /* "48077", "23 messages": for the answer's line */
};

struct block;
struct action_result {
	enum action_kind kind;
	bool ok;
	char text[240];       /* for the message line */
	struct block *answer; /* its rows; handed over; NULL where it was not ok */
};

/* An action; args: as many as its statement has, by ARG_…; strings are copied, NULLs kept. */
struct action *action_new(enum action_kind, const char *label, const char *const *args);
/* Puts another in the place of one argument. */
void action_set(struct action *, int arg, const char *value);
void action_free(struct action *);
const char *action_sql(enum action_kind);
int action_n_args(enum action_kind);
/* Whose view hears the answer, an enum view_id; VIEW_N: none. */
int action_view(enum action_kind);
/* The line that says what came of it: from the answer's first row, or from the error. */
void action_explain(const struct action *, const struct block *answer, const struct err *, struct action_result *out);
