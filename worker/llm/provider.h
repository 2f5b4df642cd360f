#pragma once
/*
 * What a provider's protocol is: a request to be written, a stream to be read. Pure: bytes in, events out; no network, no clock.
 */
#include "shared/arena.h"
#include "shared/err.h"
#include "shared/json.h"
#include "worker/net/sse.h"

struct prompt_turn {
	const char *role; /* "user" or "assistant" */
	struct str content;
};

struct prompt {
	const char *model;
	const char *system; /* may be NULL */
	const struct prompt_turn *turns;
	int n_turns, max_tokens; /* 0: not sent */
};

struct usage {
	int input, output, cached, reasoning; /* -1 = not said. input includes cached, output includes reasoning */
};

/* What has been read of one reply. */
struct reply {
	struct usage usage;
	char model[80];   /* as the provider names it */
	char finish[32];  /* its reason: stop, length, … */
	bool has_finish;  /* the model said it was done */
	bool is_complete; /* the protocol's own proof that nothing is missing */
	/* Text as it comes; engine thread. */
	void (*on_text)(void *ctx, struct str text);
	void *ctx;
};

struct provider_ops {
	const char *protocol;
	const char *path;        /* appended to base_url; NULL: nobody is called */
	enum split_kind stream;  /* how a streamed body is cut */
	const char *stream_type; /* its Content-Type */
	void (*build)(const struct prompt *, struct strbuf *body);
	/* One event of the stream, or the whole of a body that came as application/json. Errors inside a 200 are set here. */
	int (*feed)(struct reply *, struct arena *, const char *name, struct str data, struct err *);
	/* The text and code of an error body; false when it has none of that shape. */
	bool (*error)(const struct json *body, struct str *text, struct str *code);
};

extern const struct provider_ops provider_ollama, provider_openai, provider_null;

/* A JSON number into an int, when it is there and not negative. */
static inline void usage_int(const struct json *j, const char *path, int *out)
{
	int64_t v;
	if (json_int(j, path, &v) && v >= 0 && v <= 0x7FFFFFFF)
		*out = (int)v;
}
