#include "worker/llm/breaker.h"

#include <pthread.h>

#include "shared/json.h"
#include "shared/list.h"
#include "shared/pg.h"
#include "sql_embed.h"

#define ENTRIES_MAX 1024 /* entries between two reports; further ones are dropped */
#define HELD_MAX 256
#define PROVIDERS_MAX 64 /* calls in flight of further providers are not counted */

/* What happened on one route since the last report. The counts of a route share one entry (is_sum);
 * each result of a probe and each park has an entry of its own. */
struct entry {
	struct list link;
	char provider[64], model[128], key_env[128], job_id[40];
	int calls, errors, verdict;
	int64_t tokens, park_ms;
	bool is_sum, is_key, is_probe, is_park;
	enum err_code code;
	char detail[160];
	struct limit limits[LIMIT_N]; /* only those that limit_is_known() accepts */
};

struct held {
	char provider[64], model[128], key_env[128];
	usec_t until;
};

struct breakers {
	pthread_mutex_t lock; /* guards the fields below, but `telling` (reporting thread only) */
	struct list news, telling;
	int n, n_telling; /* entries in both lists together; in `telling` */
	struct held held[HELD_MAX];
	int n_held;
	usec_t told_at; /* when `held` was updated last; monotonic */
	struct {
		char provider[64];
		int n;
	} calls[PROVIDERS_MAX]; /* calls in flight; an empty name: unused place */
	void (*on_news)(void *, bool);
	void *ctx;
};

struct breakers *breakers_new(void (*on_news)(void *, bool), void *ctx)
{
	struct breakers *b = xcalloc(1, sizeof *b);
	pthread_mutex_init(&b->lock, NULL);
	list_init(&b->news);
	list_init(&b->telling);
	b->on_news = on_news;
	b->ctx = ctx;
	return b;
}

static void empty(struct list *l)
{
	while (!list_is_empty(l)) {
		struct entry *e = list_entry(l->next, struct entry, link);
		list_remove(&e->link);
		free(e);
	}
}

void breakers_free(struct breakers *b)
{
	empty(&b->news);
	empty(&b->telling);
	pthread_mutex_destroy(&b->lock);
	free(b);
}

static const char *key_of(const struct route *r)
{
	return r->key_env != NULL ? r->key_env : "";
}

/* Called with the lock held. Returns the route's sum entry (is_sum; made when missing), or else a
 * new entry. NULL when there are ENTRIES_MAX entries. */
static struct entry *entry_of(struct breakers *b, const struct route *r, bool is_sum)
{
	for (struct list *l = b->news.next; is_sum && l != &b->news; l = l->next) {
		struct entry *e = list_entry(l, struct entry, link);
		if (e->is_sum && strcmp(e->provider, r->provider) == 0 && strcmp(e->model, r->model) == 0 &&
		    strcmp(e->key_env, key_of(r)) == 0)
			return e;
	}
	if (b->n >= ENTRIES_MAX)
		return NULL;
	struct entry *e = xcalloc(1, sizeof *e);
	snprintf(e->provider, sizeof e->provider, "%s", r->provider);
	snprintf(e->model, sizeof e->model, "%s", r->model);
	snprintf(e->key_env, sizeof e->key_env, "%s", key_of(r));
	for (int i = 0; i < LIMIT_N; i++)
		e->limits[i] = (struct limit)LIMIT_UNSAID;
	e->is_sum = is_sum;
	list_init(&e->link);
	list_push(&b->news, &e->link);
	b->n++;
	return e;
}

static void put_error(struct entry *e, const struct err *err)
{
	if (err == NULL || err->code == ERR_OK)
		return;
	e->code = err->code;
	snprintf(e->detail, sizeof e->detail, "%.159s", err->msg);
}

void breakers_calling(struct breakers *b, const char *provider, int change)
{
	int i = 0;
	pthread_mutex_lock(&b->lock);
	while (i < PROVIDERS_MAX && b->calls[i].provider[0] != '\0' && strcmp(b->calls[i].provider, provider) != 0)
		i++;
	if (i < PROVIDERS_MAX) {
		snprintf(b->calls[i].provider, sizeof b->calls[i].provider, "%s", provider);
		b->calls[i].n += change;
	}
	pthread_mutex_unlock(&b->lock);
}

void breakers_put_calls(struct breakers *b, struct strbuf *out)
{
	size_t start = out->len;
	pthread_mutex_lock(&b->lock);
	strbuf_char(out, '{');
	for (int i = 0; i < PROVIDERS_MAX && b->calls[i].provider[0] != '\0'; i++)
		if (b->calls[i].n > 0)
			strbuf_addf(out, "%s\"%s\":%d", out->len > start + 1 ? "," : "", b->calls[i].provider, b->calls[i].n);
	strbuf_char(out, '}');
	pthread_mutex_unlock(&b->lock);
}

void breakers_count(struct breakers *b, const struct route *r, const struct err *err, int64_t tokens, const struct limits *limits)
{
	bool is_bad = (err_acts(err->code) & ACT_BREAKER) != 0;
	/* Our own mistakes, and calls that a limit refused, say nothing about the provider's
	 * health: they do not count as calls. */
	bool counts = is_bad || err->code == ERR_OK, knows = false;
	for (int i = 0; i < LIMIT_N; i++)
		knows |= limit_is_known(&limits->of[i]);
	if (!counts && tokens == 0 && !knows)
		return;
	pthread_mutex_lock(&b->lock);
	struct entry *e = entry_of(b, r, true);
	if (e != NULL) {
		e->calls += counts;
		e->errors += is_bad;
		e->tokens += tokens;
		for (int i = 0; i < LIMIT_N; i++)
			if (limit_is_known(&limits->of[i]))
				e->limits[i] = limits->of[i];
		put_error(e, is_bad ? err : NULL);
	}
	pthread_mutex_unlock(&b->lock);
	b->on_news(b->ctx, is_bad);
}

void breakers_park(struct breakers *b, const struct route *r, const struct err *err, int64_t ms, bool is_key)
{
	pthread_mutex_lock(&b->lock);
	struct entry *e = entry_of(b, r, false);
	if (e != NULL) {
		e->is_park = true;
		e->park_ms = ms;
		e->is_key = is_key;
		put_error(e, err);
	}
	pthread_mutex_unlock(&b->lock);
	b->on_news(b->ctx, true);
}

void breakers_probed(struct breakers *b, const struct route *r, const char *job_id, int verdict, const struct err *err)
{
	pthread_mutex_lock(&b->lock);
	struct entry *e = entry_of(b, r, false);
	if (e != NULL) {
		e->is_probe = true;
		e->verdict = verdict;
		snprintf(e->job_id, sizeof e->job_id, "%s", job_id);
		put_error(e, err);
	}
	pthread_mutex_unlock(&b->lock);
	b->on_news(b->ctx, true);
}

int64_t breakers_held(struct breakers *b, const struct route *r, usec_t claimed)
{
	usec_t now = clock_mono(), until = 0;
	pthread_mutex_lock(&b->lock);
	for (int i = 0; i < b->n_held && claimed <= b->told_at; i++) {
		const struct held *h = &b->held[i];
		if (strcmp(h->provider, r->provider) == 0 && (h->model[0] == '\0' || strcmp(h->model, r->model) == 0) &&
		    (h->key_env[0] == '\0' || strcmp(h->key_env, key_of(r)) == 0))
			until = MAX(until, h->until);
	}
	pthread_mutex_unlock(&b->lock);
	return until > now ? (until - now + USEC_PER_MSEC - 1) / USEC_PER_MSEC : 0;
}

static void breaker_put_limits(struct strbuf *out, const struct entry *e)
{
	const char *before = ",\"limits\":{";
	for (int i = 0; i < LIMIT_N; i++) {
		const struct limit *l = &e->limits[i];
		if (!limit_is_known(l))
			continue;
		strbuf_addf(out, "%s\"%s\":[%lld,%lld,%d]", before, LIMIT_NAMES[i], (long long)l->remaining, (long long)l->total,
		            l->reset_ms);
		before = ",";
	}
	if (before[1] == '\0')
		strbuf_char(out, '}');
}

static void put_entry(struct strbuf *out, const struct entry *e)
{
	strbuf_str(out, out->len > 1 ? ",{" : "{");
	json_put_field(out, "provider", e->provider);
	json_put_field(out, "model", e->model);
	json_put_field(out, "key_env", e->key_env);
	json_put_int_field(out, "calls", e->calls);
	json_put_int_field(out, "errors", e->errors);
	json_put_int_field(out, "tokens", e->tokens);
	if (e->code != ERR_OK) {
		json_put_field(out, "class", err_name(e->code));
		json_put_field(out, "detail", e->detail);
	}
	if (e->is_park) {
		json_put_int_field(out, "park_ms", e->park_ms);
		strbuf_addf(out, ",\"park_key\":%s", e->is_key ? "true" : "false");
	}
	if (e->is_probe) {
		json_put_field(out, "probe", e->job_id);
		strbuf_addf(out, ",\"is_ok\":%s", e->verdict < 0 ? "null" : e->verdict > 0 ? "true" : "false");
	}
	breaker_put_limits(out, e);
	strbuf_char(out, '}');
}

bool breakers_begin_report(struct breakers *b, struct strbuf *out)
{
	strbuf_char(out, '[');
	pthread_mutex_lock(&b->lock);
	while (!list_is_empty(&b->news)) {
		struct list *l = b->news.next;
		list_remove(l);
		list_push(&b->telling, l);
		b->n_telling++;
	}
	pthread_mutex_unlock(&b->lock);
	/* Only the reporting thread uses `telling`: no lock is needed. */
	for (struct list *l = b->telling.next; l != &b->telling; l = l->next)
		put_entry(out, list_entry(l, struct entry, link));
	strbuf_char(out, ']');
	return !list_is_empty(&b->telling);
}

void breakers_end_report(struct breakers *b, const struct rows *answer)
{
	if (answer == NULL)
		return; /* the next report sends `telling` again */
	usec_t now = clock_mono();
	empty(&b->telling);
	pthread_mutex_lock(&b->lock);
	b->n -= b->n_telling;
	b->n_telling = 0;
	b->n_held = MIN(answer->n_rows, HELD_MAX);
	b->told_at = now;
	for (int i = 0; i < b->n_held; i++) {
		struct held *h = &b->held[i];
		snprintf(h->provider, sizeof h->provider, "%s", rows_at(answer, i, COL_REPORT_CALLS_PROVIDER));
		snprintf(h->model, sizeof h->model, "%s", rows_at(answer, i, COL_REPORT_CALLS_MODEL));
		snprintf(h->key_env, sizeof h->key_env, "%s", rows_at(answer, i, COL_REPORT_CALLS_KEY_ENV));
		h->until = now + rows_int(answer, i, COL_REPORT_CALLS_HELD_MS, 0) * USEC_PER_MSEC;
	}
	pthread_mutex_unlock(&b->lock);
}
