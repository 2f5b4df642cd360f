/* Failed: groups by cause, and the messages of the group under the cursor; or all of them, flat. */
#include "shared/json.h"
#include "tui/format.h"
#include "tui/i18n.h"
#include "tui/view.h"

#define ROWS_MAX 1000
#define PACE_MS 200

struct failed_view {
	struct list groups, rows;
	bool flat, in_rows; /* which pane has the keys */
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
	[C_ATT] = { "ATT", 3, 3, 60, true },        [C_FAILED] = { "FAILED", 0, 9, 120, true },
	[C_ERROR] = { "ERROR", 26, 42, 60, false }, [C_TEXT] = { "MESSAGE", 0, 0, 0, false },
};

static const char *ago(struct ui *ui, usec_t at, char *buf)
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
		return block_str(r->block, r->row, G_N);
	case G_C_CAUSE:
		*style = *style == S_DIM ? S_DIM : S_BOLD;
		return block_str(r->block, r->row, G_CAUSE);
	case G_C_PROVIDER:
		return block_at(r->block, r->row, G_PROVIDER) != NULL ? block_str(r->block, r->row, G_PROVIDER) : STR("-");
	case G_C_AGENTS:
		return block_str(r->block, r->row, G_AGENTS);
	case G_C_LAST:
		return str_of(ago(ctx, block_time(r->block, r->row, G_LAST), buf));
	case G_C_RETRY:
		return block_at(r->block, r->row, G_PERMANENT)[0] == 't' ? STR("no") : STR("yes");
	default:
		snprintf(buf, 64, "%s", format_usd(block_at(r->block, r->row, G_COST), cost));
		return str_of(buf);
	}
}

static struct str cell(const struct list_row *r, int column, char *buf, enum style *style, void *ctx)
{
	struct ui *ui = ctx;
	char time[FORMAT_MAX];
	usec_t held = block_time(r->block, r->row, F_RETRY_AT);
	switch (column) {
	case C_ID:
		return block_str(r->block, r->row, F_ID);
	case C_AGENT:
		return block_str(r->block, r->row, F_AGENT);
	case C_ATT:
		return block_str(r->block, r->row, F_ATTEMPTS);
	case C_FAILED:
		return str_of(ago(ui, block_time(r->block, r->row, F_SINCE), buf));
	case C_ERROR:
		if (r->is_ghost)
			return STR("retried, or gone");
		if (held != 0) {
			*style = S_WARN;
			snprintf(buf, 64, _("retry in %s (u undoes)"),
			         format_duration((double)(MAX(0, held - ui->now) / USEC_PER_SEC), time));
			return str_of(buf);
		}
		return block_str(r->block, r->row, F_ERROR);
	default:
		return block_str(r->block, r->row, F_TEXT);
	}
}

static void init(struct view *v)
{
	struct failed_view *f = xcalloc(1, sizeof *f);
	list_init(&f->groups);
	list_init(&f->rows);
	v->state = f;
}

static void release(struct view *v)
{
	struct failed_view *f = v->state;
	list_release(&f->groups);
	list_release(&f->rows);
	free(f);
}

static void narrow(struct want *w, const struct list_row *g)
{
	struct strbuf b = STRBUF_INIT(sizeof w->narrow - 1);
	strbuf_str(&b, "{\"field\":\"cause\",\"op\":\"=\",\"not\":false,\"values\":[");
	json_put_str(&b, block_str(g->block, g->row, G_CAUSE));
	strbuf_str(&b, "]}");
	if (block_at(g->block, g->row, G_PROVIDER) != NULL) {
		strbuf_str(&b, ",{\"field\":\"prov\",\"op\":\"=\",\"not\":false,\"values\":[");
		json_put_str(&b, block_str(g->block, g->row, G_PROVIDER));
		strbuf_str(&b, "]}");
	}
	if (!b.broken)
		memcpy(w->narrow, strbuf_text(&b), b.len + 1);
	strbuf_release(&b);
}

static void want(struct view *v, struct want *w)
{
	struct failed_view *f = v->state;
	const struct list_row *g = list_current(&f->groups);
	w->blocks |= 1u << BLOCK_GROUPS | 1u << BLOCK_FAILED;
	w->limit = ROWS_MAX;
	if (!f->flat && g != NULL)
		narrow(w, g);
}

static void bind(struct view *v, const struct snapshot *s)
{
	struct failed_view *f = v->state;
	if (s->blocks[BLOCK_GROUPS] != NULL)
		list_bind(&f->groups, s->blocks[BLOCK_GROUPS], G_CAUSE, 2, -1);
	if (s->blocks[BLOCK_FAILED] != NULL)
		list_bind(&f->rows, s->blocks[BLOCK_FAILED], F_ID, 0, F_JOB);
}

static void draw_detail(struct ui *ui, const struct list_row *r, int y)
{
	char label[48];
	struct screen *s = ui->screen;
	snprintf(label, sizeof label, _("%lld last attempt"), (long long)r->id);
	screen_rule(s, y, 0, -1, label);
	int x = 1 + screen_put(s, y + 1, 1, -1, S_DIM, _("error")) + 2;
	screen_text(s, y + 1, x, -1, S_PLAIN, block_str(r->block, r->row, F_ERROR));
	x = 1 + screen_put(s, y + 2, 1, -1, S_DIM, _("model")) + 2;
	x += screen_text(s, y + 2, x, 40, S_PLAIN, block_str(r->block, r->row, F_MODEL)) + 3;
	x += screen_put(s, y + 2, x, -1, S_DIM, _("worker")) + 1;
	x += screen_text(s, y + 2, x, 30, S_PLAIN, block_str(r->block, r->row, F_WORKER)) + 3;
	screen_put(s, y + 2, x, -1, S_PLAIN,
	           block_at(r->block, r->row, F_PERMANENT)[0] == 't' ? _("trying again is unlikely to help")
	                                                             : _("no tool had run: safe to retry"));
}

static void draw(struct view *v, struct ui *ui)
{
	struct failed_view *f = v->state;
	const struct list_style groups = { GROUP_COLUMNS, G_COLUMNS, group_cell, ui }, rows = { COLUMNS, C_N, cell, ui };
	struct screen *s = ui->screen;
	struct list *l = &f->rows;
	int y = ui->top + 1, detail = screen_height(s) >= 30 ? 4 : 0;
	int x = 1 + screen_put(s, ui->top, 1, -1, S_BOLD, _("Failed")) + 2;
	x += screen_put(s, ui->top, x, -1, S_DIM, f->flat ? _("flat (v by cause)") : _("by cause (v flat)")) + 2;
	x += screen_text(s, ui->top, x, 30, S_DIM, str_of(ui->filter)) + 2;
	if (l->n_new > 0)
		x += screen_putf(s, ui->top, x, -1, S_WARN, _("+%d new (f shows)"), l->n_new) + 2;
	screen_putf(s, ui->top, x, -1, S_DIM,
	            l->n_marks > 0 ? _("%d shown  %d marked  groups: last 24h") : _("%d shown  groups: last 24h"), l->n,
	            l->n_marks);
	if (!f->flat) {
		int height = MIN(MAX(f->groups.n, 1), screen_height(s) >= 30 ? 6 : 4) + 1;
		list_draw(&f->groups, s, y, height, &groups, !f->in_rows);
		y += height;
		const struct list_row *g = list_current(&f->groups);
		char label[128];
		snprintf(label, sizeof label, "%.60s, %d", g != NULL ? block_at(g->block, g->row, G_CAUSE) : _("nothing"), l->n);
		screen_rule(s, y++, 0, -1, label);
	}
	if (l->n == 0 && ui->snap->blocks[BLOCK_FAILED] != NULL)
		screen_put(s, y + 1, 2, -1, S_DIM,
		           ui->filter[0] != '\0' ? _("no failed message matches this filter (Esc clears it)")
		                                 : _("no message has failed"));
	list_draw(l, s, y, ui->bottom - y - detail, &rows, f->flat || f->in_rows);
	const struct list_row *r = list_current(l);
	if (detail > 0 && r != NULL)
		draw_detail(ui, r, ui->bottom - detail);
}

static const struct message_columns MESSAGE_COLUMNS = { F_UUID, F_JOB, F_STATUS, F_AGENT };

/* All rows that are loaded, frozen as they are now; later failures are not added. */
static void retry_group(struct ui *ui, struct list *l)
{
	struct strbuf uuids = STRBUF_INIT(1u << 20), jobs = STRBUF_INIT(1u << 20);
	char hold[32], pace[32], label[48], time[FORMAT_MAX];
	const char *args[] = { NULL, NULL, ui->operator_name, hold, pace };
	int n = 0, skipped = 0, permanent = 0;
	if (!ui_may_act(ui))
		return;
	for (int i = 0; i < l->n; i++) {
		const struct list_row *r = &l->rows[i];
		if (r->is_ghost || block_at(r->block, r->row, F_RETRY_AT) != NULL) {
			skipped++;
			continue;
		}
		strbuf_addf(&uuids, "%s%s", n == 0 ? "{" : ",", block_at(r->block, r->row, F_UUID));
		strbuf_addf(&jobs, "%s%s", n == 0 ? "{" : ",", r->job[0] != '\0' ? r->job : "NULL");
		permanent += block_at(r->block, r->row, F_PERMANENT)[0] == 't';
		n++;
	}
	strbuf_str(&uuids, "}");
	strbuf_str(&jobs, "}");
	if (n == 0) {
		ui_say(ui, "%s", _("nothing to retry here"));
	} else {
		struct question *q = xcalloc(1, sizeof *q);
		char hms[16];
		args[0] = strbuf_text(&uuids);
		args[1] = strbuf_text(&jobs);
		snprintf(hold, sizeof hold, "%lld ms", (long long)ui->retry_hold_ms);
		snprintf(pace, sizeof pace, "%d ms", PACE_MS);
		snprintf(label, sizeof label, _("%d messages"), n);
		snprintf(q->title, sizeof q->title, _("Retry %d messages"), n);
		snprintf(q->lines[q->n_lines++], sizeof q->lines[0],
		         _("frozen      %d ids taken at %s; later failures are not added"), n, clock_hms(ui->now, hms));
		snprintf(q->lines[q->n_lines++], sizeof q->lines[0], _("skipped     %d, held or gone already"), skipped);
		snprintf(q->lines[q->n_lines++], sizeof q->lines[0],
		         _("unlikely    %d, whose error says that trying again does not help"), permanent);
		snprintf(q->lines[q->n_lines++], sizeof q->lines[0],
		         _("~drain      %s, paced 5/s; goes on in the server if this console ends"),
		         format_duration((double)n * PACE_MS / 1000, time));
		if (l->n >= ROWS_MAX)
			snprintf(q->lines[q->n_lines++], sizeof q->lines[0], _("only the newest %d that are loaded"), ROWS_MAX);
		q->type = n;
		q->yes = action_new(ACT_RETRY_MANY, label, 5, args);
		ui_can_undo(ui, strbuf_text(&uuids), ui->retry_hold_ms + (int64_t)n * PACE_MS);
		ui_ask_take(ui, q);
	}
	strbuf_release(&uuids);
	strbuf_release(&jobs);
}

static bool command(struct view *v, struct ui *ui, enum cmd cmd)
{
	struct failed_view *f = v->state;
	bool in_rows = f->flat || f->in_rows;
	struct list_row *r = list_current(&f->rows);
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
			ui_open(ui, VIEW_MESSAGE, block_at(r->block, r->row, F_UUID));
		return true;
	case CMD_retry:
		act_retry(ui, &f->rows, &MESSAGE_COLUMNS);
		return true;
	case CMD_retry_group:
		retry_group(ui, &f->rows);
		return true;
	case CMD_cancel:
		act_cancel(ui, &f->rows, &MESSAGE_COLUMNS);
		return true;
	case CMD_pause:
		if (r != NULL)
			act_pause(ui, block_at(r->block, r->row, F_AGENT), false);
		return true;
	case CMD_test_message:
		if (r != NULL)
			ui_open(ui, VIEW_TEST, block_at(r->block, r->row, F_AGENT));
		return true;
	case CMD_freeze:
		if (f->rows.n_new == 0)
			return false;
		list_reveal(&f->rows);
		return true;
	default: {
		/* Marks belong to the messages, whichever pane has the cursor. */
		bool marks = cmd == CMD_mark || cmd == CMD_mark_range || cmd == CMD_mark_all || cmd == CMD_unmark_all;
		int group = f->groups.cursor;
		bool mine = list_command(in_rows || marks ? &f->rows : &f->groups, cmd);
		if (f->groups.cursor != group)
			list_release(&f->rows); /* another group's messages */
		return mine;
	}
	}
}

static struct str text(struct view *v, int kind)
{
	struct failed_view *f = v->state;
	struct list_row *r = list_current(&f->rows);
	return r == NULL ? STR("") : block_str(r->block, r->row, kind == 'i' ? F_UUID : kind == 'e' ? F_ERROR : F_TEXT);
}

const struct view_ops view_failed = { .name = "Failed",
	                              .scopes = SCOPES_FAILED,
	                              .init = init,
	                              .release = release,
	                              .want = want,
	                              .bind = bind,
	                              .draw = draw,
	                              .command = command,
	                              .text = text };
