#include "worker/api/shares.h"

#include "shared/pg.h"

void shares_init(struct shares *s, int max)
{
	*s = (struct shares){ .max = max };
	pthread_mutex_init(&s->lock, NULL);
	list_init(&s->all);
}

void shares_release(struct shares *s)
{
	pthread_mutex_destroy(&s->lock);
}

struct share *share_take(struct shares *s, const char *token)
{
	struct share *share = NULL;
	token = token != NULL ? token : "";
	pthread_mutex_lock(&s->lock);
	for (struct list *l = s->all.next; l != &s->all && share == NULL; l = l->next)
		if (strcmp(list_entry(l, struct share, link)->token, token) == 0)
			share = list_entry(l, struct share, link);
	if (share == NULL) {
		share = xcalloc(1, sizeof *share);
		snprintf(share->token, sizeof share->token, "%s", token);
		list_push(&s->all, &share->link);
	}
	bool has_room = share->n < s->max;
	share->n += has_room;
	pthread_mutex_unlock(&s->lock);
	return has_room ? share : NULL;
}

void share_give(struct shares *s, struct share *share)
{
	pthread_mutex_lock(&s->lock);
	if (--share->n == 0) {
		list_remove(&share->link);
		free(share);
	}
	pthread_mutex_unlock(&s->lock);
}

bool shares_put(struct shares *s, struct strbuf *array)
{
	size_t before = array->len;
	pthread_mutex_lock(&s->lock);
	for (struct list *l = s->all.next; l != &s->all; l = l->next)
		if (list_entry(l, struct share, link)->token[0] != '\0')
			pg_array_add(array, list_entry(l, struct share, link)->token);
	pthread_mutex_unlock(&s->lock);
	if (array->len == before)
		return false;
	pg_array_end(array);
	return true;
}
