/*
 * One open-addressed hash table of pointers for all label sets. A label set is made under the lock
 * and published by one store; it is never moved or removed, so readers need no lock. A bucket
 * counts only its own range: the cumulative sums are computed on reading, and the count of a
 * histogram is the sum of its buckets, so that one read is consistent in itself.
 */
#include "worker/telemetry/count.h"

#include <assert.h>
#include <pthread.h>
#include <stdatomic.h>

#include "shared/utf8.h"

#define SLOTS 32768 /* a power of two, more than all families may hold */
#define BUCKETS_MAX 18

struct series {
	enum count family;
	uint64_t hash;
	char *labels[COUNT_LABELS];
	atomic_int_fast64_t value;     /* histograms: the sum */
	atomic_int_fast64_t buckets[]; /* histograms only; the last: all above the bounds */
};

struct counts {
	_Atomic(struct series *) slots[SLOTS];
	struct series *by_family[COUNT_N][COUNT_SETS + 1]; /* in the order of creation */
	atomic_int n[COUNT_N];
	pthread_mutex_t lock; /* held while a series is made */
};

static const struct family {
	const char *name;
	enum count_kind kind;
	const char *labels, *help;
} FAMILIES[] = {
#define COUNT(id, name, kind, labels, help) { name, kind, labels, help },
#include "worker/telemetry/counts.def"
#undef COUNT
};
static_assert((COUNT_SETS + 1) * COUNT_N < SLOTS, "the table of label sets is too small");

/* Microseconds: OpenTelemetry's bucket bounds and two more, because an attempt may take as long as
 * `timeout`. */
static const int64_t SECONDS[] = { 10000,   20000,   40000,    80000,    160000,   320000,   640000,    1280000,
	                           2560000, 5120000, 10240000, 20480000, 40960000, 81920000, 163840000, 327680000 };
static const int64_t TOKENS[] = { 1, 4, 16, 64, 256, 1024, 4096, 16384, 65536, 262144, 1048576, 4194304, 16777216, 67108864 };
/* Millionths. */
static const int64_t SHARES[] = { 50000, 100000, 200000, 300000, 400000, 500000, 600000, 700000, 800000, 900000, 1000000 };
static_assert(ARRAY_SIZE(SECONDS) < BUCKETS_MAX && ARRAY_SIZE(TOKENS) < BUCKETS_MAX && ARRAY_SIZE(SHARES) < BUCKETS_MAX,
              "more buckets than BUCKETS_MAX");

static bool is_gauge(enum count_kind k)
{
	return k == GAUGE || k == GAUGE_SECONDS || k == GAUGE_USD;
}

static const int64_t *bounds(enum count_kind k, size_t *n)
{
	*n = k == HISTOGRAM_SECONDS  ? ARRAY_SIZE(SECONDS)
	     : k == HISTOGRAM_TOKENS ? ARRAY_SIZE(TOKENS)
	     : k == HISTOGRAM_SHARE  ? ARRAY_SIZE(SHARES)
	                             : 0;
	return k == HISTOGRAM_SECONDS ? SECONDS : k == HISTOGRAM_TOKENS ? TOKENS : SHARES;
}

static int n_labels(const struct family *f)
{
	int n = f->labels[0] != '\0';
	for (const char *p = f->labels; *p != '\0'; p++)
		n += *p == ',';
	return n;
}

/* The bytes of a label value that are compared and stored: at most COUNT_VALUE_MAX. */
static struct str value_of(const char *label)
{
	const char *s = label != NULL ? label : "none";
	return (struct str){ s, strnlen(s, COUNT_VALUE_MAX) };
}

static uint64_t hash_of(enum count family, const char *const *labels, int n)
{
	uint64_t h = 14695981039346656037u ^ (uint64_t)family;
	for (int i = 0; i < n; i++) {
		struct str v = value_of(labels[i]);
		/* With an end mark, or "ab","c" would equal "a","bc". */
		for (size_t j = 0; j <= v.len; j++)
			h = (h ^ (j < v.len ? (unsigned char)v.ptr[j] : 0x1FFu)) * 1099511628211u;
	}
	return h ^ h >> 29;
}

static bool is_same(const struct series *s, enum count family, uint64_t hash, const char *const *labels, int n)
{
	if (s->hash != hash || s->family != family)
		return false;
	for (int i = 0; i < n; i++)
		if (!str_eq(value_of(labels[i]), s->labels[i]))
			return false;
	return true;
}

/* Returns the series, or NULL; then *slot is the free slot for it. */
static struct series *count_find(struct counts *c, enum count family, uint64_t hash, const char *const *labels, int n,
                                 size_t *slot)
{
	for (size_t i = hash % SLOTS;; i = (i + 1) % SLOTS) {
		struct series *s = atomic_load_explicit(&c->slots[i], memory_order_acquire);
		*slot = i;
		if (s == NULL || is_same(s, family, hash, labels, n))
			return s;
	}
}

static struct series *make(struct counts *c, enum count family, uint64_t hash, const char *const *labels, int n, size_t slot)
{
	size_t n_buckets;
	bounds(FAMILIES[family].kind, &n_buckets);
	struct series *s = xcalloc(1, sizeof *s + (n_buckets > 0 ? n_buckets + 1 : 0) * sizeof s->buckets[0]);
	s->family = family;
	s->hash = hash;
	for (int i = 0; i < n; i++) {
		struct str v = value_of(labels[i]);
		s->labels[i] = strndup(v.ptr, v.len);
		if (s->labels[i] == NULL)
			abort();
	}
	int at = atomic_load_explicit(&c->n[family], memory_order_relaxed);
	c->by_family[family][at] = s;
	atomic_store_explicit(&c->slots[slot], s, memory_order_release);
	atomic_store_explicit(&c->n[family], at + 1, memory_order_release);
	return s;
}

static struct series *series_of(struct counts *c, enum count family, const char *const *labels)
{
	static const char *const OTHER[COUNT_LABELS] = { "_other", "_other", "_other", "_other", "_other" };
	int n = n_labels(&FAMILIES[family]);
	uint64_t hash = hash_of(family, labels, n);
	size_t slot;
	struct series *s = count_find(c, family, hash, labels, n, &slot);
	if (s != NULL)
		return s;
	pthread_mutex_lock(&c->lock);
	if (atomic_load_explicit(&c->n[family], memory_order_relaxed) >= COUNT_SETS) {
		labels = OTHER;
		hash = hash_of(family, labels, n);
	}
	s = count_find(c, family, hash, labels, n, &slot); /* another thread may have made it */
	if (s == NULL)
		s = make(c, family, hash, labels, n, slot);
	pthread_mutex_unlock(&c->lock);
	return s;
}

struct counts *counts_new(void)
{
	struct counts *c = xcalloc(1, sizeof *c);
	pthread_mutex_init(&c->lock, NULL);
	return c;
}

void counts_free(struct counts *c)
{
	if (c == NULL)
		return;
	for (size_t i = 0; i < SLOTS; i++) {
		struct series *s = atomic_load(&c->slots[i]);
		for (int j = 0; s != NULL && j < COUNT_LABELS; j++)
			free(s->labels[j]);
		free(s);
	}
	pthread_mutex_destroy(&c->lock);
	free(c);
}

void counts_put(struct counts *c, enum count family, int64_t value, const char *const labels[COUNT_LABELS])
{
	if (c == NULL)
		return;
	struct series *s = series_of(c, family, labels);
	enum count_kind kind = FAMILIES[family].kind;
	size_t n, i = 0;
	const int64_t *le = bounds(kind, &n);
	if (n > 0) {
		while (i < n && value > le[i])
			i++;
		atomic_fetch_add_explicit(&s->buckets[i], 1, memory_order_relaxed);
	}
	if (is_gauge(kind))
		atomic_store_explicit(&s->value, value, memory_order_relaxed);
	else
		/* A counter never decreases. */
		atomic_fetch_add_explicit(&s->value, MAX(value, 0), memory_order_relaxed);
}

static int64_t read_value(const struct series *s)
{
	size_t n;
	int64_t sum = 0;
	bounds(FAMILIES[s->family].kind, &n);
	if (n == 0)
		return atomic_load_explicit(&s->value, memory_order_relaxed);
	for (size_t i = 0; i <= n; i++)
		sum += atomic_load_explicit(&s->buckets[i], memory_order_relaxed);
	return sum;
}

int64_t counts_get(struct counts *c, enum count family, const char *const labels[COUNT_LABELS])
{
	size_t slot;
	int n = n_labels(&FAMILIES[family]);
	const struct series *s = count_find(c, family, hash_of(family, labels, n), labels, n, &slot);
	return s != NULL ? read_value(s) : 0;
}

void counts_each(struct counts *c, enum count family, void (*fn)(void *, const char *const *, int64_t), void *ctx)
{
	int n = atomic_load_explicit(&c->n[family], memory_order_acquire);
	for (int i = 0; i < n; i++) {
		const struct series *s = c->by_family[family][i];
		fn(ctx, (const char *const *)s->labels, read_value(s));
	}
}

/* ---------------------------------------------------------------- text */

/* Writes v as an exact decimal number: a double is not precise enough for pico-USD. */
static void put_number(struct strbuf *b, enum count_kind kind, int64_t v)
{
	bool is_usd = kind == COUNTER_USD || kind == GAUGE_USD;
	bool is_seconds =
		kind == COUNTER_SECONDS || kind == GAUGE_SECONDS || kind == HISTOGRAM_SECONDS || kind == HISTOGRAM_SHARE;
	int64_t unit = is_usd ? 1000000000000 : is_seconds ? 1000000 : 1;
	char text[24] = "";
	if (unit > 1 && v % unit != 0) {
		snprintf(text, sizeof text, ".%0*lld", is_usd ? 12 : 6, (long long)llabs(v % unit));
		for (size_t n = strlen(text); text[n - 1] == '0'; n--)
			text[n - 1] = '\0';
	}
	strbuf_addf(b, "%s%lld%s", v < 0 ? "-" : "", (long long)llabs(v / unit), text);
}

static void count_put_value(struct strbuf *b, const char *value)
{
	struct strbuf safe = STRBUF_INIT(COUNT_VALUE_MAX * 4);
	utf8_safe(&safe, str_of(value), false); /* the value may have been cut inside a character */
	for (const char *p = strbuf_text(&safe); *p != '\0'; p++) {
		if (*p == '\\' || *p == '"')
			strbuf_char(b, '\\');
		strbuf_char(b, *p);
	}
	strbuf_release(&safe);
}

/* Writes {a="x",le="0.01"}; nothing if there are no labels. */
static void put_labels(struct strbuf *b, const struct series *s, const int64_t *le, bool is_above)
{
	const struct family *f = &FAMILIES[s->family];
	const char *p = f->labels;
	bool has_le = le != NULL || is_above;
	if (*p == '\0' && !has_le)
		return;
	strbuf_char(b, '{');
	for (int i = 0; *p != '\0'; i++) {
		size_t n = strcspn(p, ",");
		strbuf_addf(b, "%s%.*s=\"", i > 0 ? "," : "", (int)n, p);
		count_put_value(b, s->labels[i]);
		strbuf_char(b, '"');
		p += n + (p[n] == ',');
	}
	if (has_le) {
		strbuf_str(b, f->labels[0] != '\0' ? ",le=\"" : "le=\"");
		if (is_above)
			strbuf_str(b, "+Inf");
		else
			put_number(b, f->kind, *le);
		strbuf_char(b, '"');
	}
	strbuf_char(b, '}');
}

static void count_put_line(struct strbuf *b, const struct series *s, const char *suffix, const int64_t *le, bool is_above)
{
	strbuf_addf(b, "%s%s", FAMILIES[s->family].name, suffix);
	put_labels(b, s, le, is_above);
	strbuf_char(b, ' ');
}

static void put_histogram(struct strbuf *b, const struct series *s)
{
	size_t n;
	int64_t upto = 0, sum = atomic_load_explicit(&s->value, memory_order_relaxed);
	const int64_t *le = bounds(FAMILIES[s->family].kind, &n);
	for (size_t i = 0; i <= n; i++) {
		upto += atomic_load_explicit(&s->buckets[i], memory_order_relaxed);
		count_put_line(b, s, "_bucket", i < n ? &le[i] : NULL, i == n);
		strbuf_addf(b, "%lld\n", (long long)upto);
	}
	count_put_line(b, s, "_sum", NULL, false);
	put_number(b, FAMILIES[s->family].kind, sum);
	strbuf_char(b, '\n');
	count_put_line(b, s, "_count", NULL, false);
	strbuf_addf(b, "%lld\n", (long long)upto);
}

static void put_series(struct strbuf *b, const struct series *s)
{
	enum count_kind kind = FAMILIES[s->family].kind;
	if (kind == HISTOGRAM_SECONDS || kind == HISTOGRAM_TOKENS || kind == HISTOGRAM_SHARE) {
		put_histogram(b, s);
		return;
	}
	count_put_line(b, s, "", NULL, false);
	put_number(b, kind, atomic_load_explicit(&s->value, memory_order_relaxed));
	strbuf_char(b, '\n');
}

static const char *const TYPES[] = { [COUNTER] = "counter",
	                             [COUNTER_SECONDS] = "counter",
	                             [COUNTER_USD] = "counter",
	                             [GAUGE] = "gauge",
	                             [GAUGE_SECONDS] = "gauge",
	                             [GAUGE_USD] = "gauge",
	                             [HISTOGRAM_SECONDS] = "histogram",
	                             [HISTOGRAM_TOKENS] = "histogram",
	                             [HISTOGRAM_SHARE] = "histogram" };

void counts_write(struct counts *const *all, int n_all, struct strbuf *b)
{
	for (size_t family = 0; family < COUNT_N; family++) {
		const struct family *f = &FAMILIES[family];
		bool is_said = false;
		for (int i = 0; i < n_all; i++) {
			int n = all[i] != NULL ? atomic_load_explicit(&all[i]->n[family], memory_order_acquire) : 0;
			for (int j = 0; j < n; j++) {
				if (!is_said)
					strbuf_addf(b, "# HELP %s %s\n# TYPE %s %s\n", f->name, f->help, f->name, TYPES[f->kind]);
				is_said = true;
				put_series(b, all[i]->by_family[family][j]);
			}
		}
	}
}
