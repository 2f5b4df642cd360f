#pragma once
/*
 * Texts into vectors: what is asked and how the answer is read. Pure. Each protocol's own part is in its file in llm/providers; key header, fixed
 * headers and version are those of its provider_ops.
 */
#include "worker/llm/provider.h"

#define EMBED_BODY_MAX (64u << 20) /* as much as net/engine.c takes */
#define EMBED_DIMENSIONS_MAX 16384 /* numbers; models have some thousands */

struct embed_request {
	const char *model;
	const struct str *texts;
	int n_texts;
	int dimensions;   /* how long a vector is to be; 0: as the model likes */
	bool is_question; /* a text to search with, not one to be found (some models tell them apart) */
	bool is_packed; /* OpenAI: base64, a quarter of the bytes; some servers answer numbers all the same, which is read too */
};

/* Vectors in the order of the texts, each of length 1. */
struct embedding {
	float *values; /* n * dimensions of them, in the arena */
	int n, dimensions;
	int64_t input_tokens; /* -1: not said */
	char model[80];       /* as the provider names it; "" when it does not */
};

struct embed_ops {
	int texts_max; /* in one request */
	void (*path)(const struct embed_request *, struct strbuf *);
	void (*build)(const struct embed_request *, struct strbuf *body);
	const char *list, *values; /* where the answer has them */
};

/* "input" and "dimensions", as OpenAI and Ollama have them. */
void embed_put_texts(const struct embed_request *, struct strbuf *);
/* NULL when the protocol has no embeddings. */
const struct embed_ops *embed_find(const char *protocol);
/* Reads the body of a 200. ERR_BAD_REPLY when a vector is missing, comes twice, is of another length than asked or than its neighbours, or is
 * no direction at all; what classify_event says when the body is an error. */
MUSTCHECK int embed_read(const struct embed_ops *, const struct embed_request *, struct str body, struct arena *,
                         struct embedding *, struct err *);
