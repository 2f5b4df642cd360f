/* Failed: groups by cause, and the messages of the group under the cursor; or all failed messages,
 * flat. */
#include <stdarg.h>

#include "tui/filter.h"
#include "tui/format.h"
#include "tui/i18n.h"
#include "tui/view.h"

#define ROWS_MAX 1000
#define PACE_MS 200

#define PLAN_MAX 10000  /* the limit in the SQL function failed_plan */
#define GROUP_S "86400" /* seconds: failed_groups counts the last 24 h; so do the list and R */

struct failed_view {
	struct list groups, rows;
	/* in_rows: the messages have the cursor, not the groups */
	bool flat, in_rows;
	char filter[sizeof((struct want *)0)->filter]; /* the filter, as JSON */
	/* The filter whose messages are being counted for R, and when that began; "": none */
	char plan_of[sizeof((struct block *)0)->about], plan_hms[16];
};

enum { G_C_N, G_C_CAUSE, G_C_PROVIDER, G_C_AGENTS, G_C_LAST, G_C_RETRY, G_C_COST, G_COLUMNS };
static const struct column GROUP_COLUMNS[G_COLUMNS] = {
	[G_C_N] = { "N", 5, 6, 40, true },
	[G_C_CAUSE] = { "CAUSE", 24, 24, 40, false },
	[G_C_PROVIDER] = { "PROVIDER", 12, 14, 60, false },
	[G_C_AGENTS] = { "AGENTS", 0, 28, 120, false },
	[G_C_LAST] = { "LAST", 10, 12, 60, true },
	[G_C_RETRY] = { "RETRY", 6, 10, 60, false },
	[G_C_COST] = { "~COST", 0, 0, 60, false },
};

enum { C_ID, C_AGENT, C_ATT, C_FAILED, C_ERROR, C_TEXT, C_N };
static const struct column COLUMNS[C_N] = {
	[C_ID] = { "ID", 7, 8, 40, true },          [C_AGENT] = { "AGENT", 8, 12, 60, false },
	[C_ATT] = { "ATT", 3, 3, 60, true },        [C_FAILED] = { "FAILED", 0, 10, 120, true },
	[C_ERROR] = { "ERROR", 26, 42, 60, false }, [C_TEXT] = { "MESSAGE", 0, 0, 0, false },
};

static const char *failed_ago(struct ui *ui, usec_t at, char *buf)
{
	char time[FORMAT_MAX];
	snprintf(buf, 64, _("%s ago"), format_duration((double)(MAX(0, ui->now - at) / USEC_PER_SEC), time));
	return buf;
}

static struct str group_cell(const struct list_row *r, int column, char *buf, enum style *style, void *ctx)
{
	char cost[FORMAT_MAX];
	switch (column) {
	case G_C_N:
		return block_str(r->block, r->row, COL_GROUPS_N);
	case G_C_CAUSE:
		*style = *style == S_DIM ? S_DIM : S_BOLD;
		return block_str(r->block, r->row, COL_GROUPS_CAUSE);
	case G_C_PROVIDER:
		return block_at(r->block, r->row, COL_GROUPS_PROVIDER) != NULL ? block_str(r->block, r->row, COL_GROUPS_PROVIDER)
		                                                               : STR("-");
	case G_C_AGENTS:
		return block_str(r->block, r->row, COL_GROUPS_AGENTS);
	case G_C_LAST:
		return str_of(failed_ago(ctx, block_time(r->block, r->row, COL_GROUPS_LAST_AT), buf));
	case G_C_RETRY:
		return block_at(r->block, r->row, COL_GROUPS_IS_PERMANENT)[0] == 't' ? STR("no") : STR("yes");
	default:
		snprintf(buf, 64, "%s", format_usd(block_at(r->block, r->row, COL_GROUPS_COST), cost));
		return str_of(buf);
	}
}

static struct str failed_cell(const struct list_row *r, int column, char *buf, enum style *style, void *ctx)
{
	struct ui *ui = ctx;
	char time[FORMAT_MAX];
	usec_t held = block_time(r->block, r->row, COL_FAILED_RETRY_AT);
	switch (column) {
	case C_ID:
		return block_str(r->block, r->row, COL_FAILED_ID);
	case C_AGENT:
		return block_str(r->block, r->row, COL_FAILED_AGENT);
	case C_ATT:
		return block_str(r->block, r->row, COL_FAILED_ATTEMPTS);
	case C_FAILED:
		return str_of(failed_ago(ui, block_time(r->block, r->row, COL_FAILED_SINCE), buf));
	case C_ERROR:
		if (r->is_ghost)
			return STR("retried, or gone");
		if (held != 0) {
			*style = S_WARN;
			snprintf(buf, 64, _("retry in %s (u undoes)"),
			         format_duration((double)(MAX(0, held - ui->now) / USEC_PER_SEC), time));
			return str_of(buf);
		}
		return block_str(r->block, r->row, COL_FAILED_ERROR);
	default:
		return block_str(r->block, r->row, COL_FAILED_TEXT);
	}
}

static void failed_init(struct view *v)
{
	struct failed_view *f = xcalloc(1, sizeof *f);
	list_init(&f->groups);
	list_init(&f->rows);
	v->state = f;
}

static void failed_release(struct view *v)
{
	struct failed_view *f = v->state;
	list_release(&f->groups);
	list_release(&f->rows);
	free(f);
}

/* The terms that select this group and no other: its whole cause, its provider (or that it has
 * none) and its period. */
static void narrow(const struct list_row *g, char *out, size_t size)
{
	struct strbuf b = STRBUF_INIT(size - 1);
	filter_term(&b, "cause", "is", block_at(g->block, g->row, COL_GROUPS_CAUSE));
	filter_term(&b, "prov", "is", block_at(g->block, g->row, COL_GROUPS_PROVIDER));
	filter_term(&b, "age", "<", GROUP_S);
	if (b.broken) { /* too long: better no row than the messages of other groups */
		strbuf_clear(&b);
		filter_term(&b, "id", "=", "none");
	}
	memcpy(out, strbuf_text(&b), b.len + 1);
	strbuf_release(&b);
}

/* The filter of the rows: that of the view and, unless flat, the terms of the group under the
 * cursor. */
static const char *meant(struct failed_view *f, char buf[static sizeof((struct block *)0)->about])
{
	char terms[sizeof((struct want *)0)->narrow] = "";
	const struct list_row *g = list_current(&f->groups);
	if (!f->flat && g != NULL)
		narrow(g, terms, sizeof terms);
	return filter_and(f->filter, terms, buf, sizeof((struct block *)0)->about);
}

static void failed_want(struct view *v, struct want *w)
{
	struct failed_view *f = v->state;
	const struct list_row *g = list_current(&f->groups);
	w->blocks |= 1u << BLOCK_GROUPS | 1u << BLOCK_FAILED;
	w->limit = ROWS_MAX;
	memcpy(f->filter, w->filter, sizeof f->filter);
	if (!f->flat && g != NULL)
		narrow(g, w->narrow, sizeof w->narrow);
}

/* Rows that were read for another group are not shown under this one; its own rows are being
 * read. */
static void failed_bind(struct view *v, const struct snapshot *s)
{
	struct failed_view *f = v->state;
	char about[sizeof((struct block *)0)->about];
	if (s->blocks[BLOCK_GROUPS] != NULL)
		list_bind(&f->groups, s->blocks[BLOCK_GROUPS], COL_GROUPS_CAUSE, 2, -1);
	if (s->blocks[BLOCK_FAILED] != NULL && strcmp(s->blocks[BLOCK_FAILED]->about, meant(f, about)) == 0)
		list_bind(&f->rows, s->blocks[BLOCK_FAILED], COL_FAILED_ID, 0, COL_FAILED_JOB_ID);
}

static void failed_draw_detail(struct ui *ui, const struct list_row *r, int y)
{
	char label[48];
	struct screen *s = ui->screen;
	snprintf(label, sizeof label, _("%lld last attempt"), (long long)r->id);
	screen_rule(s, y, 0, -1, label);
	int x = 1 + screen_put(s, y + 1, 1, -1, S_DIM, _("error")) + 2;
	screen_text(s, y + 1, x, -1, S_PLAIN, block_str(r->block, r->row, COL_FAILED_ERROR));
	x = 1 + screen_put(s, y + 2, 1, -1, S_DIM, _("model")) + 2;
	x += screen_text(s, y + 2, x, 40, S_PLAIN, block_str(r->block, r->row, COL_FAILED_MODEL)) + 3;
	x += screen_put(s, y + 2, x, -1, S_DIM, _("worker")) + 1;
	x += screen_text(s, y + 2, x, 30, S_PLAIN, block_str(r->block, r->row, COL_FAILED_WORKER)) + 3;
	screen_put(s, y + 2, x, -1, S_PLAIN,
	           block_at(r->block, r->row, COL_FAILED_IS_PERMANENT)[0] == 't' ? _("trying again is unlikely to help")
	                                                                         : _("safe to retry: no tool is called twice"));
}

/* Draws the group that the keys act on while the groups have the cursor. */
static void draw_group(struct ui *ui, const struct list_row *g, int y)
{
	char label[128], cost[FORMAT_MAX];
	struct screen *s = ui->screen;
	snprintf(label, sizeof label, _("group %.60s"), block_at(g->block, g->row, COL_GROUPS_CAUSE));
	screen_rule(s, y, 0, -1, label);
	int x = 1 + screen_put(s, y + 1, 1, -1, S_DIM, _("agents")) + 2;
	screen_text(s, y + 1, x, -1, S_PLAIN, block_str(g->block, g->row, COL_GROUPS_AGENTS));
	x = 1 + screen_put(s, y + 2, 1, -1, S_DIM, _("last attempts cost")) + 2;
	screen_put(s, y + 2, x, -1, S_PLAIN, format_usd(block_at(g->block, g->row, COL_GROUPS_COST), cost));
	screen_putf(s, y + 3, 1, -1, S_DIM, _("R retries all %s; Tab goes to the messages"),
	            block_at(g->block, g->row, COL_GROUPS_N));
}

static void failed_draw(struct view *v, struct ui *ui)
{
	struct failed_view *f = v->state;
	const struct list_style groups = { GROUP_COLUMNS, G_COLUMNS, group_cell, ui }, rows = { COLUMNS, C_N, failed_cell, ui };
	struct screen *s = ui->screen;
	struct list *l = &f->rows;
	int y = ui->top + 1, detail = screen_height(s) >= 30 ? 4 : 0;
	int x = 1 + screen_put(s, ui->top, 1, -1, S_BOLD, _("Failed")) + 2;
	x += screen_put(s, ui->top, x, -1, S_DIM, f->flat ? _("flat (v by cause)") : _("by cause (v flat)")) + 2;
	x += screen_text(s, ui->top, x, 30, S_DIM, str_of(ui->filter)) + 2;
	x += list_put_new(l, s, ui->top, x);
	screen_putf(s, ui->top, x, -1, S_DIM,
	            l->n_marks > 0 ? _("%d shown  %d marked  groups: last 24h") : _("%d shown  groups: last 24h"), l->n,
	            l->n_marks);
	if (!f->flat) {
		int height = MIN(MAX(f->groups.n, 1), screen_height(s) >= 30 ? 6 : 4) + 1;
		list_draw(&f->groups, s, y, height, &groups, !f->in_rows);
		y += height;
		const struct list_row *g = list_current(&f->groups);
		char label[128];
		if (g != NULL)
			snprintf(label, sizeof label, "%.60s, %s", block_at(g->block, g->row, COL_GROUPS_CAUSE),
			         block_at(g->block, g->row, COL_GROUPS_N));
		else
			snprintf(label, sizeof label, _("no group in the last 24h; older, %d"), l->n);
		screen_rule(s, y++, 0, -1, label);
	}
	if (l->n == 0 && ui->snap->blocks[BLOCK_FAILED] != NULL)
		screen_put(s, y + 1, 2, -1, S_DIM,
		           ui->filter[0] != '\0' ? _("no failed message matches this filter (Esc clears it)")
		                                 : _("no message has failed"));
	list_draw(l, s, y, ui->bottom - y - detail, &rows, f->flat || f->in_rows);
	const struct list_row *r = f->flat || f->in_rows ? list_current(l) : list_current(&f->groups);
	if (detail > 0 && r != NULL && (f->flat || f->in_rows))
		failed_draw_detail(ui, r, ui->bottom - detail);
	else if (detail > 0 && r != NULL)
		draw_group(ui, r, ui->bottom - detail);
}

static const struct message_columns MESSAGE_COLUMNS = { COL_FAILED_MESSAGE_ID, COL_FAILED_JOB_ID, COL_FAILED_STATUS,
	                                                COL_FAILED_AGENT };

/* The server counts the messages and returns their ids: rows that are hidden, not loaded, or newer
 * than the screen belong to the group as well. */
static void ask_plan(struct failed_view *f, struct ui *ui)
{
	char about[sizeof f->plan_of];
	if (!ui_may_act(ui))
		return;
	if (!f->flat && list_current(&f->groups) == NULL) {
		ui_say(ui, "%s", _("there is no group here: v, then R retries all that match the filter"));
		return;
	}
	const char *args[sql_tui_plan_args] = { [ARG_PLAN_FILTER] = meant(f, about) };
	snprintf(f->plan_of, sizeof f->plan_of, "%s", args[ARG_PLAN_FILTER]);
	clock_hms(ui->now, f->plan_hms);
	ui_act_take(ui, action_new(ACT_PLAN, _("counting"), args));
	ui_say(ui, "%s", _("counting what would be retried"));
}

PRINTF(2, 3) static void line(struct question *q, const char *fmt, ...)
{
	char text[160];
	va_list ap;
	va_start(ap, fmt);
	vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	question_say(q, text);
}

static void say_plan(struct failed_view *f, struct ui *ui, const struct block *b, struct question *q)
{
	const struct list_row *g = f->flat ? NULL : list_current(&f->groups);
	const char *prov = g != NULL ? block_at(g->block, g->row, COL_GROUPS_PROVIDER) : NULL;
	char time[FORMAT_MAX], cost[FORMAT_MAX];
	long long n = block_int(b, 0, COL_PLAN_N, 0), tools = block_int(b, 0, COL_PLAN_TOOLS, 0),
		  unknown = block_int(b, 0, COL_PLAN_UNKNOWN, 0);
	line(q, "filter        state:failed%s%.60s%s%.40s%s%.40s", g != NULL ? " cause:" : "",
	     g != NULL ? block_at(g->block, g->row, COL_GROUPS_CAUSE) : "", prov != NULL ? " prov:" : "",
	     prov != NULL ? prov : "", ui->filter[0] != '\0' ? " " : "", ui->filter);
	line(q,
	     NP_("frozen        %lld id taken at %s; later failures are not added",
	         "frozen        %lld ids taken at %s; later failures are not added", n),
	     n, f->plan_hms);
	if (block_at(b, 0, COL_PLAN_IS_CUT)[0] == 't')
		line(q, _("              of the newest %d failed; older ones are not looked at"), PLAN_MAX);
	line(q, _("will retry    %lld"), n);
	line(q, _("skipped       %lld, held for a retry already"), (long long)block_int(b, 0, COL_PLAN_HELD, 0));
	line(q, _("unlikely      %lld, whose error says that trying again does not help"),
	     (long long)block_int(b, 0, COL_PLAN_PERMANENT, 0));
	line(q, tools > 0 ? _("tools         %lld called some; what these answered is used again") : _("tools         %lld, no tool had run"),
	     tools);
	if (unknown > 0)
		line(q, _("cost so far   %s, and what %lld of unknown price cost"),
		     format_usd(block_at(b, 0, COL_PLAN_COST), cost), unknown);
	else
		line(q, _("cost so far   %s"), format_usd(block_at(b, 0, COL_PLAN_COST), cost));
	line(q, _("~drain        %s, paced 5/s; goes on in the server if this console ends"),
	     format_duration((double)n * PACE_MS / 1000, time));
}

/* The answer to ask_plan: a yes retries these ids, and no others. */
static void failed_answered(struct view *v, struct ui *ui, const struct action_result *r, bool is_shown)
{
	struct failed_view *f = v->state;
	char about[sizeof f->plan_of];
	const struct block *plan = r->answer;
	bool is_meant = strcmp(f->plan_of, meant(f, about)) == 0;
	f->plan_of[0] = '\0';
	if (!is_shown || !r->ok || plan->n_rows == 0 || !is_meant)
		return;
	long long n = block_int(plan, 0, COL_PLAN_N, 0);
	if (n == 0) {
		ui_say(ui, "%s", _("nothing to retry here"));
		return;
	}
	const char *uuids = block_at(plan, 0, COL_PLAN_MESSAGES);
	struct question *q = xcalloc(1, sizeof *q);
	snprintf(q->title, sizeof q->title, NP_("Retry %lld message", "Retry %lld messages", n), n);
	say_plan(f, ui, plan, q);
	q->type = n;
	q->yes = act_retry_many(ui, n, uuids, block_at(plan, 0, COL_PLAN_JOBS), PACE_MS);
	q->undo = xstrdup(uuids);
	q->undo_ms = ui->retry_hold_ms + n * PACE_MS;
	ui_say(ui, "%s", ""); /* clears "counting" */
	ui_ask_take(ui, q);
}

/* True for commands that act on the message under the cursor: there is none while the groups have
 * the cursor. A retry then works only on marked messages. */
static bool is_for_a_message(const struct failed_view *f, enum cmd cmd)
{
	switch (cmd) {
	case CMD_retry:
		return f->rows.n_marks == 0;
	case CMD_mark:
	case CMD_mark_range:
	case CMD_cancel:
	case CMD_pause:
	case CMD_test_message:
		return true;
	default:
		return false;
	}
}

static bool failed_command(struct view *v, struct ui *ui, enum cmd cmd)
{
	struct failed_view *f = v->state;
	bool in_rows = f->flat || f->in_rows;
	struct list_row *r = list_current(&f->rows);
	if (!in_rows && is_for_a_message(f, cmd)) {
		ui_say(ui, "%s", _("the groups have the cursor: Tab goes to the messages, R retries the group"));
		return true;
	}
	switch (cmd) {
	case CMD_next_pane:
		f->in_rows = !f->in_rows;
		return true;
	case CMD_flat:
		f->flat = !f->flat;
		list_release(&f->rows);
		return true;
	case CMD_open:
		if (!in_rows)
			f->in_rows = true;
		else if (r != NULL)
			ui_open(ui, VIEW_MESSAGE, block_at(r->block, r->row, COL_FAILED_MESSAGE_ID));
		return true;
	case CMD_retry:
		act_retry(ui, &f->rows, &MESSAGE_COLUMNS);
		return true;
	case CMD_retry_group:
		ask_plan(f, ui);
		return true;
	case CMD_cancel:
		act_cancel(ui, &f->rows, &MESSAGE_COLUMNS);
		return true;
	case CMD_pause:
		if (r != NULL)
			act_pause(ui, block_at(r->block, r->row, COL_FAILED_AGENT), false);
		return true;
	case CMD_test_message:
		if (r != NULL)
			ui_open(ui, VIEW_TEST, block_at(r->block, r->row, COL_FAILED_AGENT));
		return true;
	default: {
		/* Commands that mark, or show new rows, are for the messages, whichever pane has the cursor. */
		bool marks = cmd == CMD_mark || cmd == CMD_mark_range || cmd == CMD_mark_all || cmd == CMD_unmark_all || cmd == CMD_freeze;
		int group = f->groups.cursor;
		bool mine = list_command(in_rows || marks ? &f->rows : &f->groups, cmd);
		if (f->groups.cursor != group)
			list_release(&f->rows); /* they belong to another group */
		return mine;
	}
	}
}

static struct copied failed_copy(struct view *v, int kind)
{
	struct failed_view *f = v->state;
	bool in_rows = f->flat || f->in_rows;
	struct list_row *r = list_current(in_rows ? &f->rows : &f->groups);
	if (r == NULL || (!in_rows && kind == 'i')) /* a group has no id */
		return (struct copied){ 0 };
	if (in_rows && kind == 't')
		return copy_text(r, COL_FAILED_TEXT);
	return (struct copied){ .text = block_str(r->block, r->row,
		                                  !in_rows      ? COL_GROUPS_CAUSE
		                                  : kind == 'i' ? COL_FAILED_MESSAGE_ID
		                                                : COL_FAILED_ERROR) };
}

const struct view_ops view_failed = { .init = failed_init,
	                              .release = failed_release,
	                              .want = failed_want,
	                              .bind = failed_bind,
	                              .draw = failed_draw,
	                              .command = failed_command,
	                              .answered = failed_answered,
	                              .copy = failed_copy };
