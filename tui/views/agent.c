#include "tui/views/agent.h"

#include "tui/format.h"
#include "tui/i18n.h"
#include "tui/views/facts.h"

#define FACTS 8 /* lines above the chain */

static double percent_of(const struct list_row *r, int budget, double spent)
{
	double usd = block_double(r->block, r->row, budget, -1);
	return usd < 0 ? -1 : usd == 0 ? 100 : 100 * (spent + block_double(r->block, r->row, COL_AGENTS_RESERVED, 0)) / usd;
}

struct budget agent_budget(const struct list_row *r)
{
	double day = percent_of(r, COL_AGENTS_BUDGET_DAY, block_double(r->block, r->row, COL_AGENTS_COST, 0));
	double month = percent_of(r, COL_AGENTS_BUDGET_MONTH, block_double(r->block, r->row, COL_AGENTS_COST_MONTH, 0));
	bool is_day = day >= month;
	return (struct budget){ MAX(day, month),
		                block_double(r->block, r->row, is_day ? COL_AGENTS_BUDGET_DAY : COL_AGENTS_BUDGET_MONTH, -1),
		                is_day ? "/d" : "/m" };
}

/* "unknown" if the known cost is 0 and some calls have no price. */
const char *agent_cost(const struct list_row *r, char *buf, size_t size)
{
	char text[FORMAT_MAX];
	bool unknown = block_int(r->block, r->row, COL_AGENTS_UNKNOWN, 0) > 0;
	if (unknown && block_double(r->block, r->row, COL_AGENTS_COST, 0) == 0)
		snprintf(buf, size, "%s", _("unknown"));
	else
		snprintf(buf, size, "%s%s", format_usd(block_at(r->block, r->row, COL_AGENTS_COST), text), unknown ? "+?" : "");
	return buf;
}

enum style agent_budget_style(const struct list_row *r, const struct budget *b)
{
	return b->percent >= 100                                                               ? S_CRIT
	       : b->percent >= (double)block_int(r->block, r->row, COL_AGENTS_BUDGET_SOFT, 80) ? S_WARN
	                                                                                       : S_PLAIN;
}

static struct str cell_or_dash(const struct list_row *r, int column)
{
	return block_at(r->block, r->row, column) != NULL ? block_str(r->block, r->row, column) : STR("-");
}

/* Draws the agent's state, and why none of its messages start. */
static void agent_page_draw_state(struct ui *ui, const struct list_row *r, int y, bool is_priced)
{
	struct screen *s = ui->screen;
	const char *state = block_at(r->block, r->row, COL_AGENTS_STATE);
	int x = facts_line(s, y, _("state"));
	fact(s, y, &x, "", strcmp(state, "ok") == 0 ? S_OK : S_WARN, str_of(state));
	if (strcmp(state, "PAUSED") == 0) {
		fact(s, y, &x, _("by"), S_PLAIN, cell_or_dash(r, COL_AGENTS_PAUSED_BY));
		fact_rest(s, y, x, S_PLAIN, cell_or_dash(r, COL_AGENTS_REASON));
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
		                                          : _("over 5% of its attempts failed in the time shown")));
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
	fact(ui->screen, y, x, name, agent_budget_style(r, &b), str_of(text));
}

static void draw_budget(struct ui *ui, const struct list_row *r, int y)
{
	struct screen *s = ui->screen;
	char text[80], usd[FORMAT_MAX], time[FORMAT_MAX];
	usec_t day = 86400 * USEC_PER_SEC;
	int x = facts_line(s, y, _("budget"));
	if (agent_budget(r).usd < 0) {
		fact(s, y, &x, "", S_DIM, str_of(_("none")));
		return;
	}
	budget_fact(ui, r, y, &x, COL_AGENTS_BUDGET_DAY, _("day"), block_double(r->block, r->row, COL_AGENTS_COST, 0));
	budget_fact(ui, r, y, &x, COL_AGENTS_BUDGET_MONTH, _("month"), block_double(r->block, r->row, COL_AGENTS_COST_MONTH, 0));
	snprintf(text, sizeof text, "%s", format_usd(block_at(r->block, r->row, COL_AGENTS_RESERVED), usd));
	fact(s, y, &x, _("of it reserved"), S_PLAIN, str_of(text));
	snprintf(text, sizeof text, "%s%%", block_at(r->block, r->row, COL_AGENTS_BUDGET_SOFT));
	fact(s, y, &x, _("warns at"), S_PLAIN, str_of(text));
	snprintf(text, sizeof text, _("%s (UTC)"), format_duration((double)((day - ui->now % day) / USEC_PER_SEC), time));
	fact(s, y, &x, _("a new day in"), S_PLAIN, str_of(text));
}

/* The block SPENDING if it was read for this agent, else NULL. */
static const struct block *spending_of(struct ui *ui, const struct list_row *r)
{
	const struct block *b = ui->snap->blocks[BLOCK_SPENDING];
	return b != NULL && strcmp(b->about, block_at(r->block, r->row, COL_AGENTS_SLUG)) == 0 ? b : NULL;
}

static void draw_cost(struct ui *ui, const struct list_row *r, int y)
{
	struct screen *s = ui->screen;
	const struct block *b = spending_of(ui, r);
	char text[200], usd[FORMAT_MAX];
	double cost = block_double(r->block, r->row, COL_AGENTS_COST, 0),
	       wasted = block_double(r->block, r->row, COL_AGENTS_WASTED, 0);
	int x = facts_line(s, y, _("cost"));
	fact(s, y, &x, _("today"), S_PLAIN, str_of(agent_cost(r, text, sizeof text)));
	if (block_int(r->block, r->row, COL_AGENTS_UNKNOWN, 0) > 0) {
		snprintf(text, sizeof text, _("%s calls"), block_at(r->block, r->row, COL_AGENTS_UNKNOWN));
		fact(s, y, &x, _("price unknown for"), S_WARN, str_of(text));
	}
	for (int i = 0; b != NULL && i < b->n_rows; i++) {
		if (strcmp(block_at(b, i, COL_SPENDING_WHAT), "model") != 0)
			continue;
		bool is_unknown = block_int(b, i, COL_SPENDING_UNKNOWN, 0) == block_int(b, i, COL_SPENDING_CALLS, 0);
		snprintf(text, sizeof text, "%.120s %s", block_at(b, i, COL_SPENDING_KEY),
		         is_unknown ? _("unknown") : format_usd(block_at(b, i, COL_SPENDING_COST), usd));
		fact(s, y, &x, "", S_PLAIN, str_of(text));
	}
	if (wasted > 0 && cost > 0) {
		snprintf(text, sizeof text, "%s (%.1f%%)", format_usd(block_at(r->block, r->row, COL_AGENTS_WASTED), usd),
		         100 * wasted / cost);
		fact(s, y, &x, _("without an answer"), S_WARN, str_of(text));
	}
}

static void draw_hours(struct ui *ui, const struct list_row *r, int y)
{
	struct screen *s = ui->screen;
	const struct block *b = spending_of(ui, r);
	char text[128], usd[FORMAT_MAX];
	double hours[24] = { 0 };
	int x = facts_line(s, y, _("hours")), now = (int)(ui->now / (3600 * USEC_PER_SEC) % 24), peak = 0;
	for (int i = 0; b != NULL && i < b->n_rows; i++) {
		int64_t hour = block_int(b, i, COL_SPENDING_KEY, 0);
		if (strcmp(block_at(b, i, COL_SPENDING_WHAT), "hour") == 0 && hour >= 0 && hour < 24) {
			hours[hour] = block_double(b, i, COL_SPENDING_COST, 0);
			peak = hours[hour] > hours[peak] ? (int)hour : peak;
		}
	}
	if (hours[peak] <= 0) {
		fact(s, y, &x, "", S_DIM, str_of(_("nothing was paid today")));
		return;
	}
	fact(s, y, &x, "", S_PLAIN, str_of(format_spark(hours, now + 1, text, sizeof text)));
	snprintf(text, sizeof text, _("00h to %02dh UTC"), now);
	fact(s, y, &x, "", S_DIM, str_of(text));
	snprintf(text, sizeof text, "%.6f", hours[peak]);
	format_usd(text, usd);
	snprintf(text, sizeof text, "%02dh %s", peak, usd);
	fact(s, y, &x, _("peak"), S_PLAIN, str_of(text));
	snprintf(text, sizeof text, "%s", format_usd(block_at(r->block, r->row, COL_AGENTS_PROJECTED), usd));
	fact(s, y, &x, _("at this hour's pace"), S_PLAIN, str_of(text));
}

static void count_fact(struct screen *s, int y, int *x, const char *name, double n)
{
	char text[FORMAT_MAX];
	fact(s, y, x, name, S_PLAIN, str_of(format_count(n, text)));
}

static void draw_tokens(struct ui *ui, const struct list_row *r, int y)
{
	struct screen *s = ui->screen;
	char text[FORMAT_MAX];
	double in = block_double(r->block, r->row, COL_AGENTS_TOKENS_IN, 0),
	       cached = block_double(r->block, r->row, COL_AGENTS_TOKENS_CACHED, 0);
	int x = facts_line(s, y, _("tokens"));
	count_fact(s, y, &x, _("in"), in);
	count_fact(s, y, &x, _("out"), block_double(r->block, r->row, COL_AGENTS_TOKENS_OUT, 0));
	snprintf(text, sizeof text, "%.0f%%", in > 0 ? 100 * cached / in : 0);
	fact(s, y, &x, _("cached"), S_PLAIN, str_of(text));
	count_fact(s, y, &x, _("a minute"), block_double(r->block, r->row, COL_AGENTS_TOKENS, 0));
}

static void draw_rate(struct ui *ui, const struct list_row *r, int y)
{
	struct screen *s = ui->screen;
	char text[80];
	int64_t limited = block_int(r->block, r->row, COL_AGENTS_LIMITED, 0);
	int x = facts_line(s, y, _("rate"));
	snprintf(text, sizeof text, _("%s/min"), block_at(r->block, r->row, COL_AGENTS_PER_MINUTE));
	fact(s, y, &x, "", S_PLAIN, str_of(text));
	snprintf(text, sizeof text, block_at(r->block, r->row, COL_AGENTS_RATE) != NULL ? _("%s/min") : _("none"),
	         block_at(r->block, r->row, COL_AGENTS_RATE));
	fact(s, y, &x, _("rate limit"), S_PLAIN, str_of(text));
	fact(s, y, &x, _("at once"), S_PLAIN,
	     block_at(r->block, r->row, COL_AGENTS_CONCURRENCY) != NULL ? block_str(r->block, r->row, COL_AGENTS_CONCURRENCY)
	                                                                : str_of(_("any")));
	snprintf(text, sizeof text, "%lld", (long long)limited);
	fact(s, y, &x, _("429s today"), limited > 0 ? S_WARN : S_PLAIN, str_of(text));
	snprintf(text, sizeof text, "%s", block_at(r->block, r->row, COL_AGENTS_RUNNING));
	fact(s, y, &x, _("running"), S_PLAIN, str_of(text));
}

static void draw_causes(struct ui *ui, const struct list_row *r, int y)
{
	struct screen *s = ui->screen;
	const struct block *b = spending_of(ui, r);
	int x = facts_line(s, y, _("failed")), n = 0;
	for (int i = 0; b != NULL && i < b->n_rows; i++)
		if (strcmp(block_at(b, i, COL_SPENDING_WHAT), "cause") == 0) {
			fact(s, y, &x, block_at(b, i, COL_SPENDING_KEY), S_WARN, block_str(b, i, COL_SPENDING_CALLS));
			n++;
		}
	if (n == 0)
		fact(s, y, &x, "", S_DIM, str_of(_("no message of the last 24 h")));
}

static bool is_route_of(const struct block *b, int row, const struct list_row *r)
{
	return strcmp(block_at(b, row, COL_ROUTES_AGENT), block_at(r->block, r->row, COL_AGENTS_SLUG)) == 0;
}

static int count_routes(const struct block *b, const struct list_row *r, bool *is_priced)
{
	int n = 0;
	*is_priced = true;
	for (int i = 0; b != NULL && i < b->n_rows; i++)
		if (is_route_of(b, i, r)) {
			n++;
			*is_priced &= block_at(b, i, COL_ROUTES_HAS_PRICE)[0] == 't';
		}
	return n;
}

static void draw_route(struct ui *ui, const struct block *b, int i, int y)
{
	char text[80], time[FORMAT_MAX];
	const char *state = block_at(b, i, COL_ROUTES_STATE);
	bool is_free = strcmp(state, "free") == 0;
	int wide = screen_width(ui->screen) >= 120, x = FACTS_X;
	double left = block_double(b, i, COL_ROUTES_SECONDS, -1) - (double)((ui->now - ui->snap->as_of) / USEC_PER_SEC);
	screen_text(ui->screen, y, x, wide ? 20 : 14, S_PLAIN, block_str(b, i, COL_ROUTES_PROVIDER));
	screen_text(ui->screen, y, x + (wide ? 21 : 15), wide ? 34 : 20, S_PLAIN, block_str(b, i, COL_ROUTES_MODEL));
	x += wide ? 57 : 37;
	if (strcmp(state, "held") == 0 && left > 0)
		snprintf(text, sizeof text, _("held %s"), format_duration(left, time));
	else
		snprintf(text, sizeof text, "%s", strcmp(state, "probe") == 0 ? _("probe next") : state);
	fact(ui->screen, y, &x, "", is_free ? S_OK : S_CRIT, str_of(text));
	if (!is_free && block_at(b, i, COL_ROUTES_REASON) != NULL)
		fact(ui->screen, y, &x, "", S_PLAIN, block_str(b, i, COL_ROUTES_REASON));
	if (block_at(b, i, COL_ROUTES_HAS_PRICE)[0] != 't')
		fact(ui->screen, y, &x, "", S_WARN, str_of(_("no price")));
}

int agent_height(struct ui *ui, const struct list_row *r, int room)
{
	bool is_priced;
	int lines = 1 + FACTS + MAX(1, count_routes(ui->snap->blocks[BLOCK_ROUTES], r, &is_priced));
	return room < 4 ? 0 : MIN(room, lines);
}

void agent_draw(struct ui *ui, const struct list_row *r, int y, int height)
{
	static void (*const DRAW[])(struct ui *, const struct list_row *, int) = { draw_budget, draw_cost, draw_hours,
		                                                                   draw_tokens, draw_rate, draw_causes };
	const struct block *routes = ui->snap->blocks[BLOCK_ROUTES];
	int end = y + height;
	bool is_priced;
	int n = count_routes(routes, r, &is_priced);
	screen_rule(ui->screen, y, 0, -1, block_at(r->block, r->row, COL_AGENTS_SLUG));
	agent_page_draw_state(ui, r, y + 1, is_priced);
	y += 2;
	for (size_t i = 0; i < ARRAY_SIZE(DRAW) && y < end - 1; i++)
		DRAW[i](ui, r, y++);
	facts_line(ui->screen, y, _("chain"));
	if (n == 0)
		screen_put(ui->screen, y, FACTS_X, -1, S_DIM, _("no route: it has no provider or no model"));
	for (int i = 0; routes != NULL && i < routes->n_rows && y < end; i++) {
		if (!is_route_of(routes, i, r))
			continue;
		if (y == end - 1 && n > 1) {
			screen_putf(ui->screen, y, FACTS_X, -1, S_DIM, _("%d more: signalbox agent SLUG"), n);
			return;
		}
		draw_route(ui, routes, i, y++);
		n--;
	}
}
