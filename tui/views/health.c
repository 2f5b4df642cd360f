/* Health: the providers, the state and the past events of their breakers, the workers, and the requests over HTTP.
 * Three panes, of which the last two share a place; breakers belong to providers. */
#include "tui/format.h"
#include "tui/i18n.h"
#include "tui/view.h"
#include "tui/views/facts.h"
#include "tui/views/requests.h"

static const struct list_sort PROVIDER_SORTS[] = { { N_("provider"), COL_PROVIDERS_SLUG, true, false },
	                                           { N_("failures"), COL_PROVIDERS_ERRORS_5M, false, true },
	                                           { N_("p95"), COL_PROVIDERS_P95_MS, false, true },
	                                           { N_("held"), COL_PROVIDERS_HELD, false, true } };
static const struct list_sort WORKER_SORTS[] = { { N_("worker"), COL_WORKERS_NAME, true, false },
	                                         { N_("busy"), COL_WORKERS_RUNNING, false, true },
	                                         { N_("done"), COL_WORKERS_PER_MINUTE, false, true },
	                                         { N_("lease"), COL_WORKERS_LEASE, false, false } };

struct health_view {
	struct list providers, workers, requests;
	enum { IN_PROVIDERS, IN_WORKERS, IN_REQUESTS, PANES } pane; /* which has the cursor */
};

static struct list *pane_list(struct health_view *h)
{
	return h->pane == IN_PROVIDERS ? &h->providers : h->pane == IN_WORKERS ? &h->workers : &h->requests;
}

enum { P_C_SLUG, P_C_BREAKER, P_C_FAIL, P_C_P95, P_C_LEFT, P_C_QUOTA, P_C_BUSY, P_C_HELD, P_C_ERROR, P_COLUMNS };
static const struct column PROVIDER_COLUMNS[P_COLUMNS] = {
	[P_C_SLUG] = { "PROVIDER", 12, 16, 0, false },    [P_C_BREAKER] = { "BREAKER", 22, 24, 0, false },
	[P_C_FAIL] = { "FAIL 5m", 9, 12, 60, true },      [P_C_P95] = { "P95", 5, 6, 70, true },
	[P_C_LEFT] = { "LIMIT LEFT", 0, 17, 110, false }, [P_C_QUOTA] = { "QUOTA", 5, 5, 60, true },
	[P_C_BUSY] = { "BUSY", 0, 5, 110, true },         [P_C_HELD] = { "HELD", 5, 5, 60, true },
	[P_C_ERROR] = { "LAST ERROR", 0, 0, 76, false },
};

enum { C_NAME, C_STATE, C_BUSY, C_MESSAGE, C_DONE, C_LEASE, C_UP, C_RSS, C_VERSION, C_AGENTS, W_COLUMNS };
static const struct column WORKER_COLUMNS[W_COLUMNS] = {
	[C_NAME] = { "WORKER", 18, 24, 0, false },
	[C_STATE] = { "STATE", 8, 9, 0, false },
	[C_BUSY] = { "BUSY", 8, 9, 40, true },
	[C_MESSAGE] = { "OLDEST MESSAGE", 18, 28, 80, false },
	[C_DONE] = { "DONE/m", 6, 7, 60, true },
	[C_LEASE] = { "LEASE", 5, 6, 70, true },
	[C_UP] = { "UP", 6, 7, 70, true },
	[C_RSS] = { "RSS", 0, 6, 100, true },
	[C_VERSION] = { "VERSION", 0, 8, 120, false },
	[C_AGENTS] = { "AGENTS", 0, 0, 130, false },
};

/* Seconds that are left now, if `then` seconds were left when the screen was read. */
static double now_left(const struct ui *ui, double then)
{
	return then - (double)((ui->now - ui->snap->as_of) / USEC_PER_SEC);
}

static const char *health_breaker_text(struct ui *ui, const struct block *b, int row, char *buf, enum style *style)
{
	char time[FORMAT_MAX];
	const char *state = block_at(b, row, COL_PROVIDERS_BREAKER);
	double left = now_left(ui, block_double(b, row, COL_PROVIDERS_SECONDS, 0));
	*style = S_CRIT;
	if (strcmp(state, "open") == 0 && left > 0)
		snprintf(buf, 64, _("OPEN, probe in %s"), format_duration(left, time));
	else if (strcmp(state, "open") == 0)
		snprintf(buf, 64, "%s", _("OPEN, next one tries"));
	else if (strcmp(state, "probing") == 0)
		snprintf(buf, 64, "%s", _("HALF-OPEN, one tries"));
	else if (strcmp(state, "parked") == 0)
		snprintf(buf, 64, _("PARKED %s"), format_duration(MAX(left, 0), time));
	else if (strcmp(state, "forced open") == 0)
		snprintf(buf, 64, "%s", _("FORCED OPEN"));
	else
		snprintf(buf, 64, "%s", strcmp(state, "closed") == 0 ? _("closed") : _("forced closed"));
	if (strcmp(state, "closed") == 0)
		*style = S_OK;
	else if (strcmp(state, "parked") == 0 || strcmp(state, "forced closed") == 0)
		*style = S_WARN;
	return buf;
}

static const char *health_ago(struct ui *ui, usec_t at, char *buf)
{
	char time[FORMAT_MAX];
	snprintf(buf, 64, _("%s ago"), format_duration((double)(MAX(0, ui->now - at) / USEC_PER_SEC), time));
	return buf;
}

/* What is left of the provider's rate limits, as its response headers said. */
static const char *left_text(const struct block *b, int row, char *buf, enum style *style)
{
	int64_t requests = block_int(b, row, COL_PROVIDERS_LEFT_REQUESTS, -1),
		tokens = block_int(b, row, COL_PROVIDERS_LEFT_TOKENS, -1);
	int at = 0;
	buf[0] = '\0';
	if (tokens >= 0)
		at = snprintf(buf, 64, _("tok %lld%% "), (long long)tokens);
	if (requests >= 0)
		snprintf(buf + at, 64 - (size_t)at, _("req %lld%%"), (long long)requests);
	if ((requests >= 0 && requests < 15) || (tokens >= 0 && tokens < 15))
		*style = S_WARN;
	return buf[0] != '\0' ? buf : _("none told");
}

static struct str provider_cell(const struct list_row *r, int column, char *buf, enum style *style, void *ctx)
{
	struct ui *ui = ctx;
	const struct block *b = r->block;
	int row = r->row;
	double quota = block_double(b, row, COL_PROVIDERS_DAILY_TOKENS, 0);
	switch (column) {
	case P_C_SLUG:
		return block_str(b, row, COL_PROVIDERS_SLUG);
	case P_C_BREAKER:
		return str_of(health_breaker_text(ui, b, row, buf, style));
	case P_C_FAIL:
		snprintf(buf, 64, _("%s of %s"), block_at(b, row, COL_PROVIDERS_ERRORS_5M),
		         block_at(b, row, COL_PROVIDERS_CALLS_5M));
		if (block_int(b, row, COL_PROVIDERS_ERRORS_5M, 0) > 0)
			*style = S_WARN;
		return str_of(block_int(b, row, COL_PROVIDERS_CALLS_5M, 0) > 0 ? buf : "-");
	case P_C_P95:
		return str_of(format_latency(block_double(b, row, COL_PROVIDERS_P95_MS, -1000) / 1000, buf));
	case P_C_LEFT:
		return str_of(left_text(b, row, buf, style));
	case P_C_BUSY:
		return str_of(format_count(block_double(b, row, COL_PROVIDERS_BUSY, 0), buf));
	case P_C_QUOTA:
		if (quota == 0)
			return STR("-");
		snprintf(buf, 64, "%.0f%%", MIN(999.0, 100 * block_double(b, row, COL_PROVIDERS_TOKENS_TODAY, 0) / quota));
		return str_of(buf);
	case P_C_HELD:
		if (block_int(b, row, COL_PROVIDERS_HELD, 0) > 0)
			*style = S_CRIT;
		return str_of(format_count(block_double(b, row, COL_PROVIDERS_HELD, 0), buf));
	default:
		return block_at(b, row, COL_PROVIDERS_LAST_ERROR) != NULL ? block_str(b, row, COL_PROVIDERS_LAST_ERROR)
		                                                          : STR("-");
	}
}

/* A message whose record is being written still runs, but holds no slot of its worker any more. */
static int64_t busy_slots(const struct block *b, int row)
{
	return MIN(block_int(b, row, COL_WORKERS_RUNNING, 0), block_int(b, row, COL_WORKERS_SLOTS, 0));
}

static struct str worker_cell(const struct list_row *r, int column, char *buf, enum style *style, void *ctx)
{
	struct ui *ui = ctx;
	const struct block *b = r->block;
	int row = r->row;
	const char *s = block_at(b, row, COL_WORKERS_STATE);
	double left = now_left(ui, block_double(b, row, COL_WORKERS_LEASE, 0)), since;
	char time[FORMAT_MAX];
	switch (column) {
	case C_NAME:
		return block_str(b, row, COL_WORKERS_NAME);
	case C_STATE:
		*style = strcmp(s, "STALE") == 0 ? S_CRIT : strcmp(s, "draining") == 0 ? S_WARN : S_OK;
		return str_of(s);
	case C_BUSY:
		snprintf(buf, 64, _("%lld of %s"), (long long)busy_slots(b, row), block_at(b, row, COL_WORKERS_SLOTS));
		return str_of(buf);
	case C_DONE:
		snprintf(buf, 64, "%.1f", block_double(b, row, COL_WORKERS_PER_MINUTE, 0));
		return str_of(buf);
	case C_LEASE:
		return str_of(left > 0 ? format_duration(left, buf) : _("gone"));
	case C_UP:
		return str_of(
			format_duration((double)(MAX(0, ui->now - block_time(b, row, COL_WORKERS_STARTED)) / USEC_PER_SEC), buf));
	case C_MESSAGE:
		if (block_at(b, row, COL_WORKERS_MESSAGE) == NULL)
			return STR("-");
		since = (double)(MAX(0, ui->now - block_time(b, row, COL_WORKERS_MESSAGE_SINCE)) / USEC_PER_SEC);
		snprintf(buf, 64, "%s %.24s %s", block_at(b, row, COL_WORKERS_MESSAGE),
		         block_at(b, row, COL_WORKERS_MESSAGE_AGENT), format_duration(since, time));
		return str_of(buf);
	case C_RSS:
		if (block_at(b, row, COL_WORKERS_RSS) == NULL)
			return STR("?");
		snprintf(buf, 64, "%lldM", (long long)(block_int(b, row, COL_WORKERS_RSS, 0) >> 20));
		return str_of(buf);
	case C_VERSION:
		return block_str(b, row, COL_WORKERS_VERSION);
	default:
		return block_at(b, row, COL_WORKERS_AGENTS) != NULL ? block_str(b, row, COL_WORKERS_AGENTS) : str_of(_("all"));
	}
}

static void health_init(struct view *v)
{
	struct health_view *h = xcalloc(1, sizeof *h);
	list_init(&h->providers);
	list_init(&h->workers);
	h->providers.sorts = PROVIDER_SORTS;
	h->providers.n_sorts = ARRAY_SIZE(PROVIDER_SORTS);
	h->workers.sorts = WORKER_SORTS;
	h->workers.n_sorts = ARRAY_SIZE(WORKER_SORTS);
	requests_init(&h->requests);
	v->state = h;
}

static void health_release(struct view *v)
{
	struct health_view *h = v->state;
	list_release(&h->providers);
	list_release(&h->workers);
	list_release(&h->requests);
	free(h);
}

static void health_want(struct view *v, struct want *w)
{
	(void)v;
	w->blocks |= 1u << BLOCK_PROVIDERS | 1u << BLOCK_EVENTS | 1u << BLOCK_WORKERS | 1u << BLOCK_REQUESTS | 1u << BLOCK_POSTGRES;
}

static void health_bind(struct view *v, const struct snapshot *s)
{
	struct health_view *h = v->state;
	if (s->blocks[BLOCK_PROVIDERS] != NULL)
		list_bind(&h->providers, s->blocks[BLOCK_PROVIDERS], COL_PROVIDERS_SLUG, 1, -1);
	if (s->blocks[BLOCK_WORKERS] != NULL)
		list_bind(&h->workers, s->blocks[BLOCK_WORKERS], COL_WORKERS_ID, 1, -1);
	requests_bind(&h->requests, s);
}

/* ---- the provider under the cursor */

static void draw_facts(struct ui *ui, const struct list_row *r, int y)
{
	struct screen *s = ui->screen;
	const struct block *b = r->block;
	char text[160], used[FORMAT_MAX], all[FORMAT_MAX];
	int row = r->row, x = facts_line(s, y, _("address"));
	fact(s, y, &x, "", S_PLAIN, block_str(b, row, COL_PROVIDERS_PROTOCOL));
	fact(s, y, &x, _("agents"), S_PLAIN, block_str(b, row, COL_PROVIDERS_AGENTS));
	fact(s, y, &x, _("key"), S_PLAIN,
	     block_at(b, row, COL_PROVIDERS_KEY_ENV) != NULL ? block_str(b, row, COL_PROVIDERS_KEY_ENV) : str_of(_("none")));
	if (screen_width(s) < PROVIDER_COLUMNS[P_C_LEFT].from) { /* no column shows them */
		enum style style = S_PLAIN;
		if (block_at(b, row, COL_PROVIDERS_LEFT_REQUESTS) != NULL ||
		    block_at(b, row, COL_PROVIDERS_LEFT_TOKENS) != NULL) {
			left_text(b, row, text, &style);
			fact(s, y, &x, _("left"), style, str_of(text));
		}
		if (block_int(b, row, COL_PROVIDERS_BUSY, 0) > 0)
			fact(s, y, &x, _("busy"), S_PLAIN, block_str(b, row, COL_PROVIDERS_BUSY));
	}
	fact_rest(s, y, x, S_PLAIN, block_str(b, row, COL_PROVIDERS_BASE_URL));
	x = facts_line(s, y + 1, _("quota"));
	format_count(block_double(b, row, COL_PROVIDERS_TOKENS_TODAY, 0), used);
	if (block_at(b, row, COL_PROVIDERS_DAILY_TOKENS) == NULL)
		snprintf(text, sizeof text, _("%s tokens today, no limit"), used);
	else
		snprintf(text, sizeof text, _("%s of %s tokens today (day of %s)"), used,
		         format_count(block_double(b, row, COL_PROVIDERS_DAILY_TOKENS, 0), all),
		         block_at(b, row, COL_PROVIDERS_TIMEZONE));
	fact(s, y + 1, &x, "", S_PLAIN, str_of(text));
	snprintf(text, sizeof text, _("%s of %s"), block_at(b, row, COL_PROVIDERS_ERRORS_HOUR),
	         block_at(b, row, COL_PROVIDERS_CALLS_HOUR));
	fact(s, y + 1, &x, _("failed in 1h"), block_int(b, row, COL_PROVIDERS_ERRORS_HOUR, 0) > 0 ? S_WARN : S_PLAIN,
	     str_of(text));
	fact(s, y + 1, &x, _("first text"), S_PLAIN,
	     str_of(format_latency(block_double(b, row, COL_PROVIDERS_TTFT_MS, -1000) / 1000, text)));
	x = facts_line(s, y + 2, _("error"));
	if (block_at(b, row, COL_PROVIDERS_LAST_ERROR) == NULL) {
		fact_rest(s, y + 2, x, S_DIM, str_of(_("none within the hour")));
	} else {
		if (block_at(b, row, COL_PROVIDERS_ERROR_AT) != NULL)
			fact(s, y + 2, &x, "", S_PLAIN, str_of(health_ago(ui, block_time(b, row, COL_PROVIDERS_ERROR_AT), text)));
		fact_rest(s, y + 2, x, S_PLAIN, block_str(b, row, COL_PROVIDERS_LAST_ERROR));
	}
}

/* Draws the breaker's state and its reason, then its past events, newest first. */
static void draw_breaker(struct ui *ui, const struct list_row *r, int y, int height)
{
	struct screen *s = ui->screen;
	const struct block *e = ui->snap->blocks[BLOCK_EVENTS];
	const char *slug = block_at(r->block, r->row, COL_PROVIDERS_SLUG);
	char text[64], hms[16];
	enum style style;
	int x = facts_line(s, y, _("breaker")), end = y + height;
	health_breaker_text(ui, r->block, r->row, text, &style);
	fact(s, y, &x, "", style, str_of(text));
	if (block_at(r->block, r->row, COL_PROVIDERS_REASON) != NULL)
		fact_rest(s, y, x, S_PLAIN, block_str(r->block, r->row, COL_PROVIDERS_REASON));
	y++;
	if (y < end)
		facts_line(s, y, _("before"));
	int first = y;
	for (int i = 0; e != NULL && i < e->n_rows && y < end; i++) {
		if (strcmp(block_at(e, i, COL_BREAKER_EVENTS_PROVIDER), slug) != 0)
			continue;
		usec_t at = block_time(e, i, COL_BREAKER_EVENTS_AT);
		x = FACTS_X;
		fact(s, y, &x, "", S_DIM,
		     ui->now - at < 86400 * USEC_PER_SEC ? str_of(clock_hms(at, hms)) : str_of(health_ago(ui, at, text)));
		fact(s, y, &x, "", S_BOLD, block_str(e, i, COL_BREAKER_EVENTS_EVENT));
		if (block_at(e, i, COL_BREAKER_EVENTS_MODEL)[0] != '\0')
			fact(s, y, &x, "", S_PLAIN, block_str(e, i, COL_BREAKER_EVENTS_MODEL));
		if (block_at(e, i, COL_BREAKER_EVENTS_DETAIL) != NULL)
			fact_rest(s, y, x, S_PLAIN, block_str(e, i, COL_BREAKER_EVENTS_DETAIL));
		y++;
	}
	if (y == first && y < end)
		screen_put(s, y, FACTS_X, -1, S_DIM, _("it never opened in the last 30 days"));
}

static void draw_title(struct ui *ui, const struct health_view *h)
{
	struct screen *s = ui->screen;
	char right[64];
	int held = 0, x = 1 + screen_put(s, ui->top, 1, -1, S_BOLD, _("Health")) + 2;
	x += screen_putf(s, ui->top, x, -1, S_DIM, _("providers   sort %s%s"), _(PROVIDER_SORTS[h->providers.sort].name),
	                 h->providers.is_reversed ? " (O)" : "");
	for (int i = 0; i < h->providers.n; i++) {
		const char *state = block_at(h->providers.rows[i].block, h->providers.rows[i].row, COL_PROVIDERS_BREAKER);
		held += strcmp(state, "closed") != 0 && strcmp(state, "forced closed") != 0;
	}
	snprintf(right, sizeof right, _("providers: %d, held: %d"), h->providers.n, held);
	int at = screen_width(s) - (int)strlen(right) - 1;
	if (at > x)
		screen_put(s, ui->top, at, -1, held > 0 ? S_WARN : S_DIM, right);
}

static void draw_workers_rule(struct ui *ui, const struct health_view *h, int y)
{
	char label[100];
	int64_t busy = 0, slots = 0, stale = 0;
	int n = 0;
	for (int i = 0; i < h->workers.n; i++) {
		const struct list_row *r = &h->workers.rows[i];
		if (r->is_ghost)
			continue;
		n++;
		busy += busy_slots(r->block, r->row);
		slots += block_int(r->block, r->row, COL_WORKERS_SLOTS, 0);
		stale += strcmp(block_at(r->block, r->row, COL_WORKERS_STATE), "STALE") == 0;
	}
	snprintf(label, sizeof label, _("workers: %d, %lld of %lld slots busy, sort %s%s"), n, (long long)busy, (long long)slots,
	         _(WORKER_SORTS[h->workers.sort].name), h->workers.is_reversed ? " (O)" : "");
	if (stale > 0)
		snprintf(label + strlen(label), sizeof label - strlen(label), _(", %lld stale"), (long long)stale);
	screen_rule(ui->screen, y, 0, -1, label);
}

static void draw_postgres(struct ui *ui, int y)
{
	struct screen *s = ui->screen;
	const struct block *b = ui->snap->blocks[BLOCK_POSTGRES];
	char text[64], time[FORMAT_MAX];
	int x = facts_line(s, y, _("postgres"));
	if (b == NULL || b->n_rows == 0)
		return;
	fact(s, y, &x, "", S_PLAIN, block_str(b, 0, COL_POSTGRES_VERSION));
	fact(s, y, &x, _("console reads in"), S_PLAIN, str_of(format_latency((double)ui->snap->took / USEC_PER_SEC, text)));
	fact(s, y, &x, "LISTEN", ui->snap->is_listening ? S_OK : S_WARN,
	     str_of(ui->snap->is_listening ? _("ok") : _("no: polling")));
	snprintf(text, sizeof text, "%s/%s", block_at(b, 0, COL_POSTGRES_CONNECTIONS),
	         block_at(b, 0, COL_POSTGRES_MAX_CONNECTIONS));
	fact(s, y, &x, _("connections"),
	     10 * block_int(b, 0, COL_POSTGRES_CONNECTIONS, 0) > 9 * block_int(b, 0, COL_POSTGRES_MAX_CONNECTIONS, 0) ? S_WARN
	                                                                                                              : S_PLAIN,
	     str_of(text));
	if (block_at(b, 0, COL_POSTGRES_LAG) != NULL)
		fact(s, y, &x, _("replica lag"), S_PLAIN, str_of(format_latency(block_double(b, 0, COL_POSTGRES_LAG, 0), time)));
	/* A transaction that is open for minutes keeps dead rows in every table; signalbox doctor
	 * names its session. */
	double oldest = block_double(b, 0, COL_POSTGRES_OLDEST, 0);
	if (oldest > 60)
		fact(s, y, &x, _("oldest transaction"), S_WARN, str_of(format_duration(oldest, time)));
}

/* The first worker that is stale, else the first that drains; NULL: none. */
static const struct list_row *noted_worker(const struct health_view *h)
{
	static const char *const STATES[] = { "STALE", "draining" };
	for (size_t s = 0; s < ARRAY_SIZE(STATES); s++)
		for (int i = 0; i < h->workers.n; i++) {
			const struct list_row *r = &h->workers.rows[i];
			if (!r->is_ghost && strcmp(block_at(r->block, r->row, COL_WORKERS_STATE), STATES[s]) == 0)
				return r;
		}
	return NULL;
}

/* Draws what happens to the worker, and why. */
static void draw_note(struct ui *ui, const struct list_row *r, int y)
{
	const char *who = block_at(r->block, r->row, COL_WORKERS_DRAIN_BY);
	bool is_stale = strcmp(block_at(r->block, r->row, COL_WORKERS_STATE), "STALE") == 0;
	int x = 2 + screen_text(ui->screen, y, 1, screen_width(ui->screen) / 2, S_WARN,
	                        block_str(r->block, r->row, COL_WORKERS_NAME));
	x += screen_put(ui->screen, y, x, -1, S_WARN,
	                is_stale ? _("missed its heartbeats; the next tick gives its messages back")
	                         : _("ends when it is done with what it runs"));
	if (!is_stale && who != NULL) {
		x += 1 + screen_put(ui->screen, y, x, -1, S_WARN, _(", asked by"));
		screen_text(ui->screen, y, x, MAX(0, screen_width(ui->screen) - x - 1), S_WARN, str_of(who));
	}
}

static void draw_workers(struct ui *ui, struct health_view *h, int y, int height)
{
	const struct list_style look = { WORKER_COLUMNS, W_COLUMNS, worker_cell, ui };
	draw_workers_rule(ui, h, y);
	if (h->workers.n == 0 && ui->snap->blocks[BLOCK_WORKERS] != NULL)
		screen_put(ui->screen, y + 2, 2, -1, S_DIM, _("no worker is alive: start signalbox-worker; messages wait until then"));
	list_draw(&h->workers, ui->screen, y + 1, height - 1, &look, h->pane == IN_WORKERS);
}

static void health_draw(struct view *v, struct ui *ui)
{
	struct health_view *h = v->state;
	struct screen *s = ui->screen;
	const struct list_style providers = { PROVIDER_COLUMNS, P_COLUMNS, provider_cell, ui };
	const struct list_row *r = list_current(&h->providers);
	int rows = ui->bottom - ui->top - 1, y = ui->top + 1;
	/* A third of the lines for the providers, a third for the details of one, the rest for the
	 * workers. */
	int height = MIN(MAX(h->providers.n, 1), MAX(2, rows / 3 - 2)) + 1, detail = rows >= 16 ? MAX(3, rows / 3) + 1 : 0;
	draw_title(ui, h);
	if (h->providers.n == 0 && ui->snap->blocks[BLOCK_PROVIDERS] != NULL)
		screen_put(s, y + 1, 2, -1, S_DIM,
		           _("there is no provider yet: signalbox provider SLUG set protocol=P base_url=URL"));
	list_draw(&h->providers, s, y, height, &providers, h->pane == IN_PROVIDERS);
	y += height;
	if (detail > 0 && r != NULL) {
		screen_rule(s, y, 0, -1, block_at(r->block, r->row, COL_PROVIDERS_SLUG));
		draw_facts(ui, r, y + 1);
		draw_breaker(ui, r, y + 4, detail - 4);
		y += detail;
	}
	int foot = ui->bottom;
	if (ui->bottom - y >= 6 && noted_worker(h) != NULL)
		draw_note(ui, noted_worker(h), --foot);
	if (ui->bottom - y >= 7 && h->pane != IN_REQUESTS)
		foot -= requests_fact(ui, foot - 1);
	if (ui->bottom - y >= 6)
		draw_postgres(ui, --foot);
	if (h->pane == IN_REQUESTS)
		requests_draw(&h->requests, ui, y, foot - y, true);
	else
		draw_workers(ui, h, y, foot - y);
}

/* ---- setting a breaker by hand */

static struct question *force(struct ui *ui, const char *slug, const char *becomes, const char *title)
{
	const char *args[sql_tui_act_breaker_args] = { [ARG_ACT_BREAKER_PROVIDER] = slug,
		                                       [ARG_ACT_BREAKER_BECOMES] = becomes,
		                                       [ARG_ACT_BREAKER_ACTOR] = ui->operator_name };
	struct question *q = xcalloc(1, sizeof *q);
	snprintf(q->title, sizeof q->title, title, slug);
	q->yes = action_new(ACT_FORCE, slug, args);
	return q;
}

static void ask_breaker(struct ui *ui, const struct list_row *r)
{
	const char *slug = block_at(r->block, r->row, COL_PROVIDERS_SLUG);
	char text[64];
	enum style style;
	if (!ui_may_act(ui))
		return;
	struct question *menu = xcalloc(1, sizeof *menu), *q;
	snprintf(menu->title, sizeof menu->title, _("Breaker of %.40s"), slug);
	snprintf(menu->lines[menu->n_lines++], sizeof menu->lines[0], _("now: %s; %s messages wait for it"),
	         health_breaker_text(ui, r->block, r->row, text, &style), block_at(r->block, r->row, COL_PROVIDERS_HELD));
	question_say(menu, "");
	q = force(ui, slug, "open", _("Force %.40s open"));
	question_say(q, _("No worker calls it until it is freed. Agents go on with the rest of their"));
	question_say(q, _("chain; who has no other route waits, and nothing fails."));
	snprintf(q->word, sizeof q->word, "%s", slug);
	question_offer(menu, 'o', _("force open: nobody calls it"), q);
	q = force(ui, slug, "closed", _("Force %.40s closed"));
	question_say(q, _("It is called whatever happens: failures and limits do not stop the calls,"));
	question_say(q, _("until it is freed. What fails then costs tries."));
	snprintf(q->word, sizeof q->word, "%s", slug);
	question_offer(menu, 'c', _("force closed: it is called whatever happens"), q);
	q = force(ui, slug, "auto", _("Free %.40s"));
	question_say(q, _("All that is known of it is forgotten; its calls decide again."));
	question_offer(menu, 'a', _("auto: free it, its calls decide again"), q);
	ui_ask_take(ui, menu);
}

/* The word to type for a drain: the worker's name or, if it is not printable ASCII, the beginning
 * of its id. */
static void put_word(const struct list_row *r, char word[static 64])
{
	const char *name = block_at(r->block, r->row, COL_WORKERS_NAME);
	size_t len = strlen(name);
	bool can_type = len > 0 && len < 64;
	for (size_t i = 0; can_type && i < len; i++)
		can_type = name[i] > ' ' && name[i] <= '~';
	snprintf(word, 64, can_type ? "%s" : "%.8s", can_type ? name : block_at(r->block, r->row, COL_WORKERS_ID));
}

static void ask_drain(struct ui *ui, const struct list_row *r)
{
	const char *name = block_at(r->block, r->row, COL_WORKERS_NAME);
	const char *args[sql_tui_act_drain_args] = {
		[ARG_ACT_DRAIN_WORKER] = block_at(r->block, r->row, COL_WORKERS_ID), [ARG_ACT_DRAIN_ACTOR] = ui->operator_name
	};
	char text[160];
	if (!ui_may_act(ui))
		return;
	struct question *q = xcalloc(1, sizeof *q);
	snprintf(q->title, sizeof q->title, _("Drain %.50s"), name);
	snprintf(text, sizeof text, _("It runs %s messages, takes no more, and ends: as a SIGTERM would."),
	         block_at(r->block, r->row, COL_WORKERS_RUNNING));
	question_say(q, text);
	question_say(q, _("What it cannot finish in time goes back to the queue and burns no try."));
	put_word(r, q->word);
	q->yes = action_new(ACT_DRAIN, name, args);
	ui_ask_take(ui, q);
}

static void open_queue(struct ui *ui, const char *field, const char *value)
{
	ui_open(ui, VIEW_QUEUE, NULL);
	ui_filter_by(ui, field, value);
}

static bool health_command(struct view *v, struct ui *ui, enum cmd cmd)
{
	struct health_view *h = v->state;
	const struct list_row *p = list_current(&h->providers), *w = list_current(&h->workers);
	switch (cmd) {
	case CMD_other_pane:
		h->pane = (h->pane + 1) % PANES;
		return true;
	case CMD_breaker:
		if (p != NULL && h->pane == IN_PROVIDERS)
			ask_breaker(ui, p);
		else
			ui_say(ui, "%s", _("Tab to the providers, then b is for the one under the cursor"));
		return true;
	case CMD_drain:
		if (w != NULL && h->pane == IN_WORKERS)
			ask_drain(ui, w);
		else
			ui_say(ui, "%s", _("Tab to the workers, then K drains the one under the cursor"));
		return true;
	case CMD_open:
		if (h->pane == IN_WORKERS && w != NULL)
			open_queue(ui, "worker", block_at(w->block, w->row, COL_WORKERS_NAME));
		else if (h->pane == IN_PROVIDERS && p != NULL)
			open_queue(ui, "prov", block_at(p->block, p->row, COL_PROVIDERS_SLUG));
		else if (h->pane == IN_REQUESTS && list_current(&h->requests) != NULL && requests_agent(list_current(&h->requests)) != NULL)
			open_queue(ui, "agent", requests_agent(list_current(&h->requests)));
		return true;
	default:
		if (!list_command(pane_list(h), cmd))
			return false;
		if (cmd == CMD_sort || cmd == CMD_reverse)
			health_bind(v, ui->snap);
		return true;
	}
}

static struct copied health_copy(struct view *v, int kind)
{
	struct health_view *h = v->state;
	const struct list_row *r = list_current(pane_list(h));
	if (r == NULL || (h->pane != IN_PROVIDERS && kind == 'e'))
		return (struct copied){ 0 };
	if (h->pane == IN_REQUESTS)
		return (struct copied){ .text = str_of(requests_agent(r) != NULL ? requests_agent(r) : "") };
	if (h->pane == IN_WORKERS)
		return (struct copied){ .text = block_str(r->block, r->row, kind == 'i' ? COL_WORKERS_ID : COL_WORKERS_NAME) };
	return (struct copied){ .text = block_str(r->block, r->row,
		                                  kind == 'e' ? COL_PROVIDERS_LAST_ERROR : COL_PROVIDERS_SLUG) };
}

const struct view_ops view_health = { .init = health_init,
	                              .release = health_release,
	                              .want = health_want,
	                              .bind = health_bind,
	                              .draw = health_draw,
	                              .command = health_command,
	                              .copy = health_copy };
