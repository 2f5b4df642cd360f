/* Agents: what each does, how fast, and what it costs today. */
#include "tui/format.h"
#include "tui/i18n.h"
#include "tui/view.h"
#include "tui/views/facts.h"

struct agents_view {
	struct list list;
};

enum { C_AGENT, C_STATE, C_QUEUED, C_RUN, C_RATE, C_SPARK, C_ERR, C_MEAN, C_TOKENS, C_COST, C_BUDGET, C_MODEL, C_N };
static const struct column COLUMNS[C_N] = {
	[C_AGENT] = { "AGENT", 10, 12, 0, false },    [C_STATE] = { "STATE", 8, 8, 0, false },
	[C_QUEUED] = { "WAIT", 5, 5, 40, true },      [C_RUN] = { "RUN", 4, 4, 50, true },
	[C_RATE] = { "MSG/m", 6, 6, 60, true },       [C_SPARK] = { "RATE 60m", 0, 20, 120, false },
	[C_ERR] = { "ERR", 6, 6, 60, true },          [C_MEAN] = { "MEAN", 6, 6, 70, true },
	[C_TOKENS] = { "TOK/m", 0, 6, 120, true },    [C_COST] = { "COST", 8, 8, 40, true },
	[C_BUDGET] = { "BUDGET", 17, 26, 80, false }, [C_MODEL] = { "MODEL", 0, 0, 150, false },
};

/* The budget that is nearer to its end. */
struct budget {
	double percent, usd; /* usd < 0: there is none */
	const char *span;
};

static double percent_of(const struct list_row *r, int budget, double spent)
{
	double usd = block_double(r->block, r->row, budget, -1);
	return usd < 0 ? -1 : usd == 0 ? 100 : 100 * (spent + block_double(r->block, r->row, A_RESERVED, 0)) / usd;
}

static struct budget tightest(const struct list_row *r)
{
	double day = percent_of(r, A_DAY, block_double(r->block, r->row, A_COST, 0));
	double month = percent_of(r, A_MONTH, block_double(r->block, r->row, A_COST_MONTH, 0));
	bool is_day = day >= month;
	return (struct budget){ MAX(day, month), block_double(r->block, r->row, is_day ? A_DAY : A_MONTH, -1),
		                is_day ? "/d" : "/m" };
}

/* Without a price nothing is known of what was spent. */
static const char *cost_text(const struct list_row *r, char *buf, size_t size)
{
	char text[FORMAT_MAX];
	bool unknown = block_int(r->block, r->row, A_UNKNOWN, 0) > 0;
	if (unknown && block_double(r->block, r->row, A_COST, 0) == 0)
		snprintf(buf, size, "%s", _("unknown"));
	else
		snprintf(buf, size, "%s%s", format_usd(block_at(r->block, r->row, A_COST), text), unknown ? "+?" : "");
	return buf;
}

static enum style budget_style(const struct list_row *r, const struct budget *b)
{
	return b->percent >= 100 ? S_CRIT : b->percent >= (double)block_int(r->block, r->row, A_SOFT, 80) ? S_WARN : S_PLAIN;
}

static struct str budget_cell(const struct list_row *r, char *buf, enum style *style, bool wide)
{
	static const char FULL[] = "##########", EMPTY[] = "..........";
	struct budget b = tightest(r);
	if (b.usd < 0)
		return STR("-");
	int n = MAX(0, MIN(10, (int)(b.percent / 10)));
	size_t at = (size_t)snprintf(buf, 64, "[%s%s] %.0f%%", FULL + 10 - n, EMPTY + n, MIN(b.percent, 999.0));
	if (wide && snprintf(buf + at, 64 - at, _(" of $%.5g%s"), b.usd, b.span) + (int)at > COLUMNS[C_BUDGET].wide)
		buf[at] = '\0';
	*style = budget_style(r, &b);
	return str_of(buf);
}

static struct str spark(const char *numbers, char *buf)
{
	static const char *const BARS[] = { "▁", "▂", "▃", "▄", "▅", "▆", "▇", "█" };
	long values[20], top = 1;
	int n = 0;
	size_t at = 0;
	for (const char *p = numbers; p != NULL && *p != '\0' && n < 20;) {
		char *end;
		values[n++] = strtol(p, &end, 10);
		if (end == p)
			break;
		p = end;
		top = MAX(top, values[n - 1]);
	}
	for (int i = 0; i < n && at + 4 < 64; i++)
		at += (size_t)snprintf(buf + at, 64 - at, "%s", values[i] == 0 ? " " : BARS[MIN(7, values[i] * 8 / top)]);
	return (struct str){ buf, at };
}

static struct str cell(const struct list_row *r, int column, char *buf, enum style *style, void *ctx)
{
	char text[FORMAT_MAX];
	const char *s;
	switch (column) {
	case C_AGENT:
		return block_str(r->block, r->row, A_SLUG);
	case C_STATE:
		s = block_at(r->block, r->row, A_STATE);
		*style = strcmp(s, "ok") == 0 ? S_OK : strcmp(s, "held") == 0 || strcmp(s, "parked") == 0 ? S_CRIT : S_WARN;
		return str_of(s);
	case C_QUEUED:
		return block_str(r->block, r->row, A_QUEUED);
	case C_RUN:
		return block_str(r->block, r->row, A_RUNNING);
	case C_RATE:
		return block_str(r->block, r->row, A_PER_MINUTE);
	case C_SPARK:
		return spark(block_at(r->block, r->row, A_SPARK), buf);
	case C_ERR:
		s = block_at(r->block, r->row, A_ERRORS);
		snprintf(buf, 64, s != NULL ? "%s%%" : "-", s);
		return str_of(buf);
	case C_MEAN:
		s = block_at(r->block, r->row, A_MEAN);
		snprintf(buf, 64, "%s", s != NULL ? format_duration(strtod(s, NULL), text) : "-");
		return str_of(buf);
	case C_TOKENS:
		s = block_at(r->block, r->row, A_TOKENS);
		snprintf(buf, 64, "%s", format_count(s != NULL ? strtod(s, NULL) : 0, text));
		return str_of(buf);
	case C_COST:
		return str_of(cost_text(r, buf, 64));
	case C_BUDGET:
		return budget_cell(r, buf, style, screen_width(((struct ui *)ctx)->screen) >= 120);
	default:
		return block_at(r->block, r->row, A_MODEL) != NULL ? block_str(r->block, r->row, A_MODEL) : STR("-");
	}
}

static void init(struct view *v)
{
	struct agents_view *a = xcalloc(1, sizeof *a);
	list_init(&a->list);
	v->state = a;
}

static void release(struct view *v)
{
	struct agents_view *a = v->state;
	list_release(&a->list);
	free(a);
}

static void want(struct view *v, struct want *w)
{
	(void)v;
	w->blocks |= 1u << BLOCK_AGENTS | 1u << BLOCK_ROUTES;
}

static void bind(struct view *v, const struct snapshot *s)
{
	struct agents_view *a = v->state;
	if (s->blocks[BLOCK_AGENTS] != NULL)
		list_bind(&a->list, s->blocks[BLOCK_AGENTS], A_SLUG, 1, -1);
}

/* ---- the agent under the cursor */

static struct str cell_or_dash(const struct list_row *r, int column)
{
	return block_at(r->block, r->row, column) != NULL ? block_str(r->block, r->row, column) : STR("-");
}

/* Why nothing of it starts. */
static void draw_state(struct ui *ui, const struct list_row *r, int y, bool is_priced)
{
	struct screen *s = ui->screen;
	const char *state = block_at(r->block, r->row, A_STATE);
	int x = facts_line(s, y, _("state"));
	fact(s, y, &x, "", strcmp(state, "ok") == 0 ? S_OK : S_WARN, str_of(state));
	if (strcmp(state, "PAUSED") == 0) {
		fact(s, y, &x, _("by"), S_PLAIN, cell_or_dash(r, A_PAUSED_BY));
		fact_rest(s, y, x, S_PLAIN, cell_or_dash(r, A_REASON));
	} else if (strcmp(state, "held") == 0) {
		fact_rest(s, y, x, S_PLAIN,
		          str_of(is_priced ? _("the next message does not fit into its budget; waits, does not fail")
		                           : _("it has a budget, and a model without a price: nothing is sent")));
	} else if (strcmp(state, "parked") == 0) {
		fact_rest(s, y, x, S_PLAIN, str_of(_("all its routes are held by breakers (4 shows them)")));
	} else if (strcmp(state, "limited") == 0) {
		fact_rest(s, y, x, S_PLAIN, str_of(_("its provider said: too many requests; goes on by itself")));
	} else if (strcmp(state, "no model") == 0) {
		fact_rest(s, y, x, S_PLAIN, str_of(_("its messages fail: agent SLUG set provider=P model=M")));
	} else {
		fact_rest(s, y, x, S_DIM,
		          str_of(strcmp(state, "ok") == 0 ? _("nothing holds it")
		                                          : _("over 5% of its attempts failed within the hour")));
	}
}

static void budget_fact(struct ui *ui, const struct list_row *r, int y, int *x, int column, const char *name, double spent)
{
	char text[80];
	double percent = percent_of(r, column, spent);
	struct budget b = { percent, 0, "" };
	if (percent < 0)
		return;
	snprintf(text, sizeof text, _("$%.4g of $%.6g (%.0f%%)"), spent, block_double(r->block, r->row, column, 0), percent);
	fact(ui->screen, y, x, name, budget_style(r, &b), str_of(text));
}

static void draw_money(struct ui *ui, const struct list_row *r, int y)
{
	struct screen *s = ui->screen;
	char text[80], usd[FORMAT_MAX];
	int x = facts_line(s, y, _("budget"));
	if (tightest(r).usd < 0) {
		fact(s, y, &x, "", S_DIM, str_of(_("none")));
	} else {
		budget_fact(ui, r, y, &x, A_DAY, _("day"), block_double(r->block, r->row, A_COST, 0));
		budget_fact(ui, r, y, &x, A_MONTH, _("month"), block_double(r->block, r->row, A_COST_MONTH, 0));
		snprintf(text, sizeof text, "%s", format_usd(block_at(r->block, r->row, A_RESERVED), usd));
		fact(s, y, &x, _("of it reserved"), S_PLAIN, str_of(text));
		snprintf(text, sizeof text, "%s%%", block_at(r->block, r->row, A_SOFT));
		fact(s, y, &x, _("warns at"), S_PLAIN, str_of(text));
	}
	x = facts_line(s, y + 1, _("cost"));
	fact(s, y + 1, &x, _("today"), S_PLAIN, str_of(cost_text(r, text, sizeof text)));
	if (block_int(r->block, r->row, A_UNKNOWN, 0) > 0) {
		snprintf(text, sizeof text, _("%s calls"), block_at(r->block, r->row, A_UNKNOWN));
		fact(s, y + 1, &x, _("price unknown for"), S_WARN, str_of(text));
	}
	snprintf(text, sizeof text, block_at(r->block, r->row, A_RATE) != NULL ? _("%s/min") : _("none"),
	         block_at(r->block, r->row, A_RATE));
	fact(s, y + 1, &x, _("rate limit"), S_PLAIN, str_of(text));
	fact(s, y + 1, &x, _("at once"), S_PLAIN,
	     block_at(r->block, r->row, A_CONCURRENCY) != NULL ? block_str(r->block, r->row, A_CONCURRENCY) : str_of(_("any")));
}

static bool is_route_of(const struct block *b, int row, const struct list_row *r)
{
	return strcmp(block_at(b, row, R_AGENT), block_at(r->block, r->row, A_SLUG)) == 0;
}

static int count_routes(const struct block *b, const struct list_row *r, bool *is_priced)
{
	int n = 0;
	*is_priced = true;
	for (int i = 0; b != NULL && i < b->n_rows; i++)
		if (is_route_of(b, i, r)) {
			n++;
			*is_priced &= block_at(b, i, R_PRICED)[0] == 't';
		}
	return n;
}

static void draw_route(struct ui *ui, const struct block *b, int i, int y)
{
	char text[80], time[FORMAT_MAX];
	const char *state = block_at(b, i, R_STATE);
	bool is_free = strcmp(state, "free") == 0;
	int wide = screen_width(ui->screen) >= 120, x = FACTS_X;
	double left = block_double(b, i, R_SECONDS, -1) - (double)((ui->now - ui->snap->as_of) / USEC_PER_SEC);
	screen_text(ui->screen, y, x, wide ? 20 : 14, S_PLAIN, block_str(b, i, R_PROVIDER));
	screen_text(ui->screen, y, x + (wide ? 21 : 15), wide ? 34 : 20, S_PLAIN, block_str(b, i, R_MODEL));
	x += wide ? 57 : 37;
	if (strcmp(state, "held") == 0 && left > 0)
		snprintf(text, sizeof text, _("held %s"), format_duration(left, time));
	else
		snprintf(text, sizeof text, "%s", strcmp(state, "probe") == 0 ? _("probe next") : state);
	fact(ui->screen, y, &x, "", is_free ? S_OK : S_CRIT, str_of(text));
	if (!is_free && block_at(b, i, R_REASON) != NULL)
		fact(ui->screen, y, &x, "", S_PLAIN, block_str(b, i, R_REASON));
	if (block_at(b, i, R_PRICED)[0] != 't')
		fact(ui->screen, y, &x, "", S_WARN, str_of(_("no price")));
}

static void draw_detail(struct ui *ui, const struct list_row *r, int y)
{
	struct screen *s = ui->screen;
	const struct block *routes = ui->snap->blocks[BLOCK_ROUTES];
	bool is_priced;
	int n = count_routes(routes, r, &is_priced);
	screen_rule(s, y, 0, -1, block_at(r->block, r->row, A_SLUG));
	draw_state(ui, r, y + 1, is_priced);
	draw_money(ui, r, y + 2);
	y += 4;
	facts_line(s, y, _("chain"));
	if (n == 0)
		screen_put(s, y, FACTS_X, -1, S_DIM, _("no route: it has no provider or no model"));
	for (int i = 0; routes != NULL && i < routes->n_rows; i++) {
		if (!is_route_of(routes, i, r))
			continue;
		if (y == ui->bottom - 1 && n > 1) {
			screen_putf(s, y, FACTS_X, -1, S_DIM, _("%d more: signalbox agent SLUG"), n);
			return;
		}
		draw_route(ui, routes, i, y++);
		n--;
	}
}

static void draw(struct view *v, struct ui *ui)
{
	struct agents_view *a = v->state;
	const struct list_style look = { COLUMNS, C_N, cell, ui };
	struct screen *s = ui->screen;
	const struct list_row *r = list_current(&a->list);
	bool tall = screen_height(s) >= 30, is_priced;
	int detail = 0;
	if (screen_height(s) >= 20 && r != NULL)
		detail = 4 + MAX(1, MIN(tall ? 10 : 4, count_routes(ui->snap->blocks[BLOCK_ROUTES], r, &is_priced)));
	int x = 1 + screen_put(s, ui->top, 1, -1, S_BOLD, _("Agents")) + 2;
	screen_putf(s, ui->top, x, -1, S_DIM,
	            screen_width(s) >= 120 ? _("%d   last 60 min, one column = 3 min; cost of today (UTC)")
	                                   : _("%d   last 60 min; cost of today (UTC)"),
	            a->list.n);
	if (a->list.n == 0 && ui->snap->blocks[BLOCK_AGENTS] != NULL)
		screen_put(s, ui->top + 2, 2, -1, S_DIM, _("there is no agent yet: signalbox agent SLUG set provider=P model=M"));
	list_draw(&a->list, s, ui->top + 1, ui->bottom - ui->top - 1 - detail, &look, true);
	if (detail > 0)
		draw_detail(ui, r, ui->bottom - detail);
}

static bool command(struct view *v, struct ui *ui, enum cmd cmd)
{
	struct agents_view *a = v->state;
	struct list_row *r = list_current(&a->list);
	if (list_command(&a->list, cmd))
		return true;
	if (r == NULL)
		return false;
	const char *slug = block_at(r->block, r->row, A_SLUG);
	switch (cmd) {
	case CMD_pause_agent:
		act_pause(ui, slug, strcmp(block_at(r->block, r->row, A_STATE), "PAUSED") == 0);
		return true;
	case CMD_test_agent:
		ui_open(ui, VIEW_TEST, slug);
		return true;
	case CMD_open: {
		char filter[100];
		snprintf(filter, sizeof filter, "agent:%.80s", slug);
		ui_open(ui, VIEW_QUEUE, NULL);
		ui_filter(ui, filter);
		return true;
	}
	default:
		return false;
	}
}

static struct str text(struct view *v, int kind)
{
	struct agents_view *a = v->state;
	struct list_row *r = list_current(&a->list);
	(void)kind;
	return r == NULL ? STR("") : block_str(r->block, r->row, A_SLUG);
}

const struct view_ops view_agents = { .name = "Agents",
	                              .scopes = SCOPES_AGENTS,
	                              .init = init,
	                              .release = release,
	                              .want = want,
	                              .bind = bind,
	                              .draw = draw,
	                              .command = command,
	                              .text = text };
