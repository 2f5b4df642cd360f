#include "shared/arena.h"

#include <stdarg.h>

/* The first block is one that malloc has at hand: many arenas need no more. */
#define FIRST_BYTES 960
#define BLOCK_BYTES 4096

struct arena_block {
	struct arena_block *next;
	size_t size;
	max_align_t data[];
};

static void *new_block(struct arena *a, size_t size)
{
	struct arena_block *b = xcalloc(1, sizeof *b + size);
	b->size = size;
	b->next = a->blocks;
	a->blocks = b;
	return b->data;
}

void *arena_alloc(struct arena *a, size_t size)
{
	size = (size + sizeof(max_align_t) - 1) & ~(sizeof(max_align_t) - 1);
	if (size == 0)
		size = sizeof(max_align_t);
	a->used += size;
#ifdef SAN
	return new_block(a, size);
#else
	if (size > BLOCK_BYTES / 4)
		return new_block(a, size);
	if (a->at == NULL || (size_t)(a->end - a->at) < size) {
		size_t block = a->at == NULL && size <= FIRST_BYTES ? FIRST_BYTES : BLOCK_BYTES;
		a->at = new_block(a, block);
		a->end = a->at + block;
	}
	void *p = a->at;
	a->at += size;
	return p;
#endif
}

char *arena_dup(struct arena *a, const char *s, size_t len)
{
	char *p = arena_alloc(a, len + 1);
	memcpy(p, s, len);
	return p;
}

char *arena_strf(struct arena *a, const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	int n = vsnprintf(NULL, 0, fmt, ap);
	va_end(ap);
	if (n < 0)
		n = 0;
	char *p = arena_alloc(a, (size_t)n + 1);
	va_start(ap, fmt);
	vsnprintf(p, (size_t)n + 1, fmt, ap);
	va_end(ap);
	return p;
}

void arena_clear(struct arena *a)
{
	struct arena_block *kept = NULL; /* the one that is being filled */
	for (struct arena_block *b = a->blocks, *next; b != NULL; b = next) {
		next = b->next;
		if (a->at != NULL && (char *)b->data + b->size == a->end)
			kept = b;
		else
			free(b);
	}
	if (kept == NULL) {
		*a = (struct arena)ARENA_INIT;
		return;
	}
	char *data = (char *)kept->data;
	memset(data, 0, (size_t)(a->at - data));
	kept->next = NULL;
	*a = (struct arena){ .blocks = kept, .at = data, .end = data + kept->size };
}

void arena_release(struct arena *a)
{
	for (struct arena_block *b = a->blocks, *next; b != NULL; b = next) {
		next = b->next;
		free(b);
	}
	*a = (struct arena)ARENA_INIT;
}
