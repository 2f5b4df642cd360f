#include "worker/llm/vectors.h"

#include <pthread.h>

#include "worker/llm/scores.h"

#define ENTRIES_MAX 64 /* sets of labels; beyond that the one not used longest goes */

struct entry {
	char key[400];
	uint64_t used; /* 0: free */
	struct kin kin;
	struct arena arena;
};

struct vectors {
	pthread_mutex_t lock; /* of all that follows */
	uint64_t clock;
	struct entry entries[ENTRIES_MAX];
};

struct vectors *vectors_new(void)
{
	struct vectors *v = xcalloc(1, sizeof *v);
	pthread_mutex_init(&v->lock, NULL);
	return v;
}

static void drop(struct entry *e)
{
	arena_release(&e->arena);
	*e = (struct entry){ .used = 0 };
}

void vectors_free(struct vectors *v)
{
	if (v == NULL)
		return;
	for (int i = 0; i < ENTRIES_MAX; i++)
		drop(&v->entries[i]);
	pthread_mutex_destroy(&v->lock);
	free(v);
}

/* With the lock held. */
static struct entry *find(struct vectors *v, const char *key)
{
	for (int i = 0; i < ENTRIES_MAX; i++)
		if (v->entries[i].used != 0 && strcmp(v->entries[i].key, key) == 0) {
			v->entries[i].used = ++v->clock;
			return &v->entries[i];
		}
	return NULL;
}

bool vectors_has(struct vectors *v, const char *key)
{
	pthread_mutex_lock(&v->lock);
	bool has = find(v, key) != NULL;
	pthread_mutex_unlock(&v->lock);
	return has;
}

void vectors_put(struct vectors *v, const char *key, const float *values, const int *label, int n, int dimensions, int n_labels)
{
	size_t bytes = sizeof *values * (size_t)n * (size_t)dimensions;
	pthread_mutex_lock(&v->lock);
	struct entry *e = &v->entries[0];
	for (int i = 1; i < ENTRIES_MAX; i++)
		if (v->entries[i].used < e->used)
			e = &v->entries[i];
	if (find(v, key) == NULL) { /* else somebody was faster */
		drop(e);
		snprintf(e->key, sizeof e->key, "%s", key);
		e->used = ++v->clock;
		e->kin = (struct kin){ .n_labels = n_labels,
			               .n_vectors = n,
			               .dimensions = dimensions,
			               .label = arena_alloc(&e->arena, sizeof *label * (size_t)n),
			               .values = arena_alloc(&e->arena, bytes) };
		memcpy((int *)e->kin.label, label, sizeof *label * (size_t)n);
		memcpy((float *)e->kin.values, values, bytes);
		kin_centre(&e->arena, &e->kin);
	}
	pthread_mutex_unlock(&v->lock);
}

bool vectors_near(struct vectors *v, const char *key, const float *text, int dimensions, double *out)
{
	pthread_mutex_lock(&v->lock);
	struct entry *e = find(v, key);
	bool is_same = e != NULL && e->kin.dimensions == dimensions;
	if (is_same)
		kin_near(&e->kin, text, out);
	else if (e != NULL)
		drop(e);
	pthread_mutex_unlock(&v->lock);
	return is_same;
}
