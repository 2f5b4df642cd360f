#include "worker/llm/vectors.h"

#include <pthread.h>

#include "shared/arena.h"
#include "worker/llm/scores.h"

#define ENTRIES_MAX 64 /* sets of labels; a new one replaces the one not used for longest */

struct entry {
	char key[400];
	uint64_t used;  /* `clock` at the last use; 0: free */
	bool is_coming; /* a job makes them */
	struct list waiters;
	struct similarity similarity;
	struct arena arena;
};

struct vectors {
	pthread_mutex_t lock; /* guards the fields below */
	uint64_t clock;
	struct entry entries[ENTRIES_MAX];
};

struct vectors *vectors_new(void)
{
	struct vectors *v = xcalloc(1, sizeof *v);
	pthread_mutex_init(&v->lock, NULL);
	return v;
}

/* Frees the entry; no job may wait for it. */
static void vectors_drop(struct entry *e)
{
	arena_release(&e->arena);
	*e = (struct entry){ .used = 0 };
}

/* Called with the lock held. Lock order: this lock, then that of the jobs (job_wake); no function
 * here is called with the jobs' lock held. */
static void wake_all(struct entry *e)
{
	while (!list_is_empty(&e->waiters)) {
		struct vectors_waiter *w = list_entry(e->waiters.next, struct vectors_waiter, link);
		list_remove(&w->link);
		w->is_in = false;
		job_wake(w->job, NULL);
	}
}

void vectors_free(struct vectors *v)
{
	if (v == NULL)
		return;
	for (int i = 0; i < ENTRIES_MAX; i++)
		vectors_drop(&v->entries[i]);
	pthread_mutex_destroy(&v->lock);
	free(v);
}

/* Called with the lock held. */
static struct entry *vectors_find(struct vectors *v, const char *key)
{
	for (int i = 0; i < ENTRIES_MAX; i++)
		if (v->entries[i].used != 0 && strcmp(v->entries[i].key, key) == 0) {
			v->entries[i].used = ++v->clock;
			return &v->entries[i];
		}
	return NULL;
}

/* The entry not used for the longest time (a free one first) that no job makes; NULL: none. */
static struct entry *oldest(struct vectors *v)
{
	struct entry *e = NULL;
	for (int i = 0; i < ENTRIES_MAX; i++)
		if (!v->entries[i].is_coming && (e == NULL || v->entries[i].used < e->used))
			e = &v->entries[i];
	return e;
}

enum vectors_state vectors_ask(struct vectors *v, const char *key, struct vectors_waiter *w)
{
	enum vectors_state state = VECTORS_THERE;
	pthread_mutex_lock(&v->lock);
	struct entry *e = vectors_find(v, key);
	if (e == NULL) {
		state = VECTORS_YOURS;
		if ((e = oldest(v)) != NULL) { /* else they are made but not kept */
			vectors_drop(e);
			snprintf(e->key, sizeof e->key, "%s", key);
			e->used = ++v->clock;
			e->is_coming = true;
			list_init(&e->waiters);
		}
	} else if (e->is_coming) {
		state = VECTORS_COMING;
		if (!w->is_in)
			list_push(&e->waiters, &w->link);
		w->is_in = true;
	}
	pthread_mutex_unlock(&v->lock);
	return state;
}

void vectors_leave(struct vectors *v, struct vectors_waiter *w)
{
	pthread_mutex_lock(&v->lock);
	if (w->is_in)
		list_remove(&w->link);
	w->is_in = false;
	pthread_mutex_unlock(&v->lock);
}

void vectors_put(struct vectors *v, const char *key, const float *values, const int *label, int n, int dimensions, int n_labels)
{
	size_t bytes = sizeof *values * (size_t)n * (size_t)dimensions;
	pthread_mutex_lock(&v->lock);
	struct entry *e = vectors_find(v, key);
	if (e != NULL && e->is_coming) {
		int *labels = arena_alloc(&e->arena, sizeof *label * (size_t)n);
		float *own = arena_alloc(&e->arena, bytes);
		memcpy(labels, label, sizeof *label * (size_t)n);
		memcpy(own, values, bytes);
		e->similarity = (struct similarity){ n_labels, n, dimensions, labels, own };
		e->is_coming = false;
		wake_all(e);
	}
	pthread_mutex_unlock(&v->lock);
}

void vectors_give_up(struct vectors *v, const char *key)
{
	pthread_mutex_lock(&v->lock);
	struct entry *e = vectors_find(v, key);
	if (e != NULL && e->is_coming) {
		wake_all(e);
		vectors_drop(e);
	}
	pthread_mutex_unlock(&v->lock);
}

bool vectors_near(struct vectors *v, const char *key, const float *text, int dimensions, double *out)
{
	pthread_mutex_lock(&v->lock);
	struct entry *e = vectors_find(v, key);
	bool is_there = e != NULL && !e->is_coming, is_same = is_there && e->similarity.dimensions == dimensions;
	if (is_same)
		similarity_of(&e->similarity, text, out);
	else if (is_there)
		vectors_drop(e);
	pthread_mutex_unlock(&v->lock);
	return is_same;
}
