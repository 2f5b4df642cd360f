#pragma once
/*
 * Facts about messages and calls: the module that knows a fact reports it once, and it is counted
 * here. Call from any thread; no pointer is kept. Names are as configured (slug, slug, model),
 * never from a provider's answer.
 */
#include "shared/base.h"
#include "shared/err.h"

struct counts;

/* One call of a provider, successful or not. */
struct call_facts {
	const char *agent, *provider, *model;
	const char *base_url;  /* of the provider */
	const char *operation; /* "chat", "embeddings"; NULL: "chat" */
	enum err_code code;    /* ERR_OK: a whole reply */
	bool was_called;       /* false: refused before anything was sent; then only the class counts */
	usec_t duration;
	int ttft_ms;               /* -1: no text came */
	int input, output, cached; /* tokens, -1: unknown; input includes cached */
	bool is_estimated, is_mismatched;
};

/* One attempt, reported when its record is durable. */
struct message_facts {
	const char *agent, *provider, *model, *base_url; /* of its last call */
	enum err_code code;                              /* its class determines the outcome */
	usec_t duration;                                 /* from the start of the attempt */
	int number;                                      /* number of the attempt, from 1 */
};

void facts_call(struct counts *, const struct call_facts *);
/* The same provider is called again, because of `code`. */
void facts_retry(struct counts *, const char *agent, const char *provider, const char *model, enum err_code code);
/* The next provider of the chain is called, because of `code`. */
void facts_fallback(struct counts *, const char *from, const char *to, enum err_code code);
void facts_message(struct counts *, const struct message_facts *);

/* A run of code that has ended. */
struct run_facts {
	const char *agent, *language, *kind, *verdict; /* agent NULL: of no message; verdict: ok, or how it failed */
	usec_t took;
};
void facts_run(struct counts *, const struct run_facts *);

/* A call of a tool that has ended. */
struct tool_facts {
	const char *agent, *tool, *call_id, *outcome; /* outcome: the state of its row */
	usec_t took;
};
void facts_tool(struct counts *, const struct tool_facts *);
