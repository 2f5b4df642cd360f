#pragma once
/*
 * What is sent to a model, in one form for all vendors. The stage `context` fills it, the stage
 * `prompt` makes it valid for every vendor, a call completes it for its route (model, window, the
 * turns that fit), a protocol writes it, and it is recorded as it was sent. All of it lives in the
 * job's arena.
 */
#include "shared/str.h"

/* A call of a tool that the model asks for. Never run before the reply is complete and `arguments` is a whole JSON object. */
struct tool_call {
	const char *id, *name;
	struct str arguments; /* JSON object, as text */
	struct str bad;       /* what came, where that is none: then `arguments` is {}; empty: nothing bad */
};

struct tool {
	const char *name, *description;
	struct str schema; /* JSON schema of the arguments, as text */
};

struct turn {
	const char *role; /* "user", "assistant" or "tool" */
	struct str content;
	const struct tool_call *calls; /* assistant: the tool calls that the model made */
	int n_calls;
	const char *call_id, *call_name; /* tool: the call that this turn is the result of */
	bool is_error;                   /* tool: the tool failed */
	/* assistant: the turn in its provider's JSON (reply.native), sent back unchanged to the
	 * same provider. For another provider the turn is built from the fields above, without the
	 * foreign parts (such as signatures): no provider accepts the signatures of another, even
	 * with the same protocol. NULL: not kept. */
	const char *own_protocol, *own_provider;
	struct str native;
};

/* What the operator set for an agent. */
struct sampling {
	const char *temperature, *top_p; /* numbers, as they were set; NULL: the model's default */
	/* none, minimal, low, medium, high, or a number of tokens; NULL: the model's default */
	const char *reasoning;
};

struct prompt {
	const char *model;
	const char *system; /* may be NULL */
	const struct turn *turns;
	int n_turns;
	const struct tool *tools;
	int n_tools;
	int max_tokens; /* 0: not sent (where the protocol allows) */
	/* window to request, where the protocol allows it (Ollama); 0: the protocol's default */
	int context_tokens;
	struct str schema; /* JSON schema that the answer must follow; empty: free text */
	bool is_exact;     /* temperature 0, whatever `set` says */
	struct sampling set;
};
