/* Agents: what each does, how fast, and what it costs today. */
#include "tui/format.h"
#include "tui/i18n.h"
#include "tui/view.h"
#include "tui/views/agent.h"

/* The periods that the figures can be of. */
static const struct {
	const char *span, *title, *columns;
} WINDOWS[] = { { "1 h", N_("last 60 min"), N_("one column = 3 min") },
	        { "1 day", N_("last 24 h"), N_("one column = 2 h") },
	        { "7 days", N_("last 7 d"), N_("one column = 12 h") },
	        { "15 min", N_("last 15 min"), N_("one column = 1 min") } };

static const struct list_sort SORTS[] = {
	{ N_("agent"), COL_AGENTS_SLUG, true, false },       { N_("cost"), COL_AGENTS_COST, false, true },
	{ N_("msg/m"), COL_AGENTS_PER_MINUTE, false, true }, { N_("errors"), COL_AGENTS_ERRORS, false, true },
	{ N_("p95"), COL_AGENTS_P95, false, true },          { N_("waiting"), COL_AGENTS_QUEUED, false, true }
};

struct agents_view {
	struct list list;
	size_t window;
};

enum { C_AGENT, C_STATE, C_QUEUED, C_RATE, C_SPARK, C_ERR, C_P50, C_P95, C_TOKENS, C_COST, C_BUDGET, C_PROJECTED, C_MODEL, C_N };
static const struct column COLUMNS[C_N] = {
	[C_AGENT] = { "AGENT", 12, 12, 0, false },    [C_STATE] = { "STATE", 8, 8, 0, false },
	[C_QUEUED] = { "WAIT", 5, 5, 40, true },      [C_RATE] = { "MSG/m", 6, 6, 60, true },
	[C_SPARK] = { "RATE", 0, 20, 120, false },    [C_ERR] = { "ERR", 6, 6, 60, true },
	[C_P50] = { "P50", 0, 5, 120, true },         [C_P95] = { "P95", 6, 6, 70, true },
	[C_TOKENS] = { "TOK/m", 0, 6, 140, true },    [C_COST] = { "COST", 8, 8, 40, true },
	[C_BUDGET] = { "BUDGET", 17, 25, 80, false }, [C_PROJECTED] = { "PROJ", 0, 7, 120, true },
	[C_MODEL] = { "MODEL", 0, 0, 150, false },
};

static struct str budget_cell(const struct list_row *r, char *buf, enum style *style, bool wide)
{
	static const char FULL[] = "##########", EMPTY[] = "..........";
	struct budget b = agent_budget(r);
	if (b.usd < 0)
		return STR("-");
	int n = MAX(0, MIN(10, (int)(b.percent / 10)));
	size_t at = (size_t)snprintf(buf, 64, "[%s%s] %.0f%%", FULL + 10 - n, EMPTY + n, MIN(b.percent, 999.0));
	if (wide && snprintf(buf + at, 64 - at, _(" of $%.5g%s"), b.usd, b.span) + (int)at > COLUMNS[C_BUDGET].wide)
		buf[at] = '\0';
	*style = agent_budget_style(r, &b);
	return str_of(buf);
}

/* Converts "3 0 12", numbers of messages, to one bar each. */
static struct str spark(const char *numbers, char *buf)
{
	double values[20];
	int n = 0;
	for (const char *p = numbers; p != NULL && *p != '\0' && n < (int)ARRAY_SIZE(values);) {
		char *end;
		values[n] = strtod(p, &end);
		if (end == p)
			break;
		n++;
		p = end;
	}
	return str_of(format_spark(values, n, buf, 64));
}

/* The projected cost of the day, highlighted if it is over the day's budget. */
static struct str projected_cell(const struct list_row *r, char *buf, enum style *style)
{
	double usd = block_double(r->block, r->row, COL_AGENTS_PROJECTED, 0),
	       budget = block_double(r->block, r->row, COL_AGENTS_BUDGET_DAY, -1);
	if (budget >= 0 && usd > budget)
		*style = S_WARN;
	return str_of(format_usd(block_at(r->block, r->row, COL_AGENTS_PROJECTED), buf));
}

static struct str agents_cell(const struct list_row *r, int column, char *buf, enum style *style, void *ctx)
{
	char text[FORMAT_MAX];
	const char *s;
	switch (column) {
	case C_AGENT:
		return block_str(r->block, r->row, COL_AGENTS_SLUG);
	case C_STATE:
		s = block_at(r->block, r->row, COL_AGENTS_STATE);
		*style = strcmp(s, "ok") == 0 ? S_OK : strcmp(s, "held") == 0 || strcmp(s, "parked") == 0 ? S_CRIT : S_WARN;
		return str_of(s);
	case C_QUEUED:
		return block_str(r->block, r->row, COL_AGENTS_QUEUED);
	case C_RATE:
		return block_str(r->block, r->row, COL_AGENTS_PER_MINUTE);
	case C_SPARK:
		return spark(block_at(r->block, r->row, COL_AGENTS_SPARK), buf);
	case C_ERR:
		s = block_at(r->block, r->row, COL_AGENTS_ERRORS);
		snprintf(buf, 64, s != NULL ? "%s%%" : "-", s);
		return str_of(buf);
	case C_P50:
	case C_P95:
		return str_of(format_latency(
			block_double(r->block, r->row, column == C_P50 ? COL_AGENTS_P50 : COL_AGENTS_P95, -1), buf));
	case C_TOKENS:
		s = block_at(r->block, r->row, COL_AGENTS_TOKENS);
		snprintf(buf, 64, "%s", format_count(s != NULL ? strtod(s, NULL) : 0, text));
		return str_of(buf);
	case C_COST:
		return str_of(agent_cost(r, buf, 64));
	case C_BUDGET:
		return budget_cell(r, buf, style, screen_width(((struct ui *)ctx)->screen) >= 120);
	case C_PROJECTED:
		return projected_cell(r, buf, style);
	default:
		return block_at(r->block, r->row, COL_AGENTS_MODEL) != NULL ? block_str(r->block, r->row, COL_AGENTS_MODEL)
		                                                            : STR("-");
	}
}

static void agents_init(struct view *v)
{
	struct agents_view *a = xcalloc(1, sizeof *a);
	list_init(&a->list);
	a->list.sorts = SORTS;
	a->list.n_sorts = ARRAY_SIZE(SORTS);
	v->state = a;
}

static void agents_release(struct view *v)
{
	struct agents_view *a = v->state;
	list_release(&a->list);
	free(a);
}

static void agents_want(struct view *v, struct want *w)
{
	struct agents_view *a = v->state;
	const struct list_row *r = list_current(&a->list);
	w->blocks |= 1u << BLOCK_AGENTS | 1u << BLOCK_ROUTES | 1u << BLOCK_SPENDING;
	snprintf(w->span, sizeof w->span, "%s", WINDOWS[a->window].span);
	snprintf(w->agent, sizeof w->agent, "%s", r != NULL ? block_at(r->block, r->row, COL_AGENTS_SLUG) : "");
}

static void agents_bind(struct view *v, const struct snapshot *s)
{
	struct agents_view *a = v->state;
	if (s->blocks[BLOCK_AGENTS] != NULL)
		list_bind(&a->list, s->blocks[BLOCK_AGENTS], COL_AGENTS_SLUG, 1, -1);
}

/* "$41.20 of $60.00 today, projected $55.60", right-aligned, if it fits to the right of x. */
static void agents_draw_totals(struct ui *ui, const struct agents_view *a, int x)
{
	double cost = 0, budget = 0, projected = 0;
	char right[160], text[32], usd[3][FORMAT_MAX], of[48] = "";
	for (int i = 0; i < a->list.n; i++) {
		const struct list_row *r = &a->list.rows[i];
		cost += block_double(r->block, r->row, COL_AGENTS_COST, 0);
		budget += MAX(0.0, block_double(r->block, r->row, COL_AGENTS_BUDGET_DAY, 0));
		projected += block_double(r->block, r->row, COL_AGENTS_PROJECTED, 0);
	}
	snprintf(text, sizeof text, "%.6f", budget);
	if (budget > 0)
		snprintf(of, sizeof of, _(" of %s"), format_usd(text, usd[1]));
	snprintf(text, sizeof text, "%.6f", cost);
	format_usd(text, usd[0]);
	snprintf(text, sizeof text, "%.6f", projected);
	snprintf(right, sizeof right, _("%s%s today, projected %s"), usd[0], of, format_usd(text, usd[2]));
	int at = screen_width(ui->screen) - (int)strlen(right) - 1;
	if (at > x)
		screen_put(ui->screen, ui->top, at, -1, S_DIM, right);
}

static void agents_draw(struct view *v, struct ui *ui)
{
	struct agents_view *a = v->state;
	const struct list_style look = { COLUMNS, C_N, agents_cell, ui };
	struct screen *s = ui->screen;
	const struct list_row *r = list_current(&a->list);
	int rows = ui->bottom - ui->top - 1, height = 0, x = 1 + screen_put(s, ui->top, 1, -1, S_BOLD, _("Agents")) + 2;
	/* The list gets half of the lines, or fewer if it is shorter. */
	if (r != NULL && screen_height(s) >= 20)
		height = agent_height(ui, r, rows - MIN(a->list.n + 1, rows / 2));
	x += screen_putf(s, ui->top, x, -1, S_DIM, "%d   %s", a->list.n, _(WINDOWS[a->window].title));
	if (screen_width(s) >= 120)
		x += screen_putf(s, ui->top, x, -1, S_DIM, ", %s", _(WINDOWS[a->window].columns));
	x += screen_putf(s, ui->top, x, -1, S_DIM, _("   sort %s%s"), _(SORTS[a->list.sort].name),
	                 a->list.is_reversed ? " (O)" : "");
	agents_draw_totals(ui, a, x + 1);
	if (a->list.n == 0 && ui->snap->blocks[BLOCK_AGENTS] != NULL)
		screen_put(s, ui->top + 2, 2, -1, S_DIM, _("there is no agent yet: signalbox agent SLUG set provider=P model=M"));
	list_draw(&a->list, s, ui->top + 1, rows - height, &look, true);
	if (height > 0)
		agent_draw(ui, r, ui->bottom - height, height);
}

/* The question for one budget: the operator types the agent's slug, then the amount. */
static struct question *budget_question(struct ui *ui, const char *slug, const char *which, const char *span)
{
	const char *args[sql_tui_act_budget_args] = {
		[ARG_ACT_BUDGET_AGENT] = slug, [ARG_ACT_BUDGET_WHICH] = which, [ARG_ACT_BUDGET_ACTOR] = ui->operator_name
	};
	struct question *q = xcalloc(1, sizeof *q);
	snprintf(q->title, sizeof q->title, _("Budget of %.30s for a %s"), slug, span);
	question_say(q, _("Calls that do not fit into what is left wait; nothing fails."));
	question_say(q, _("No amount takes the budget away."));
	snprintf(q->word, sizeof q->word, "%s", slug);
	snprintf(q->asks_for, sizeof q->asks_for, "%s", _("USD"));
	q->wants_reason = true;
	q->reason_arg = ARG_ACT_BUDGET_USD;
	q->yes = action_new(ACT_BUDGET, slug, args);
	return q;
}

static void ask_budget(struct ui *ui, const struct list_row *r)
{
	const char *slug = block_at(r->block, r->row, COL_AGENTS_SLUG), *day = block_at(r->block, r->row, COL_AGENTS_BUDGET_DAY),
		   *month = block_at(r->block, r->row, COL_AGENTS_BUDGET_MONTH);
	char text[160], usd[2][FORMAT_MAX];
	if (!ui_may_act(ui))
		return;
	struct question *menu = xcalloc(1, sizeof *menu);
	snprintf(menu->title, sizeof menu->title, _("Budget of %.40s"), slug);
	snprintf(text, sizeof text, _("now: %s a day, %s a month"), day != NULL ? format_usd(day, usd[0]) : _("no limit"),
	         month != NULL ? format_usd(month, usd[1]) : _("no limit"));
	question_say(menu, text);
	question_say(menu, "");
	question_offer(menu, 'd', _("for a day (UTC's)"), budget_question(ui, slug, "budget_day", _("day")));
	question_offer(menu, 'm', _("for a month"), budget_question(ui, slug, "budget_month", _("month")));
	ui_ask_take(ui, menu);
}

static bool agents_command(struct view *v, struct ui *ui, enum cmd cmd)
{
	struct agents_view *a = v->state;
	struct list_row *r = list_current(&a->list);
	if (list_command(&a->list, cmd)) {
		if (cmd == CMD_sort || cmd == CMD_reverse)
			agents_bind(v, ui->snap);
		return true;
	}
	if (cmd == CMD_window) {
		a->window = (a->window + 1) % ARRAY_SIZE(WINDOWS);
		return true;
	}
	if (r == NULL)
		return false;
	const char *slug = block_at(r->block, r->row, COL_AGENTS_SLUG);
	switch (cmd) {
	case CMD_pause_agent:
		act_pause(ui, slug, strcmp(block_at(r->block, r->row, COL_AGENTS_STATE), "PAUSED") == 0);
		return true;
	case CMD_budget:
		ask_budget(ui, r);
		return true;
	case CMD_test_agent:
		ui_open(ui, VIEW_TEST, slug);
		return true;
	case CMD_open:
		ui_open(ui, VIEW_QUEUE, NULL);
		ui_filter_by(ui, "agent", slug);
		return true;
	default:
		return false;
	}
}

static struct copied agents_copy(struct view *v, int kind)
{
	struct agents_view *a = v->state;
	struct list_row *r = list_current(&a->list);
	return (struct copied){ .text = r == NULL || kind == 'e' ? STR("") : block_str(r->block, r->row, COL_AGENTS_SLUG) };
}

const struct view_ops view_agents = { .init = agents_init,
	                              .release = agents_release,
	                              .want = agents_want,
	                              .bind = agents_bind,
	                              .draw = agents_draw,
	                              .command = agents_command,
	                              .copy = agents_copy };
