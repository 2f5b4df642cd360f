/* Agents: what each does, how fast, and what it costs today. */
#include "tui/format.h"
#include "tui/i18n.h"
#include "tui/view.h"

struct agents_view {
	struct list list;
};

enum { C_AGENT, C_STATE, C_QUEUED, C_RUN, C_RATE, C_SPARK, C_ERR, C_MEAN, C_TOKENS, C_COST, C_MODEL, C_N };
static const struct column COLUMNS[C_N] = {
	[C_AGENT] = { "AGENT", 10, 14, 0, false }, [C_STATE] = { "STATE", 8, 8, 0, false },
	[C_QUEUED] = { "WAIT", 5, 6, 40, true },   [C_RUN] = { "RUN", 4, 4, 40, true },
	[C_RATE] = { "MSG/m", 6, 6, 60, true },    [C_SPARK] = { "RATE 60m", 0, 20, 120, false },
	[C_ERR] = { "ERR", 6, 6, 60, true },       [C_MEAN] = { "MEAN", 6, 6, 60, true },
	[C_TOKENS] = { "TOK/m", 0, 8, 120, true }, [C_COST] = { "COST", 9, 10, 40, true },
	[C_MODEL] = { "MODEL", 0, 0, 60, false },
};

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
	(void)ctx;
	switch (column) {
	case C_AGENT:
		return block_str(r->block, r->row, A_SLUG);
	case C_STATE:
		s = block_at(r->block, r->row, A_STATE);
		*style = strcmp(s, "ok") == 0 ? S_OK : S_WARN;
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
		snprintf(buf, 64, "%s%s", format_usd(block_at(r->block, r->row, A_COST), text),
		         block_int(r->block, r->row, A_UNKNOWN, 0) > 0 ? "+?" : "");
		return str_of(buf);
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
	w->blocks |= 1u << BLOCK_AGENTS;
}

static void bind(struct view *v, const struct snapshot *s)
{
	struct agents_view *a = v->state;
	if (s->blocks[BLOCK_AGENTS] != NULL)
		list_bind(&a->list, s->blocks[BLOCK_AGENTS], A_SLUG, 1, -1);
}

static void fact(struct screen *s, int *x, int y, const char *name, struct str value)
{
	*x += screen_put(s, y, *x, -1, S_DIM, name) + 1;
	*x += screen_text(s, y, *x, 60, S_PLAIN, value) + 3;
}

static void draw_detail(struct ui *ui, const struct list_row *r, int y)
{
	struct screen *s = ui->screen;
	char limit[64];
	int x = 1;
	screen_rule(s, y, 0, -1, block_at(r->block, r->row, A_SLUG));
	fact(s, &x, y + 1, _("provider"),
	     block_at(r->block, r->row, A_PROVIDER) != NULL ? block_str(r->block, r->row, A_PROVIDER) : STR("-"));
	fact(s, &x, y + 1, _("model"),
	     block_at(r->block, r->row, A_MODEL) != NULL ? block_str(r->block, r->row, A_MODEL) : STR("-"));
	x = 1;
	snprintf(limit, sizeof limit, block_at(r->block, r->row, A_RATE) != NULL ? _("%s/min") : "-",
	         block_at(r->block, r->row, A_RATE));
	fact(s, &x, y + 2, _("rate limit"), str_of(limit));
	fact(s, &x, y + 2, _("at once"),
	     block_at(r->block, r->row, A_CONCURRENCY) != NULL ? block_str(r->block, r->row, A_CONCURRENCY) : STR("-"));
	if (block_int(r->block, r->row, A_UNKNOWN, 0) > 0) {
		char n[48];
		snprintf(n, sizeof n, _("%s calls"), block_at(r->block, r->row, A_UNKNOWN));
		fact(s, &x, y + 2, _("price unknown for"), str_of(n));
	}
	x = 1;
	if (block_at(r->block, r->row, A_PAUSED_BY) != NULL) {
		fact(s, &x, y + 3, _("paused by"), block_str(r->block, r->row, A_PAUSED_BY));
		fact(s, &x, y + 3, _("reason"),
		     block_at(r->block, r->row, A_REASON) != NULL ? block_str(r->block, r->row, A_REASON) : STR("-"));
	}
}

static void draw(struct view *v, struct ui *ui)
{
	struct agents_view *a = v->state;
	const struct list_style look = { COLUMNS, C_N, cell, ui };
	struct screen *s = ui->screen;
	int detail = screen_height(s) >= 20 ? 5 : 0;
	int x = 1 + screen_put(s, ui->top, 1, -1, S_BOLD, _("Agents")) + 2;
	screen_putf(s, ui->top, x, -1, S_DIM, _("last 60 min, one column = 3 min; cost today (UTC)   %d agents"), a->list.n);
	if (a->list.n == 0 && ui->snap->blocks[BLOCK_AGENTS] != NULL)
		screen_put(s, ui->top + 2, 2, -1, S_DIM, _("there is no agent yet: signalbox agent SLUG set provider=P model=M"));
	list_draw(&a->list, s, ui->top + 1, ui->bottom - ui->top - 1 - detail, &look, true);
	const struct list_row *r = list_current(&a->list);
	if (detail > 0 && r != NULL)
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
