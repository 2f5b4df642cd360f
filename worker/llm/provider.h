#pragma once
/*
 * The interface of a provider's protocol: it writes a request and reads a stream. Pure functions:
 * bytes in, events out; no network, no clock.
 */
#include "shared/arena.h"
#include "shared/err.h"
#include "shared/json.h"
#include "worker/llm/prompt.h"

#define TOKENS_MAX 100000000 /* more than any window has; greater counts are ignored */

/* What a call used. Counts: -1 = not stated. input includes cached, cache_write and audio_in,
 * output includes reasoning and audio_out; cache_write includes cache_write_1h. */
struct usage {
	int64_t input, output, cached, cache_write, cache_write_1h, reasoning, audio_in, audio_out;
	int64_t cost_pico; /* the cost as the vendor states it, in 1e-12 USD */
	char tier[16];     /* service tier that served the call; "": not stated */
};
#define USAGE_UNKNOWN ((struct usage){ -1, -1, -1, -1, -1, -1, -1, -1, -1, "" })

/* What has been read of one reply. Initialise with zeros and usage USAGE_UNKNOWN; reply_release
 * frees `native`. How the reply ended: verdict.h. */
struct reply {
	struct usage usage;
	char model[80];  /* as the provider names the model */
	char id[80];     /* the provider's id of the reply */
	char finish[48]; /* finish reason, in the provider's word: stop, length, …; "": none */
	bool has_mark;   /* the protocol's end mark has come: [DONE], message_stop, "done":true */
	/* the reply came as one document instead of a stream: the end of the document is its end */
	bool is_document;
	/* the model refused in the protocol's own field for it; the refusal is the reply's text */
	bool is_refused;
	bool has_thought;        /* the model was thinking, or began to */
	int n_begun;             /* tool calls of which at least the beginning has come */
	bool is_mismatched;      /* the provider's total is not input + output (wire_check_total) */
	struct arena *arena;     /* holds calls and state; the caller's, lives as long as this */
	bool is_offered;         /* tools were offered: arguments that are no JSON are handed over, as bad */
	struct tool_call *calls; /* filled by `end` */
	int n_calls;
	/* the turn in the protocol's own JSON, where it must be sent back unchanged, else empty;
	 * filled by `end` */
	struct strbuf native;
	void *state; /* private to the protocol; in the arena */
	/* Receives text as it arrives; a piece may end inside a character. Engine thread. */
	void (*on_text)(void *ctx, struct str text);
	void *ctx;
};

/* What a provider's finish reason means. */
enum finish_kind {
	FINISH_NONE,     /* no finish reason */
	FINISH_STOP,     /* the model was done: a stop, a stop sequence, tool calls */
	FINISH_LENGTH,   /* cut by max_tokens, or by a full window */
	FINISH_FILTERED, /* refused, or withheld by a filter */
	FINISH_FAULT,    /* the model's output is invalid: nothing in it can be used */
	FINISH_UNKNOWN,  /* proves nothing: abort, error, and all unknown words */
};
/* A finish reason that only this vendor uses, in lower case with _ for -. */
struct ending {
	const char *word;
	enum finish_kind kind;
};
/* An error code or type that only this vendor uses, and the HTTP status with the same meaning. */
struct error_word {
	const char *word;
	int status;
};

struct embed_ops;

/* A protocol, in worker/llm/providers/NAME.c. A new protocol is that file and its line in
 * shared/protocols.def. */
struct provider_ops {
	const char *protocol;
	bool is_null; /* no model is called */
	/* such as "/v1": follows a base_url that has no version; NULL: none */
	const char *version;
	/* a base_url with any path is taken to contain the version (as OpenAI's SDKs do) */
	bool is_version_in_base;
	const char *key_header; /* "Authorization: Bearer " */
	/* sent unless the operator set the same; NULL-terminated, or NULL */
	const char *const *headers;
	/* Writes the path that follows base_url and version. */
	void (*path)(const struct prompt *, struct strbuf *);
	void (*build)(const struct prompt *, struct strbuf *body);
	/* Reads one event of the stream, or a whole body that came as one document. -1 with err for
	 * an error inside a 200. `a` lives as long as the event. */
	int (*feed)(struct reply *, struct arena *a, const char *name, struct str data, struct err *);
	/* Called when the reply is whole and the model was done: fills reply.calls and
	 * reply.native. -1 with err, such as ERR_NO_ANSWER when the calls cannot be used. May be
	 * NULL. */
	int (*end)(struct reply *, struct err *);
	/* True when a part of `native` is a tool call. NULL: the protocol has no native form. */
	bool (*is_call)(const struct json *part);
	/* Both lists end with a NULL word, or are NULL. They are used for the replies of all
	 * protocols, because gateways pass on the words of other vendors. */
	const struct ending *endings;
	const struct error_word *error_words;
	const struct embed_ops *embed; /* embed.h; NULL: no embeddings */
};

#define PROTOCOL(name) extern const struct provider_ops provider_##name;
#include "shared/protocols.def"
#undef PROTOCOL

/* Finds a protocol by its name; NULL: this worker does not have it. */
const struct provider_ops *provider_speaks(const char *protocol);
/* Search the lists of all protocols; NULL: no list has the word. */
const struct ending *provider_ending(const char *word);
const struct error_word *provider_error_word(struct str word);
void reply_release(struct reply *);

/* Reads a token count into *out when it is present and makes sense (0 to TOKENS_MAX). A zero does
 * not replace an earlier count: it is a placeholder. */
static inline void usage_count(const struct json *j, const char *path, int64_t *out)
{
	int64_t v;
	if (json_int(j, path, &v) && v >= 0 && v <= TOKENS_MAX && (v > 0 || *out < 0))
		*out = v;
}
