#include "tui/snapshot.h"

struct block *block_ref(struct block *b)
{
	if (b != NULL)
		atomic_fetch_add(&b->refs, 1);
	return b;
}

void block_unref(struct block *b)
{
	if (b == NULL || atomic_fetch_sub(&b->refs, 1) > 1)
		return;
	arena_release(&b->arena);
	free(b);
}

struct snapshot *snapshot_ref(struct snapshot *s)
{
	if (s != NULL)
		atomic_fetch_add(&s->refs, 1);
	return s;
}

void snapshot_unref(struct snapshot *s)
{
	if (s == NULL || atomic_fetch_sub(&s->refs, 1) > 1)
		return;
	for (int i = 0; i < BLOCK_N; i++)
		block_unref(s->blocks[i]);
	free(s);
}
