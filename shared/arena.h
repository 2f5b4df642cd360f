#pragma once
/*
 * An arena: memory that is freed all at once (a worker uses one arena per job). An arena has no
 * lock: one owner uses it at a time and may hand it over. In a SAN build every allocation is a
 * separate calloc, so that AddressSanitizer detects overruns.
 */
#include "shared/base.h"

struct arena_block;
struct arena {
	struct arena_block *blocks;
	char *at, *end;
	size_t used; /* bytes allocated from it */
};

#define ARENA_INIT             \
	{                      \
		.blocks = NULL \
	}

/* Returns zeroed memory, aligned for any type; never NULL. The arena owns it. */
void *arena_alloc(struct arena *, size_t size) __attribute__((returns_nonnull));
char *arena_dup(struct arena *, const char *s, size_t len); /* adds a NUL */
char *arena_strf(struct arena *, const char *fmt, ...) PRINTF(2, 3);
/* Frees all allocations; the arena may be used again. */
void arena_release(struct arena *);
/* The same, but keeps a block for what comes next: for an arena that is used again and again. */
void arena_clear(struct arena *);
