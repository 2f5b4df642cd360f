#include "worker/calculate/cache.h"

#include <pthread.h>

struct entry {
	char *code;
	struct cached cached;
	uint64_t used; /* when, as a count of uses */
};

struct cache {
	pthread_mutex_t lock;
	struct entry *entries;
	int n, size;
	uint64_t uses;
};

struct cache *cache_new(int size)
{
	struct cache *c = xcalloc(1, sizeof *c);
	pthread_mutex_init(&c->lock, NULL);
	c->size = size;
	c->entries = xcalloc((size_t)MAX(size, 1), sizeof *c->entries);
	return c;
}

void cache_free(struct cache *c)
{
	for (int i = 0; i < c->n; i++)
		free(c->entries[i].code);
	free(c->entries);
	pthread_mutex_destroy(&c->lock);
	free(c);
}

/* With the lock. */
static struct entry *find_cached(struct cache *c, const char *code)
{
	for (int i = 0; i < c->n; i++)
		if (strcmp(c->entries[i].code, code) == 0)
			return &c->entries[i];
	return NULL;
}

/* A new entry, or the least lately used; NULL: there is none. With the lock. */
static struct entry *room(struct cache *c)
{
	struct entry *oldest = c->size > 0 ? &c->entries[0] : NULL;
	if (c->n < c->size)
		return &c->entries[c->n++];
	for (int i = 1; i < c->n; i++)
		if (c->entries[i].used < oldest->used)
			oldest = &c->entries[i];
	return oldest;
}

bool cache_get(struct cache *c, const char *code, struct cached *out)
{
	pthread_mutex_lock(&c->lock);
	struct entry *e = find_cached(c, code);
	if (e != NULL) {
		e->used = ++c->uses;
		*out = e->cached;
	}
	pthread_mutex_unlock(&c->lock);
	return e != NULL;
}

void cache_put(struct cache *c, const char *code, struct str output, const char *run, int64_t took_ms)
{
	if (output.len >= sizeof((struct cached *)0)->output)
		return;
	pthread_mutex_lock(&c->lock);
	struct entry *e = find_cached(c, code);
	if (e == NULL && (e = room(c)) != NULL) {
		free(e->code);
		e->code = xstrdup(code);
		e->used = ++c->uses;
		e->cached.took_ms = took_ms;
		snprintf(e->cached.run, sizeof e->cached.run, "%s", run);
		snprintf(e->cached.output, sizeof e->cached.output, "%.*s", (int)output.len, output.ptr);
	}
	pthread_mutex_unlock(&c->lock);
}
