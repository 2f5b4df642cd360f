#include "shared/arena.h"

#include <stdarg.h>

#define BLOCK_BYTES 4096

struct arena_block {
	struct arena_block *next;
	max_align_t data[];
};

static void *new_block(struct arena *a, size_t size)
{
	struct arena_block *b = xcalloc(1, sizeof *b + size);
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
		a->at = new_block(a, BLOCK_BYTES);
		a->end = a->at + BLOCK_BYTES;
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

void arena_release(struct arena *a)
{
	for (struct arena_block *b = a->blocks, *next; b != NULL; b = next) {
		next = b->next;
		free(b);
	}
	*a = (struct arena)ARENA_INIT;
}
