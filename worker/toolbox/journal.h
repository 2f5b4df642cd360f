#pragma once
/*
 * The journal of a message's tools (tables tool_rounds and tool_calls): each reply of the model that asked for
 * tools is a round. What the journal has is used again by every later attempt at the message: a call that has
 * ended is never made twice.
 */
#include "worker/toolbox/toolbox.h"

struct round {
	int number;                              /* from 1 */
	struct str said;                         /* text beside the calls */
	const char *own_protocol, *own_provider; /* whose form `native` is; NULL: none */
	struct str native;
	struct tool_use *uses;
	int n;
};

/* An entry on its way into the journal; must live until it is durable. */
struct entry {
	struct record record;
	struct job *job;
	atomic_bool is_durable; /* committed, or the attempt does not hold the message any more: record.is_lost */
};

/* Reads what rounds_for.sql gives, oldest round first. Calls that were running are running: their worker was
 * lost, or ended before they did. */
MUSTCHECK int journal_read(struct job *, struct str document, const struct tool_spec *, int n_specs, struct round **out, int *n,
                           struct err *);
/* Writes a new round with its calls. -1: it is too big. */
MUSTCHECK int journal_begin(struct entry *, struct job *, const struct round *, struct err *);
/* Writes that running calls of a round begin again, in this attempt. */
void journal_begin_again(struct entry *, struct job *, const struct round *);
/* Writes the end of a call. */
void journal_end(struct entry *, const struct tool_use *);
