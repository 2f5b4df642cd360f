#pragma once
/* Results of calculations, by their code. In memory, of this worker only; the least lately used is forgotten. Any thread. */
#include "shared/str.h"

struct cache;

struct cached {
	char output[256], run[40]; /* what it printed, and the run (runs.uuid) that printed it */
	int64_t took_ms;
};

/* size: results that are kept; 0: none. Caller owns. */
struct cache *cache_new(int size);
void cache_free(struct cache *);
bool cache_get(struct cache *, const char *code, struct cached *out);
/* A longer output than fits is not kept. */
void cache_put(struct cache *, const char *code, struct str output, const char *run, int64_t took_ms);
