/*
 * The database is queried at most every 5 s, and only for a scrape, on a connection that is closed
 * after the queries: a worker that nobody scrapes has no additional connection. If the database
 * does not answer, its values are left out (an old value would look like a current one) and
 * signalbox_database_up is 0.
 *
 * Cost: tokens are counted when a call ends; the tokens since the last scrape are priced here. A
 * reader cannot distinguish a counter that changes only when it is read from one that changes at
 * once. A new series is first shown as 0: if it appeared with its first tokens, Prometheus would
 * see no increase, and no alert would report a model without a price that is called only once.
 */
#include "worker/api/metrics.h"

#include <dirent.h>
#include <sys/resource.h>
#include <unistd.h>

#include "shared/clock.h"
#include "shared/log.h"
#include "shared/pg.h"
#include "sql_embed.h"
#include "worker/job.h"
#include "worker/api/routes.h"
#include "worker/lacks.h"
#include "worker/telemetry/count.h"
#include "worker/telemetry/process.h"
#include "worker/writer.h"

#define FRESH_USEC (5 * USEC_PER_SEC)
#define TIMEOUT_MS 3000
#define KINDS 3
#define SCRAPER_USEC (3600 * USEC_PER_SEC)

/* Tokens of one agent, provider and model, by KIND. done: priced already; now: counted so far. */
struct priced {
	struct priced *next;
	char *agent, *provider, *model;
	int64_t done[KINDS], now[KINDS];
	bool is_new, is_due;
};

struct metrics {
	const struct services *services;
	struct counts *seen; /* the database's last answer; NULL: it did not answer */
	usec_t seen_at;
	usec_t started; /* wall clock */
	struct priced *priced;
	bool has_said;
};

static const char *const KIND[KINDS] = { "input", "cached", "output" };
static const int PRICE_OF[KINDS] = { COL_METRICS_PRICES_INPUT_PICO, COL_METRICS_PRICES_CACHED_PICO,
	                             COL_METRICS_PRICES_OUTPUT_PICO };

struct metrics *metrics_new(const struct services *services)
{
	struct metrics *m = xcalloc(1, sizeof *m);
	m->services = services;
	m->seen_at = -FRESH_USEC;
	m->started = clock_wall();
	return m;
}

void metrics_free(struct metrics *m)
{
	for (struct priced *p = m->priced, *next; p != NULL; p = next) {
		next = p->next;
		free(p->agent);
		free(p->provider);
		free(p->model);
		free(p);
	}
	counts_free(m->seen);
	free(m);
}

/* ---------------------------------------------------------------- cost */

static void note_tokens(void *ctx, const char *const *labels, int64_t tokens)
{
	struct metrics *m = ctx;
	struct priced *p = m->priced;
	while (p != NULL &&
	       (strcmp(p->agent, labels[0]) != 0 || strcmp(p->provider, labels[1]) != 0 || strcmp(p->model, labels[2]) != 0))
		p = p->next;
	if (p == NULL) {
		p = xcalloc(1, sizeof *p);
		*p = (struct priced){ .next = m->priced,
			              .agent = xstrdup(labels[0]),
			              .provider = xstrdup(labels[1]),
			              .model = xstrdup(labels[2]),
			              .is_new = true };
		m->priced = p;
	}
	for (int k = 0; k < KINDS; k++)
		if (strcmp(labels[3], KIND[k]) == 0)
			p->now[k] = tokens;
	p->is_due = memcmp(p->now, p->done, sizeof p->now) != 0;
}

/* Creates the series of new entries with 0. Their cost is added with the next query. */
static void show_new(struct metrics *m)
{
	struct counts *c = m->services->counts;
	for (struct priced *p = m->priced; p != NULL; p = p->next)
		if (p->is_new) {
			count_add(c, COST, 0, p->agent, p->provider, p->model);
			count_add(c, COST_UNKNOWN, 0, p->agent, p->provider, p->model);
			p->is_new = p->is_due = false;
		}
}

static void add_cost(struct metrics *m, struct priced *p, const struct rows *r, int row)
{
	struct counts *c = m->services->counts;
	int64_t unknown = 0, pico = 0;
	for (int k = 0; k < KINDS; k++) {
		int64_t n = p->now[k] - p->done[k];
		if (row >= 0 && rows_at(r, row, PRICE_OF[k]) != NULL)
			pico += n * rows_int(r, row, PRICE_OF[k], 0);
		else
			unknown += n;
		p->done[k] = p->now[k];
	}
	if (row >= 0)
		count_add(c, COST, pico, p->agent, p->provider, p->model);
	if (unknown > 0)
		count_add(c, COST_UNKNOWN, unknown, p->agent, p->provider, p->model);
}

static int price_tokens(struct metrics *m, struct pg *pg, struct arena *a, struct err *err)
{
	struct strbuf providers = STRBUF_INIT(1 << 18), models = STRBUF_INIT(1 << 18);
	struct rows r;
	int n = 0, result = 0;
	counts_each(m->services->counts, COUNT_TOKENS_BY_KIND, note_tokens, m);
	show_new(m);
	for (struct priced *p = m->priced; p != NULL; p = p->next)
		if (p->is_due) {
			pg_array_add(&providers, p->provider);
			pg_array_add(&models, p->model);
			n++;
		}
	if (n > 0) {
		pg_array_end(&providers);
		pg_array_end(&models);
		const char *params[] = { strbuf_text(&providers), strbuf_text(&models) };
		result = pg_exec(pg, a, sql_worker_metrics_prices, params, 2, TIMEOUT_MS, &r, err);
	}
	n = 0;
	for (struct priced *p = m->priced; result == 0 && p != NULL; p = p->next) {
		int row = p->is_due ? 0 : -1;
		if (!p->is_due)
			continue;
		n++;
		while (row < r.n_rows && rows_int(&r, row, COL_METRICS_PRICES_N, 0) != n)
			row++;
		add_cost(m, p, &r, row < r.n_rows ? row : -1);
		p->is_due = false;
	}
	strbuf_release(&providers);
	strbuf_release(&models);
	return result;
}

/* ---------------------------------------------------------------- the database's view */

static int read_queue(struct counts *c, struct pg *pg, struct arena *a, struct err *err)
{
	static const struct {
		const char *name;
		int column;
	} STATES[] = { { "pending", COL_METRICS_QUEUE_PENDING },
		       { "queued", COL_METRICS_QUEUE_QUEUED },
		       { "processing", COL_METRICS_QUEUE_PROCESSING },
		       { "failed", COL_METRICS_QUEUE_FAILED } };
	struct rows r;
	if (pg_exec(pg, a, sql_worker_metrics_queue, NULL, 0, TIMEOUT_MS, &r, err) < 0)
		return -1;
	if (r.n_rows != 1)
		return err_set(err, ERR_DB, "no queue status");
	for (size_t i = 0; i < ARRAY_SIZE(STATES); i++)
		count_add(c, QUEUE_MESSAGES, rows_int(&r, 0, STATES[i].column, 0), STATES[i].name);
	count_add(c, ENDED_TODAY, rows_int(&r, 0, COL_METRICS_QUEUE_COMPLETED_TODAY, 0), "completed");
	count_add(c, ENDED_TODAY, rows_int(&r, 0, COL_METRICS_QUEUE_FAILED_TODAY, 0), "failed");
	count_add(c, QUEUE_OLDEST, rows_int(&r, 0, COL_METRICS_QUEUE_OLDEST_US, 0), NULL);
	count_add(c, WORKERS_ALIVE, rows_int(&r, 0, COL_METRICS_QUEUE_WORKERS, 0), NULL);
	count_add(c, FLEET_SLOTS, rows_int(&r, 0, COL_METRICS_QUEUE_SLOTS, 0), NULL);
	return 0;
}

static int read_budgets(struct counts *c, struct pg *pg, struct arena *a, struct err *err)
{
	static const struct {
		const char *name;
		int limit, spent;
	} PERIODS[] = { { "day", COL_METRICS_BUDGETS_DAY_PICO, COL_METRICS_BUDGETS_DAY_SPENT },
		        { "month", COL_METRICS_BUDGETS_MONTH_PICO, COL_METRICS_BUDGETS_MONTH_SPENT } };
	struct rows r;
	if (pg_exec(pg, a, sql_worker_metrics_budgets, NULL, 0, TIMEOUT_MS, &r, err) < 0)
		return -1;
	for (int i = 0; i < r.n_rows; i++)
		for (size_t k = 0; k < ARRAY_SIZE(PERIODS); k++) {
			const char *agent = rows_at(&r, i, COL_METRICS_BUDGETS_AGENT);
			if (rows_at(&r, i, PERIODS[k].limit) == NULL)
				continue;
			count_add(c, BUDGET, rows_int(&r, i, PERIODS[k].limit, 0), agent, PERIODS[k].name, "limit");
			count_add(c, BUDGET, rows_int(&r, i, PERIODS[k].spent, 0), agent, PERIODS[k].name, "spent");
		}
	return 0;
}

static int read_breakers(struct counts *c, struct pg *pg, struct arena *a, struct err *err)
{
	struct rows r;
	if (pg_exec(pg, a, sql_worker_metrics_breakers, NULL, 0, TIMEOUT_MS, &r, err) < 0)
		return -1;
	for (int i = 0; i < r.n_rows; i++)
		count_add(c, BREAKER_STATE, rows_int(&r, i, COL_METRICS_BREAKERS_STATE, 0),
		          rows_at(&r, i, COL_METRICS_BREAKERS_PROVIDER));
	return 0;
}

/* Queries the database in separate parts: a part that fails, for example on a schema older than
 * ours, must not hide the others. */
static void metrics_look(struct metrics *m)
{
	static int (*const PARTS[])(struct counts *, struct pg *, struct arena *, struct err *) = { read_budgets, read_breakers };
	struct arena a = ARENA_INIT;
	struct counts *c = counts_new();
	struct pg *pg = NULL;
	struct err err, why;
	int failed = 0;
	char text[300];
	bool is_up = pg_connect(&pg, m->services->options->database_url, "signalbox-worker metrics", "-c statement_timeout=2500",
	                        TIMEOUT_MS, &err) == 0 &&
	             read_queue(c, pg, &a, &err) == 0;
	for (size_t i = 0; is_up && !pg_is_broken(pg) && i <= ARRAY_SIZE(PARTS); i++)
		if ((i < ARRAY_SIZE(PARTS) ? PARTS[i](c, pg, &a, &why) : price_tokens(m, pg, &a, &why)) < 0) {
			failed++;
			err = why;
		}
	pg_close(pg);
	arena_release(&a);
	if ((!is_up || failed > 0) && !m->has_said)
		log_event(LOG_WARN, "metrics of the database are missing", "why=%s", log_quote(err.msg, text, sizeof text));
	m->has_said = !is_up || failed > 0;
	if (!is_up) {
		counts_free(c);
		c = NULL;
	}
	counts_free(m->seen);
	m->seen = c;
	/* After the query: a scrape that came meanwhile must not query again. */
	m->seen_at = clock_mono();
}

/* ---------------------------------------------------------------- this process */

static int open_fds(void)
{
	int n = 0;
	DIR *d = opendir("/proc/self/fd");
	if (d == NULL)
		return -1;
	for (const struct dirent *e; (e = readdir(d)) != NULL;)
		n += e->d_name[0] != '.';
	closedir(d);
	return n - 1; /* without the descriptor of this directory */
}

static void look_at_process(const struct metrics *m, struct counts *c)
{
	struct rusage u;
	struct rlimit files;
	struct process_memory memory;
	if (process_memory(&memory)) {
		count_add(c, VIRTUAL, memory.virtual, NULL);
		count_add(c, RESIDENT, memory.resident, NULL);
	}
	getrusage(RUSAGE_SELF, &u);
	count_add(c, CPU, (u.ru_utime.tv_sec + u.ru_stime.tv_sec) * USEC_PER_SEC + u.ru_utime.tv_usec + u.ru_stime.tv_usec, NULL);
	int n = open_fds();
	if (n >= 0)
		count_add(c, OPEN_FDS, n, NULL);
	if (getrlimit(RLIMIT_NOFILE, &files) == 0 && files.rlim_cur != RLIM_INFINITY)
		count_add(c, MAX_FDS, (int64_t)files.rlim_cur, NULL);
	count_add(c, START_TIME, m->started, NULL);
	count_add(c, IN_FLIGHT, jobs_in_flight(m->services->jobs), NULL);
	count_add(c, SLOTS, m->services->options->concurrency, NULL);
	count_add(c, SECRETS_MISSING, atomic_load(&m->services->lacks->missing), NULL);
	count_add(c, RECORDS_KEPT, writer_kept(m->services->writer), NULL);
	count_add(c, DATABASE_UP, m->seen != NULL, NULL);
}

void metrics_write(struct metrics *m, bool is_ready, struct strbuf *b)
{
	if (clock_mono() - m->seen_at >= FRESH_USEC)
		metrics_look(m);
	struct counts *own = counts_new();
	look_at_process(m, own);
	count_add(own, READY, is_ready, NULL);
	counts_write((struct counts *[]){ m->services->counts, m->seen, own }, 3, b);
	counts_free(own);
}

/* Who was let in before is let in for an hour although the database does not answer: then metrics are needed most. */
static bool may_scrape(struct api *api, const struct request *request, struct reply_http *r)
{
	struct arena a = ARENA_INIT;
	struct rows rows;
	const char *params[] = { request->token, ask_local(request), "metrics" };
	bool is = request->is_local || ask(api, request, &a, sql_worker_http_may, params, 3, &rows, r) == 0;
	arena_release(&a);
	if (request->token == NULL)
		return is;
	pthread_mutex_lock(&api->metrics_lock);
	if (is) {
		snprintf(api->scraper, sizeof api->scraper, "%s", request->token);
		api->scraper_until = clock_mono() + SCRAPER_USEC;
	} else if (r->status == 503) {
		is = clock_mono() < api->scraper_until && strcmp(api->scraper, request->token) == 0;
	}
	pthread_mutex_unlock(&api->metrics_lock);
	return is;
}

enum route_end get_metrics(void *ctx, struct request *request, struct reply_http *r)
{
	struct api *api = ctx;
	char why[120];
	if (!may_scrape(api, request, r))
		return ROUTE_DONE;
	r->status = 200;
	r->type = COUNTS_TYPE;
	r->n_headers = 0;
	strbuf_clear(&r->body);
	pthread_mutex_lock(&api->metrics_lock);
	metrics_write(api->metrics, api->ready.ask(api->ready.ctx, why), &r->body);
	pthread_mutex_unlock(&api->metrics_lock);
	return ROUTE_DONE;
}
