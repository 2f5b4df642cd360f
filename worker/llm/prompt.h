#pragma once
/*
 * What is said to a model. One form from the database to the wire: the stage `context` fills it, `prompt` makes it valid for every vendor, a call
 * completes it for its route (model, window, what fits), a protocol writes it, and it is recorded as it was sent. All of it lives in the job's arena.
 */
#include "shared/str.h"

/* A call of a tool that the model asks for. Never run before the reply is complete and `arguments` is a whole JSON object. */
struct tool_call {
	const char *id, *name;
	struct str arguments; /* JSON object, as text */
};

struct tool {
	const char *name, *description;
	struct str schema; /* JSON schema of the arguments, as text */
};

struct turn {
	const char *role; /* "user", "assistant" or "tool" */
	struct str content;
	const struct tool_call *calls; /* assistant: what it asked for */
	int n_calls;
	const char *call_id, *call_name; /* tool: the call that this answers */
	bool is_error;                   /* tool: it failed */
	/* assistant: the turn as its provider said it (reply.native), replayed unchanged to the same provider; else it is translated from the fields
	 * above and the foreign parts (signatures, ids) are left out: nobody takes the signatures of another, whatever the protocol. NULL: not
	 * kept. */
	const char *own_protocol, *own_provider;
	struct str native;
};

/* What people set for an agent. */
struct sampling {
	const char *temperature, *top_p; /* numbers as they were set; NULL: the model's own */
	const char *reasoning;           /* none, minimal, low, medium, high, or a number of tokens; NULL: the model's own */
};

struct prompt {
	const char *model;
	const char *system; /* may be NULL */
	const struct turn *turns;
	int n_turns;
	const struct tool *tools;
	int n_tools;
	int max_tokens;     /* 0: not sent (where the protocol allows) */
	int context_tokens; /* window to ask for, where the protocol lets one (Ollama); 0: the protocol's own default */
	struct str schema;  /* JSON schema that the answer must follow; empty: free text */
	bool is_exact;      /* temperature 0, whatever `set` says */
	struct sampling set;
};
