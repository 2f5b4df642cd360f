#pragma once
/*
 * An operator's action: a server function with its arguments, run by the sync thread, answered with
 * one line. Guard arguments go with it: the function changes nothing when the message is no longer
 * as the operator saw it. actions.def lists the actions.
 */
#include "shared/err.h"
#include "sql_embed.h" /* ARG_…, COL_… */
#include "tui/command.h"

enum action_kind {
#define ACTION(name, statement, view, says, explain) ACT_##name,
#include "tui/actions.def"
#undef ACTION
	ACT_N
};

struct action {
	enum action_kind kind;
	char **args;    /* indexed by ARG_…; owned; NULL is SQL NULL */
	char label[64]; /* "48077", "23 messages": the object, for the answer line */
};

struct block;
struct action_result {
	enum action_kind kind;
	bool ok;
	char text[240];       /* for the message line */
	struct block *answer; /* rows of the result; the receiver releases it; NULL if !ok */
};

/* Creates an action. args: one for each argument of its statement, indexed by ARG_…; strings are
 * copied, NULLs kept. */
struct action *action_new(enum action_kind, const char *label, const char *const *args);
/* Replaces one argument with a copy of value. */
void action_set(struct action *, int arg, const char *value);
void action_free(struct action *);
const char *action_sql(enum action_kind);
int action_n_args(enum action_kind);
/* The view that gets the answer, an enum view_id; VIEW_N: none. */
enum view_id action_view(enum action_kind);
/* Writes the line that reports the outcome: from the first row of the answer, or from err if not
 * NULL. */
void action_explain(const struct action *, const struct block *answer, const struct err *, struct action_result *out);
