#pragma once
/*
 * What a provider's protocol is: a request to be written, a stream to be read. Pure: bytes in, events out; no network, no clock.
 */
#include "shared/arena.h"
#include "shared/err.h"
#include "shared/json.h"
#include "worker/llm/prompt.h"

#define TOKENS_MAX 100000000 /* more than any window has: who says more says nothing */

/* What a call used. Counts: -1 = not said. input includes cached, cache_write and audio_in, output includes reasoning and audio_out; cache_write
 * includes cache_write_1h. */
struct usage {
	int64_t input, output, cached, cache_write, cache_write_1h, reasoning, audio_in, audio_out;
	int64_t cost_pico; /* what the vendor says that it cost, in 1e-12 USD */
	char tier[16];     /* the service tier that it was served by; "": not said */
};
#define USAGE_UNKNOWN ((struct usage){ -1, -1, -1, -1, -1, -1, -1, -1, -1, "" })

/* What has been read of one reply. Starts as zeros with usage USAGE_UNKNOWN; reply_release frees what grew. How it ended: verdict.h. */
struct reply {
	struct usage usage;
	char model[80];          /* as the provider names it */
	char id[80];             /* the provider's number of the reply */
	char finish[48];         /* its word for why it ended: stop, length, …; "": none was said */
	bool has_mark;           /* the protocol's last event has come: [DONE], message_stop, "done":true */
	bool is_document;        /* it came as one document instead of a stream: its end is the document's */
	bool is_refused;         /* the model refused in a field of its own; the refusal is its text */
	bool has_thought;        /* it thought, or began to */
	int n_begun;             /* tool calls that began to come */
	bool is_mismatched;      /* the provider's total was not input + output; output was mended */
	struct arena *arena;     /* of calls and native; the caller's, lives as long as the reply */
	struct tool_call *calls; /* handed over by `end` */
	int n_calls;
	struct strbuf
		native; /* the turn in the protocol's own JSON, where it must be replayed unchanged; empty otherwise; handed over by `end` */
	void *state; /* the protocol's own, in the arena */
	/* Text as it comes, which may be cut inside of a character; engine thread. */
	void (*on_text)(void *ctx, struct str text);
	void *ctx;
};

/* What a provider's word for its end means. */
enum finish_kind {
	FINISH_NONE,     /* it said none */
	FINISH_STOP,     /* the model was done: a stop, a stop sequence, tool calls */
	FINISH_LENGTH,   /* cut by max_tokens, or by a window that is full */
	FINISH_FILTERED, /* refused, or withheld by a filter */
	FINISH_FAULT,    /* the model made no sense of its own: nothing that can be used */
	FINISH_UNKNOWN,  /* a word that proves nothing: abort, error, and all we do not know */
};
/* A word for the end that this vendor has alone, in lower case with _ for -. */
struct ending {
	const char *word;
	enum finish_kind kind;
};
/* A code or a type of an error that this vendor has alone, and the HTTP status that says as much. */
struct error_word {
	const char *word;
	int status;
};

struct embed_ops;

/* A protocol: worker/llm/providers/NAME.c. A new one is that file and its line in shared/protocols.def. */
struct provider_ops {
	const char *protocol;
	bool is_null;               /* nobody is called */
	const char *version;        /* "/v1": how the path begins on a host that is nothing else; NULL: none */
	bool is_version_in_base;    /* a base_url with a path has the version already, whatever it looks like (OpenAI's SDKs) */
	const char *key_header;     /* "Authorization: Bearer " */
	const char *const *headers; /* always sent; NULL-terminated, or NULL */
	/* What is appended to base_url and version. */
	void (*path)(const struct prompt *, struct strbuf *);
	void (*build)(const struct prompt *, struct strbuf *body);
	/* One event of the stream, or the whole of a body that came in one piece. Errors inside a 200 are set here. `a` lives as long as the
	 * event. */
	int (*feed)(struct reply *, struct arena *a, const char *name, struct str data, struct err *);
	/* The reply is whole and the model was done: its calls and its native form are handed over, or ERR_NO_ANSWER where they cannot be used. May
	 * be NULL. */
	int (*end)(struct reply *, struct err *);
	/* A part of `native` is a call of a tool. NULL: the protocol has no native form. */
	bool (*is_call)(const struct json *part);
	/* Lists that end with a word of NULL; or NULL. Whoever speaks whichever protocol: gateways pass on the words of others. */
	const struct ending *endings;
	const struct error_word *error_words;
	const struct embed_ops *embed; /* embed.h; NULL: it has no embeddings */
};

#define PROTOCOL(name) extern const struct provider_ops provider_##name;
#include "shared/protocols.def"
#undef PROTOCOL

/* Who speaks a protocol; NULL: nobody here. */
const struct provider_ops *provider_speaks(const char *protocol);
/* Of all of them; NULL: nobody has that word. */
const struct ending *provider_ending(const char *word);
const struct error_word *provider_error_word(struct str word);
void reply_release(struct reply *);

/* A count of tokens, when it is there and makes sense. Counts only grow: zeros behind them are placeholders. */
static inline void usage_count(const struct json *j, const char *path, int64_t *out)
{
	int64_t v;
	if (json_int(j, path, &v) && v >= 0 && v <= TOKENS_MAX && (v > 0 || *out < 0))
		*out = v;
}
