#pragma once
/*
 * Embeddings: turns texts into vectors. Builds the request and reads the answer. Pure functions.
 * Each protocol's own part is in its file in llm/providers; the key header, the fixed headers and
 * the version are those of its provider_ops.
 */
#include "worker/llm/provider.h"

#define EMBED_BODY_MAX (64u << 20) /* bytes; the same as BODY_MAX of net/engine.c */
#define EMBED_DIMENSIONS_MAX 16384 /* numbers in a vector; models use some thousands */

struct embed_request {
	const char *model;
	const struct str *texts;
	int n_texts;
	int dimensions; /* numbers in a vector; 0: the model's default */
	/* the texts are search queries, not documents (some models treat them differently) */
	bool is_question;
	/* OpenAI: ask for base64, a quarter of the bytes; a server may still send plain numbers,
	 * which are read too */
	bool is_packed;
};

/* Vectors in the order of the texts, each of length 1. */
struct embedding {
	float *values; /* n * dimensions numbers, in the arena */
	int n, dimensions;
	int64_t input_tokens; /* -1: not stated */
	char model[80];       /* the provider's name for it; "": not stated */
};

struct embed_ops {
	int texts_max; /* in one request */
	void (*path)(const struct embed_request *, struct strbuf *);
	void (*build)(const struct embed_request *, struct strbuf *body);
	/* JSON paths: of the list in the answer; of the vector in an element of the list */
	const char *list, *values;
};

/* Writes "input" and "dimensions", which have the same form for OpenAI and Ollama. */
void embed_put_texts(const struct embed_request *, struct strbuf *);
/* NULL when the protocol has no embeddings. */
const struct embed_ops *embed_find(const char *protocol);
/* Reads the body of a 2xx. ERR_BAD_REPLY when a vector is missing, comes twice, has another length
 * than the request or the other vectors, or is zero or not finite; the error of classify_event when
 * the body is an error. */
MUSTCHECK int embed_read(const struct embed_ops *, const struct embed_request *, struct str body, struct arena *,
                         struct embedding *, struct err *);
