/* Queue: the running and waiting messages in their real order of service, and why they wait. */
#include "tui/format.h"
#include "tui/i18n.h"
#include "tui/view.h"

struct queue_view {
	struct list list;
	int loaded; /* number of rows that are requested */
};

enum { C_POS, C_ID, C_STATE, C_AGENT, C_SESSION, C_PRI, C_AGE, C_EST, C_ATT, C_WORKER, C_MODEL, C_TEXT, C_N };

static const struct column COLUMNS[C_N] = {
	[C_POS] = { "POS", 4, 5, 60, true },           [C_ID] = { "ID", 6, 7, 40, true },
	[C_STATE] = { "STATE", 6, 7, 40, false },      [C_AGENT] = { "AGENT", 9, 12, 60, false },
	[C_SESSION] = { "SESSION", 0, 8, 120, false }, [C_PRI] = { "PRI", 0, 3, 120, true },
	[C_AGE] = { "AGE", 6, 6, 40, true },           [C_EST] = { "EST", 7, 7, 60, true },
	[C_ATT] = { "ATT", 0, 3, 120, true },          [C_WORKER] = { "WORKER", 0, 8, 120, false },
	[C_MODEL] = { "MODEL", 0, 10, 120, false },    [C_TEXT] = { "MESSAGE", 0, 0, 0, false },
};

static struct str est(struct ui *ui, const struct list_row *r, char *buf)
{
	const char *seconds = block_at(r->block, r->row, COL_QUEUE_ETA), *waits = block_at(r->block, r->row, COL_QUEUE_WAITS_FOR);
	char time[FORMAT_MAX];
	if (strcmp(block_at(r->block, r->row, COL_QUEUE_STATUS), "processing") == 0)
		return STR("-");
	if (waits != NULL && (strcmp(waits, "session") == 0 || strcmp(waits, "rate") == 0 || strcmp(waits, "paused") == 0 ||
	                      strcmp(waits, "budget") == 0 || strcmp(waits, "breaker") == 0 || strcmp(waits, "worker") == 0))
		return str_of(waits);
	if (waits != NULL && strcmp(waits, "concurrency") == 0)
		return STR("limit");
	if (waits != NULL && (strcmp(waits, "backoff") == 0 || strcmp(waits, "schedule") == 0)) {
		usec_t at = block_time(r->block, r->row, COL_QUEUE_RUN_AFTER);
		snprintf(buf, 64, _("in %s"), format_duration((double)(MAX(0, at - ui->now) / USEC_PER_SEC), time));
		return str_of(buf);
	}
	if (ui_is_old(ui) || seconds == NULL)
		return STR("?");
	snprintf(buf, 64, "~%s", format_duration(strtod(seconds, NULL), time));
	return str_of(buf);
}

static struct str queue_cell(const struct list_row *r, int column, char *buf, enum style *style, void *ctx)
{
	struct ui *ui = ctx;
	static const int PLAIN[C_N] = {
		[C_ID] = COL_QUEUE_ID,           [C_STATE] = COL_QUEUE_STATE,  [C_AGENT] = COL_QUEUE_AGENT,
		[C_SESSION] = COL_QUEUE_SESSION, [C_PRI] = COL_QUEUE_PRIORITY, [C_ATT] = COL_QUEUE_ATTEMPT,
		[C_WORKER] = COL_QUEUE_WORKER,   [C_MODEL] = COL_QUEUE_MODEL,  [C_TEXT] = COL_QUEUE_TEXT
	};
	const char *state = block_at(r->block, r->row, COL_QUEUE_STATE);
	switch (column) {
	case C_POS:
		return !r->is_ghost && block_at(r->block, r->row, COL_QUEUE_POSITION) != NULL
		               ? block_str(r->block, r->row, COL_QUEUE_POSITION)
		               : STR("-");
	case C_AGE: {
		char time[FORMAT_MAX];
		bool runs = strcmp(state, "run") == 0;
		usec_t since = block_time(r->block, r->row, runs ? COL_QUEUE_STARTED : COL_QUEUE_SINCE);
		snprintf(buf, 64, "%s", format_duration((double)(MAX(0, ui->now - since) / USEC_PER_SEC), time));
		return str_of(buf);
	}
	case C_EST:
		return est(ui, r, buf);
	case C_STATE:
		if (r->is_ghost)
			return STR("left");
		if (strcmp(state, "run") == 0)
			*style = S_OK;
		else if (strcmp(state, "retry") == 0 || strcmp(state, "paused") == 0 || strcmp(state, "parked") == 0 ||
		         strcmp(state, "held") == 0)
			*style = S_WARN;
		return str_of(state);
	default:
		return block_str(r->block, r->row, PLAIN[column]);
	}
}

static void queue_init(struct view *v)
{
	struct queue_view *q = xcalloc(1, sizeof *q);
	list_init(&q->list);
	v->state = q;
}

static void queue_release(struct view *v)
{
	struct queue_view *q = v->state;
	list_release(&q->list);
	free(q);
}

static void queue_want(struct view *v, struct want *w)
{
	struct queue_view *q = v->state;
	w->blocks |= 1u << BLOCK_QUEUE;
	w->limit = MAX(200, (q->list.cursor + 2 * q->list.height + 99) / 100 * 100);
	q->loaded = w->limit;
}

static void queue_bind(struct view *v, const struct snapshot *s)
{
	struct queue_view *q = v->state;
	if (s->blocks[BLOCK_QUEUE] != NULL)
		list_bind(&q->list, s->blocks[BLOCK_QUEUE], COL_QUEUE_ID, 0, COL_QUEUE_JOB_ID);
}

static void queue_draw_detail(struct ui *ui, const struct list_row *r, int y, int height)
{
	char label[32];
	struct screen *s = ui->screen;
	if (height < 4)
		return;
	snprintf(label, sizeof label, "%lld", (long long)r->id);
	screen_rule(s, y, 0, -1, label);
	static const struct {
		const char *name;
		int column, line;
	} FACTS[] = { { N_("agent"), COL_QUEUE_AGENT, 0 },        { N_("session"), COL_QUEUE_SESSION, 0 },
		      { N_("user"), COL_QUEUE_USER_ID, 0 },       { N_("worker"), COL_QUEUE_WORKER, 1 },
		      { N_("model"), COL_QUEUE_MODEL, 1 },        { N_("attempt"), COL_QUEUE_ATTEMPT, 1 },
		      { N_("waits for"), COL_QUEUE_WAITS_FOR, 1 } };
	int x[2] = { 1, 1 };
	for (size_t i = 0; i < ARRAY_SIZE(FACTS); i++) {
		int line = FACTS[i].line;
		if (block_at(r->block, r->row, FACTS[i].column) == NULL)
			continue;
		x[line] += screen_put(s, y + 1 + line, x[line], -1, S_DIM, _(FACTS[i].name)) + 1;
		x[line] += screen_text(s, y + 1 + line, x[line], 40, S_PLAIN, block_str(r->block, r->row, FACTS[i].column)) + 3;
	}
	screen_text(s, y + 3, 3, -1, S_PLAIN, block_str(r->block, r->row, COL_QUEUE_TEXT));
}

static void queue_draw(struct view *v, struct ui *ui)
{
	struct queue_view *q = v->state;
	const struct list_style look = { COLUMNS, C_N, queue_cell, ui };
	struct screen *s = ui->screen;
	int rows = ui->bottom - ui->top - 1, detail = screen_height(s) >= 34 ? 8 : 0;
	int x = 1 + screen_put(s, ui->top, 1, -1, S_BOLD, _("Queue")) + 2;
	x += screen_text(s, ui->top, x, 40, S_DIM, str_of(ui->filter[0] != '\0' ? ui->filter : "/all")) + 2;
	x += screen_putf(s, ui->top, x, -1, S_DIM, _("sort pos")) + 2;
	x += list_put_new(&q->list, s, ui->top, x);
	char right[80];
	int last = MIN(q->list.n, q->list.top + rows - detail - 1);
	int n = snprintf(right, sizeof right, _("%d-%d of %s%d"), q->list.n > 0 ? q->list.top + 1 : 0, last,
	                 q->list.n >= q->loaded ? _("the first ") : "", q->list.n);
	if (q->list.n_marks > 0)
		snprintf(right + n, sizeof right - (size_t)n, _("  %d marked"), q->list.n_marks);
	int at = screen_width(s) - (int)strlen(right) - 1;
	if (at > x)
		screen_put(s, ui->top, at, -1, S_DIM, right);
	if (q->list.n == 0 && ui->snap->blocks[BLOCK_QUEUE] != NULL)
		screen_putf(s, ui->top + 2, 2, -1, S_DIM,
		            ui->filter[0] != '\0' ? _("no message matches this filter (Esc clears it)")
		                                  : _("the queue is empty"));
	list_draw(&q->list, s, ui->top + 1, rows - detail, &look, true);
	struct list_row *r = list_current(&q->list);
	if (detail > 0 && r != NULL)
		queue_draw_detail(ui, r, ui->bottom - detail, detail);
}

static const struct message_columns MESSAGE_COLUMNS = { COL_QUEUE_MESSAGE_ID, COL_QUEUE_JOB_ID, COL_QUEUE_STATUS,
	                                                COL_QUEUE_AGENT };

static bool queue_command(struct view *v, struct ui *ui, enum cmd cmd)
{
	struct queue_view *q = v->state;
	struct list_row *r = list_current(&q->list);
	if (list_command(&q->list, cmd))
		return true;
	switch (cmd) {
	case CMD_open:
		if (r != NULL)
			ui_open(ui, VIEW_MESSAGE, block_at(r->block, r->row, COL_QUEUE_MESSAGE_ID));
		return true;
	case CMD_retry:
		act_retry(ui, &q->list, &MESSAGE_COLUMNS);
		return true;
	case CMD_cancel:
		act_cancel(ui, &q->list, &MESSAGE_COLUMNS);
		return true;
	case CMD_pause:
		if (r != NULL) {
			const char *waits = block_at(r->block, r->row, COL_QUEUE_WAITS_FOR);
			act_pause(ui, block_at(r->block, r->row, COL_QUEUE_AGENT), waits != NULL && strcmp(waits, "paused") == 0);
		}
		return true;
	case CMD_test_message:
		if (r != NULL)
			ui_open(ui, VIEW_TEST, block_at(r->block, r->row, COL_QUEUE_AGENT));
		return true;
	default:
		return false;
	}
}

static struct copied queue_copy(struct view *v, int kind)
{
	struct queue_view *q = v->state;
	struct list_row *r = list_current(&q->list);
	if (r == NULL || kind == 'e')
		return (struct copied){ 0 };
	return kind == 't' ? copy_text(r, COL_QUEUE_TEXT)
	                   : (struct copied){ .text = block_str(r->block, r->row, COL_QUEUE_MESSAGE_ID) };
}

const struct view_ops view_queue = { .init = queue_init,
	                             .release = queue_release,
	                             .want = queue_want,
	                             .bind = queue_bind,
	                             .draw = queue_draw,
	                             .command = queue_command,
	                             .copy = queue_copy };
