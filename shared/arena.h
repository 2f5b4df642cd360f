#pragma once
/*
 * Memory that is freed all at once: one job, one arena. No locks: an arena has one owner at a time, who may hand it over.
 * Built with SAN every allocation is a malloc of its own, so that AddressSanitizer sees overruns.
 */
#include "shared/base.h"

struct arena_block;
struct arena {
	struct arena_block *blocks;
	char *at, *end;
	size_t used; /* bytes handed out */
};

#define ARENA_INIT             \
	{                      \
		.blocks = NULL \
	}

/* Zeroed, aligned for any type; never NULL. Owned by the arena. */
void *arena_alloc(struct arena *, size_t size) __attribute__((returns_nonnull));
char *arena_dup(struct arena *, const char *s, size_t len); /* adds a NUL */
char *arena_strf(struct arena *, const char *fmt, ...) PRINTF(2, 3);
/* Frees all of it; the arena may be used again. */
void arena_release(struct arena *);
