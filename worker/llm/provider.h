#pragma once
/*
 * What a provider's protocol is: a request to be written, a stream to be read. Pure: bytes in, events out; no network, no clock.
 */
#include "shared/arena.h"
#include "shared/err.h"
#include "shared/json.h"
#include "worker/net/sse.h"

/* A call of a tool that the model asks for. Never run before the reply is complete and `arguments` is a whole JSON object. */
struct tool_call {
	const char *id, *name;
	struct str arguments; /* JSON object, as text */
};

struct tool {
	const char *name, *description;
	struct str schema; /* JSON schema of the arguments, as text */
};

struct prompt_turn {
	const char *role; /* "user", "assistant" or "tool" */
	struct str content;
	const struct tool_call *calls; /* assistant: what it asked for */
	int n_calls;
	const char *call_id, *call_name; /* tool: the call that this answers */
	bool is_error;                   /* tool: it failed */
	/* assistant: the turn as its provider said it (reply.own), replayed unchanged where the protocol is the same; else it is translated from the
	 * fields above and the foreign parts (signatures, ids) are left out. NULL: not kept. */
	const char *own_protocol;
	struct str own;
};

struct prompt {
	const char *model;
	const char *system; /* may be NULL */
	const struct prompt_turn *turns;
	int n_turns;
	const struct tool *tools;
	int n_tools;
	int max_tokens;     /* 0: not sent (where the protocol allows) */
	int context_tokens; /* window to ask for, where the protocol lets one (Ollama); 0: the protocol's own default */
	struct str schema;  /* JSON schema that the answer must follow; empty: free text */
	bool is_exact;      /* temperature 0 */
};

struct usage {
	/* -1 = not said. input includes cached and cache_write, output includes reasoning; cache_write includes cache_write_1h. */
	int input, output, cached, cache_write, cache_write_1h, reasoning;
};
#define USAGE_UNKNOWN ((struct usage){ -1, -1, -1, -1, -1, -1 })

/* What has been read of one reply. Starts as zeros with usage USAGE_UNKNOWN; reply_release frees what grew. */
struct reply {
	struct usage usage;
	char model[80];      /* as the provider names it */
	char id[80];         /* the provider's number of the reply */
	char finish[32];     /* its reason: stop, length, … */
	bool has_finish;     /* the model said it was done */
	bool is_complete;    /* the protocol's own proof that nothing is missing */
	bool is_mismatched;  /* the provider's total was not input + output; output was mended */
	struct arena *arena; /* of calls and own; the caller's, lives as long as the reply */
	struct tool_call *calls;
	int n_calls;
	struct strbuf own; /* the turn in the protocol's own JSON, where it must be replayed unchanged; empty otherwise */
	void *state;       /* the protocol's own, in the arena */
	/* Text as it comes; engine thread. */
	void (*on_text)(void *ctx, struct str text);
	void *ctx;
};

struct provider_ops {
	const char *protocol;
	enum split_kind stream;     /* how a streamed body is cut */
	const char *stream_type;    /* its Content-Type; NULL: nobody is called */
	const char *key_header;     /* "Authorization: Bearer " */
	const char *const *headers; /* always sent; NULL-terminated, or NULL */
	/* What is appended to base_url. */
	void (*path)(const struct prompt *, struct strbuf *);
	void (*build)(const struct prompt *, struct strbuf *body);
	/* One event of the stream, or the whole of a body that came as application/json. Errors inside a 200 are set here. `a` lives as long as
	 * the event. */
	int (*feed)(struct reply *, struct arena *a, const char *name, struct str data, struct err *);
	/* The text and code of an error body; false when it has none of that shape. */
	bool (*error)(const struct json *body, struct str *text, struct str *code);
};

extern const struct provider_ops provider_ollama, provider_openai, provider_anthropic, provider_gemini, provider_null;

void reply_release(struct reply *);

/* What the provider's reason for ending means, whatever its word for it. Tool calls and `own` are handed over with FINISH_WHOLE only. */
enum finish_kind {
	FINISH_NONE,     /* it has not said it was done */
	FINISH_WHOLE,    /* stop, tool_calls, end_turn, … and every word we do not know */
	FINISH_CUT,      /* max_tokens, or its window is full */
	FINISH_FILTERED, /* refused or withheld by a filter */
	FINISH_BROKEN,   /* the model made no sense of its own; asking once more may help */
};
enum finish_kind reply_ended(const struct reply *);

/* A JSON number into an int, when it is there and not negative. */
static inline void usage_int(const struct json *j, const char *path, int *out)
{
	int64_t v;
	if (json_int(j, path, &v) && v >= 0 && v <= 0x7FFFFFFF)
		*out = (int)v;
}
