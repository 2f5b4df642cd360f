#include "worker/api/tally.h"

#include <pthread.h>

#define ENTRIES_MAX 200 /* of one list: 100 bytes each, and a renewal takes 60,000 */
#define SLUG_MAX 63     /* agents.slug */

struct entry {
	char agent[SLUG_MAX + 1];
	int code;
	int64_t n;
};

struct entries {
	struct entry all[ENTRIES_MAX];
	int n;
};

struct tally {
	pthread_mutex_t lock; /* guards the fields below */
	struct entries fresh, said;
	int64_t batch; /* the number of `said` */
};

struct tally *tally_new(void)
{
	struct tally *t = xcalloc(1, sizeof *t);
	pthread_mutex_init(&t->lock, NULL);
	return t;
}

void tally_free(struct tally *t)
{
	if (t != NULL)
		pthread_mutex_destroy(&t->lock);
	free(t);
}

static bool is_slug(const char *text)
{
	size_t n = strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789-_");
	return n > 0 && n <= SLUG_MAX && text[n] == '\0';
}

/* The entry; where the list is full, that of no agent. NULL: the list is full of other statuses, too. */
static struct entry *find_entry(struct entries *e, const char *agent, int code)
{
	for (int i = 0; i < e->n; i++)
		if (e->all[i].code == code && strcmp(e->all[i].agent, agent) == 0)
			return &e->all[i];
	/* The last places are for statuses without an agent: there are fewer of those. */
	if (e->n >= (agent[0] != '\0' ? ENTRIES_MAX * 3 / 4 : ENTRIES_MAX))
		return agent[0] != '\0' ? find_entry(e, "", code) : NULL;
	struct entry *new = &e->all[e->n++];
	*new = (struct entry){ .code = code };
	snprintf(new->agent, sizeof new->agent, "%s", agent);
	return new;
}

void tally_add(struct tally *t, const char *agent, int code)
{
	if (t == NULL)
		return;
	pthread_mutex_lock(&t->lock);
	struct entry *e = find_entry(&t->fresh, is_slug(agent) ? agent : "", code);
	if (e != NULL)
		e->n++;
	pthread_mutex_unlock(&t->lock);
}

void tally_put(struct tally *t, struct strbuf *b)
{
	if (t == NULL)
		return;
	pthread_mutex_lock(&t->lock);
	if (t->said.n == 0) {
		t->said = t->fresh;
		t->fresh.n = 0;
		t->batch += t->said.n > 0;
	}
	for (int i = 0; i < t->said.n; i++) {
		const struct entry *e = &t->said.all[i];
		strbuf_addf(b, "%s{\"agent\":\"%s\",\"code\":%d,\"n\":%lld}", i == 0 ? "\"http\":[" : ",", e->agent, e->code,
		            (long long)e->n);
	}
	if (t->said.n > 0)
		strbuf_addf(b, "],\"http_batch\":%lld,", (long long)t->batch);
	pthread_mutex_unlock(&t->lock);
}

void tally_said(struct tally *t)
{
	if (t == NULL)
		return;
	pthread_mutex_lock(&t->lock);
	t->said.n = 0;
	pthread_mutex_unlock(&t->lock);
}
