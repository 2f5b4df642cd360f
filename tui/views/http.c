/* HTTP: who may ask (tokens), and who is told (webhooks, with their deliveries). Two panes; what is under the cursor is
 * described below them. */
#include "tui/format.h"
#include "tui/i18n.h"
#include "tui/view.h"
#include "tui/views/facts.h"

static const struct list_sort TOKEN_SORTS[] = { { N_("newest"), COL_LIST_TOKENS_ID, false, true },
	                                        { N_("state"), COL_LIST_TOKENS_STATE, true, true },
	                                        { N_("name"), COL_LIST_TOKENS_NAME, true, false } };
static const struct list_sort WEBHOOK_SORTS[] = { { N_("newest"), COL_LIST_WEBHOOKS_ID, false, true },
	                                          { N_("failed"), COL_LIST_WEBHOOKS_FAILED, false, true },
	                                          { N_("waiting"), COL_LIST_WEBHOOKS_WAITING, false, true } };

struct http_view {
	struct list tokens, webhooks;
	bool in_webhooks; /* the webhooks have the cursor, not the tokens */
};

enum { T_ID, T_STATE, T_HINT, T_EXPIRES, T_AGENTS, T_SCOPES, T_NAME, T_COLUMNS };
static const struct column TOKEN_COLUMNS[T_COLUMNS] = {
	[T_ID] = { "TOKEN", 5, 6, 0, true },        [T_STATE] = { "STATE", 7, 8, 0, false },
	[T_HINT] = { "LAST 4", 7, 7, 60, false },   [T_EXPIRES] = { "EXPIRES", 10, 10, 70, false },
	[T_AGENTS] = { "AGENTS", 14, 24, 40, false }, [T_SCOPES] = { "SCOPES", 17, 36, 60, false },
	[T_NAME] = { "NAME", 0, 0, 0, false },
};

enum { W_ID, W_AGENT, W_WAITING, W_DONE, W_FAILED, W_URL, W_COLUMNS };
static const struct column WEBHOOK_COLUMNS[W_COLUMNS] = {
	[W_ID] = { "HOOK", 5, 6, 0, true },         [W_AGENT] = { "AGENT", 14, 24, 40, false },
	[W_WAITING] = { "WAIT", 5, 6, 60, true },   [W_DONE] = { "DONE", 6, 8, 60, true },
	[W_FAILED] = { "FAILED", 6, 8, 0, true },   [W_URL] = { "URL", 0, 0, 0, false },
};

/* The number of the token or the webhook under the cursor. */
static const char *number_of(const struct http_view *h, const struct list_row *r)
{
	return block_at(r->block, r->row, h->in_webhooks ? COL_LIST_WEBHOOKS_ID : COL_LIST_TOKENS_ID);
}

/* A delivery, on a line of its own. */
#define DELIVERY "%-8s %-17s %-9s %5s %6s  "

/* The text of an array without its braces; `none` for NULL. */
static struct str array_str(const struct block *b, int row, int col, const char *none)
{
	struct str s = block_at(b, row, col) != NULL ? block_str(b, row, col) : str_of(none);
	if (s.len >= 2 && s.ptr[0] == '{')
		s = (struct str){ s.ptr + 1, s.len - 2 };
	return s;
}

static struct str or_none(const struct block *b, int row, int col, const char *none)
{
	return block_at(b, row, col) != NULL ? block_str(b, row, col) : str_of(none);
}

/* "2026-12-01" of a time. */
static struct str date_str(const struct block *b, int row, int col)
{
	struct str s = or_none(b, row, col, "-");
	s.len = MIN(s.len, (size_t)10);
	return s;
}

static struct str token_cell(const struct list_row *r, int column, char *buf, enum style *style, void *ctx)
{
	const struct block *b = r->block;
	int row = r->row;
	bool is_valid = strcmp(block_at(b, row, COL_LIST_TOKENS_STATE), "valid") == 0;
	(void)ctx;
	if (!is_valid)
		*style = S_DIM;
	switch (column) {
	case T_ID:
		return block_str(b, row, COL_LIST_TOKENS_ID);
	case T_STATE:
		*style = is_valid ? S_OK : S_DIM;
		return block_str(b, row, COL_LIST_TOKENS_STATE);
	case T_HINT:
		snprintf(buf, 64, "...%.16s", block_at(b, row, COL_LIST_TOKENS_HINT));
		return str_of(buf);
	case T_EXPIRES:
		return date_str(b, row, COL_LIST_TOKENS_EXPIRES_AT);
	case T_AGENTS:
		return array_str(b, row, COL_LIST_TOKENS_AGENTS, _("all"));
	case T_SCOPES:
		return array_str(b, row, COL_LIST_TOKENS_SCOPES, "");
	default:
		return block_str(b, row, COL_LIST_TOKENS_NAME);
	}
}

static bool is_removed(const struct block *b, int row)
{
	return block_at(b, row, COL_LIST_WEBHOOKS_REMOVED_AT) != NULL;
}

static struct str webhook_cell(const struct list_row *r, int column, char *buf, enum style *style, void *ctx)
{
	static const int COUNTS[W_COLUMNS] = { [W_WAITING] = COL_LIST_WEBHOOKS_WAITING,
		                               [W_DONE] = COL_LIST_WEBHOOKS_DELIVERED,
		                               [W_FAILED] = COL_LIST_WEBHOOKS_FAILED };
	const struct block *b = r->block;
	int row = r->row;
	(void)ctx;
	if (is_removed(b, row))
		*style = S_DIM;
	switch (column) {
	case W_ID:
		return block_str(b, row, COL_LIST_WEBHOOKS_ID);
	case W_AGENT:
		return or_none(b, row, COL_LIST_WEBHOOKS_AGENT, _("all"));
	case W_WAITING:
	case W_DONE:
	case W_FAILED:
		if (column == W_FAILED && !is_removed(b, row) && block_int(b, row, COL_LIST_WEBHOOKS_FAILED, 0) > 0)
			*style = S_CRIT;
		return str_of(format_count(block_double(b, row, COUNTS[column], 0), buf));
	default:
		return is_removed(b, row) ? str_of(_("(removed)")) : block_str(b, row, COL_LIST_WEBHOOKS_URL);
	}
}

static void http_init(struct view *v)
{
	struct http_view *h = xcalloc(1, sizeof *h);
	list_init(&h->tokens);
	list_init(&h->webhooks);
	h->tokens.sorts = TOKEN_SORTS;
	h->tokens.n_sorts = ARRAY_SIZE(TOKEN_SORTS);
	h->webhooks.sorts = WEBHOOK_SORTS;
	h->webhooks.n_sorts = ARRAY_SIZE(WEBHOOK_SORTS);
	v->state = h;
}

static void http_release(struct view *v)
{
	struct http_view *h = v->state;
	list_release(&h->tokens);
	list_release(&h->webhooks);
	free(h);
}

static void http_want(struct view *v, struct want *w)
{
	struct http_view *h = v->state;
	const struct list_row *r = list_current(&h->webhooks);
	w->blocks |= 1u << BLOCK_TOKENS | 1u << BLOCK_WEBHOOKS | 1u << BLOCK_DELIVERIES;
	snprintf(w->webhook, sizeof w->webhook, "%s", r != NULL && h->in_webhooks ? block_at(r->block, r->row, COL_LIST_WEBHOOKS_ID) : "");
}

static void http_bind(struct view *v, const struct snapshot *s)
{
	struct http_view *h = v->state;
	if (s->blocks[BLOCK_TOKENS] != NULL)
		list_bind(&h->tokens, s->blocks[BLOCK_TOKENS], COL_LIST_TOKENS_ID, 0, -1);
	if (s->blocks[BLOCK_WEBHOOKS] != NULL)
		list_bind(&h->webhooks, s->blocks[BLOCK_WEBHOOKS], COL_LIST_WEBHOOKS_ID, 0, -1);
}

/* ---- what is under the cursor */

static void draw_pages(struct screen *s, int y, struct str origins)
{
	int x = facts_line(s, y, _("pages"));
	if (origins.len > 0)
		fact_rest(s, y, x, S_PLAIN, origins);
	else
		fact_rest(s, y, x, S_DIM, str_of(_("none: a web page may not ask with it")));
}

static void draw_token(struct ui *ui, const struct list_row *r, int y, int end)
{
	static const struct {
		const char *name;
		int column;
	} BOUND[] = { { N_("user"), COL_LIST_TOKENS_USER_ID },
		      { N_("collection"), COL_LIST_TOKENS_COLLECTION_NAME },
		      { N_("thread"), COL_LIST_TOKENS_THREAD_KEY } };
	struct screen *s = ui->screen;
	const struct block *b = r->block;
	int row = r->row, x, n = 0;
	if (y < end)
		fact_rest(s, y, facts_line(s, y, _("scopes")), S_PLAIN, array_str(b, row, COL_LIST_TOKENS_SCOPES, ""));
	if (++y < end)
		fact_rest(s, y, facts_line(s, y, _("agents")), S_PLAIN, array_str(b, row, COL_LIST_TOKENS_AGENTS, _("all")));
	if (++y < end) {
		x = facts_line(s, y, _("callers"));
		if (strcmp(block_at(b, row, COL_LIST_TOKENS_IS_PUBLIC), "t") == 0)
			fact(s, y, &x, "", S_WARN, str_of(_("anybody: it is public")));
		if (block_at(b, row, COL_LIST_TOKENS_SIGN_ENV) != NULL)
			fact(s, y, &x, _("signed with"), S_PLAIN, block_str(b, row, COL_LIST_TOKENS_SIGN_ENV));
		for (size_t i = 0; i < ARRAY_SIZE(BOUND); i++)
			if (block_at(b, row, BOUND[i].column) != NULL) {
				fact(s, y, &x, _(BOUND[i].name), S_PLAIN, block_str(b, row, BOUND[i].column));
				n++;
			}
		if (n == 0)
			fact(s, y, &x, "", S_DIM, str_of(_("bound to no user, collection or thread")));
	}
	if (++y < end)
		draw_pages(s, y, array_str(b, row, COL_LIST_TOKENS_ORIGINS, ""));
	if (++y < end) {
		x = facts_line(s, y, _("made"));
		fact(s, y, &x, "", S_PLAIN, or_none(b, row, COL_LIST_TOKENS_CREATED_AT, "-"));
		fact(s, y, &x, _("by"), S_PLAIN, block_str(b, row, COL_LIST_TOKENS_CREATED_BY));
		if (block_at(b, row, COL_LIST_TOKENS_EXPIRES_AT) != NULL)
			fact(s, y, &x, _("expires"), S_PLAIN, block_str(b, row, COL_LIST_TOKENS_EXPIRES_AT));
		if (block_at(b, row, COL_LIST_TOKENS_REVOKED_AT) != NULL)
			fact(s, y, &x, _("revoked"), S_WARN, block_str(b, row, COL_LIST_TOKENS_REVOKED_AT));
	}
}

static void draw_delivery(struct ui *ui, const struct block *b, int row, int y)
{
	struct screen *s = ui->screen;
	char line[160], hms[16], ago[FORMAT_MAX];
	const char *state = block_at(b, row, COL_LIST_DELIVERIES_STATE), *status = block_at(b, row, COL_LIST_DELIVERIES_LAST_STATUS);
	usec_t at = block_time(b, row, COL_LIST_DELIVERIES_CREATED_AT), next = block_time(b, row, COL_LIST_DELIVERIES_NEXT_AT);
	enum style style = strcmp(state, "failed") == 0 ? S_CRIT : strcmp(state, "waiting") == 0 ? S_WARN : S_PLAIN;
	snprintf(line, sizeof line, DELIVERY,
	         ui->now - at < 86400 * USEC_PER_SEC ? clock_hms(at, hms)
	                                             : format_duration((double)((ui->now - at) / USEC_PER_SEC), ago),
	         block_at(b, row, COL_LIST_DELIVERIES_EVENT), state, block_at(b, row, COL_LIST_DELIVERIES_TRIES),
	         status != NULL && strcmp(status, "0") != 0 ? status : "-");
	int x = 1 + screen_text(s, y, 1, MAX(0, screen_width(s) - 2), style, str_of(line));
	if (next > ui->now && screen_width(s) >= 100)
		x += screen_putf(s, y, x, -1, S_DIM, _("again in %s  "), format_duration((double)((next - ui->now) / USEC_PER_SEC), ago));
	if (block_at(b, row, COL_LIST_DELIVERIES_LAST_ERROR) != NULL)
		screen_text(s, y, x, MAX(0, screen_width(s) - x - 1), style, block_str(b, row, COL_LIST_DELIVERIES_LAST_ERROR));
	else if (block_at(b, row, COL_LIST_DELIVERIES_MESSAGE_ID) != NULL)
		screen_text(s, y, x, MAX(0, screen_width(s) - x - 1), S_DIM, block_str(b, row, COL_LIST_DELIVERIES_MESSAGE_ID));
}

static void draw_webhook(struct ui *ui, const struct list_row *r, int y, int end)
{
	struct screen *s = ui->screen;
	const struct block *b = r->block, *d = ui->snap->blocks[BLOCK_DELIVERIES];
	int row = r->row, x;
	if (y < end)
		fact_rest(s, y, facts_line(s, y, _("events")), S_PLAIN, array_str(b, row, COL_LIST_WEBHOOKS_EVENTS, ""));
	if (++y < end) {
		x = facts_line(s, y, _("secret"));
		fact(s, y, &x, "", S_PLAIN, block_str(b, row, COL_LIST_WEBHOOKS_SECRET_ENV));
		fact(s, y, &x, _("made by"), S_PLAIN, block_str(b, row, COL_LIST_WEBHOOKS_CREATED_BY));
	}
	if (++y < end)
		screen_putf(s, y, 1, -1, S_DIM, DELIVERY "%s", _("AT"), _("EVENT"), _("STATE"), _("TRIES"), _("STATUS"), _("WHY, OR MESSAGE"));
	if (d == NULL || strcmp(d->about, block_at(b, row, COL_LIST_WEBHOOKS_ID)) != 0)
		return;
	for (int i = 0; i < d->n_rows && ++y < end; i++)
		draw_delivery(ui, d, i, y);
	if (d->n_rows == 0 && ++y < end)
		screen_put(s, y, 1, -1, S_DIM, _("nothing was said to it yet"));
}

/* ---- the screen */

static void draw_http_title(struct ui *ui, const struct http_view *h)
{
	struct screen *s = ui->screen;
	const struct list *l = h->in_webhooks ? &h->webhooks : &h->tokens;
	const struct block *b = ui->snap->blocks[BLOCK_TOKENS];
	int n = b != NULL ? b->n_rows : 0, valid = 0, x = 1 + screen_put(s, ui->top, 1, -1, S_BOLD, _("HTTP")) + 2;
	for (int i = 0; i < n; i++)
		valid += strcmp(block_at(b, i, COL_LIST_TOKENS_STATE), "valid") == 0;
	x += screen_putf(s, ui->top, x, -1, S_DIM, _("tokens: %d, %d valid   sort %s%s"), n, valid, _(l->sorts[l->sort].name),
	                 l->is_reversed ? " (O)" : "");
	list_put_new(&h->tokens, s, ui->top, x + 2);
}

static void http_draw(struct view *v, struct ui *ui)
{
	struct http_view *h = v->state;
	struct screen *s = ui->screen;
	const struct list_style tokens = { TOKEN_COLUMNS, T_COLUMNS, token_cell, ui };
	const struct list_style webhooks = { WEBHOOK_COLUMNS, W_COLUMNS, webhook_cell, ui };
	const struct list_row *r = list_current(h->in_webhooks ? &h->webhooks : &h->tokens);
	char label[80];
	int rows = ui->bottom - ui->top - 1, y = ui->top + 1;
	/* A third of the lines for each list, or fewer if it is shorter; the rest describes one. */
	int height = MIN(MAX(h->tokens.n, 1), MAX(2, rows / 3 - 1)) + 1;
	draw_http_title(ui, h);
	if (h->tokens.n == 0 && ui->snap->blocks[BLOCK_TOKENS] != NULL)
		screen_put(s, y + 1, 2, -1, S_DIM, _("there is no token: signalbox token create --agent A --scope dispatch,read"));
	list_draw(&h->tokens, s, y, height, &tokens, !h->in_webhooks);
	y += height;
	snprintf(label, sizeof label, _("webhooks: %d"), h->webhooks.n);
	screen_rule(s, y, 0, -1, label);
	list_put_new(&h->webhooks, s, y++, 20);
	height = MIN(MAX(h->webhooks.n, 1), MAX(2, rows / 3 - 2)) + 1;
	if (h->webhooks.n == 0 && ui->snap->blocks[BLOCK_WEBHOOKS] != NULL)
		screen_put(s, y + 1, 2, -1, S_DIM, _("there is no webhook: signalbox webhook create --agent A --secret-env NAME URL"));
	list_draw(&h->webhooks, s, y, MIN(height, ui->bottom - y), &webhooks, h->in_webhooks);
	y += height;
	if (r == NULL || ui->bottom - y < 3)
		return;
	snprintf(label, sizeof label, h->in_webhooks ? _("webhook %s") : _("token %s"), number_of(h, r));
	screen_rule(s, y, 0, -1, label);
	(h->in_webhooks ? draw_webhook : draw_token)(ui, r, y + 1, ui->bottom);
}

/* ---- actions */

static void ask_revoke(struct ui *ui, const struct list_row *r)
{
	const char *id = block_at(r->block, r->row, COL_LIST_TOKENS_ID);
	const char *args[sql_tui_token_revoke_args] = { [ARG_TOKEN_REVOKE_TOKEN] = id, [ARG_TOKEN_REVOKE_ACTOR] = ui->operator_name };
	char label[40];
	if (!ui_may_act(ui))
		return;
	if (strcmp(block_at(r->block, r->row, COL_LIST_TOKENS_STATE), "revoked") == 0) {
		ui_say(ui, _("token %s is revoked already"), id);
		return;
	}
	struct question *q = xcalloc(1, sizeof *q);
	snprintf(q->title, sizeof q->title, _("Revoke token %s"), id);
	snprintf(q->lines[q->n_lines++], sizeof q->lines[0], _("%.60s, ends in %.16s"), block_at(r->block, r->row, COL_LIST_TOKENS_NAME),
	         block_at(r->block, r->row, COL_LIST_TOKENS_HINT));
	question_say(q, _("Whoever has it is refused from now on, for good; streams end within seconds."));
	question_say(q, _("What was sent with it runs on."));
	snprintf(q->word, sizeof q->word, "%s", id);
	snprintf(label, sizeof label, _("token %s"), id);
	q->yes = action_new(ACT_REVOKE, label, args);
	ui_ask_take(ui, q);
}

static void ask_remove(struct ui *ui, const struct list_row *r)
{
	const char *id = block_at(r->block, r->row, COL_LIST_WEBHOOKS_ID);
	const char *args[sql_tui_webhook_remove_args] = { [ARG_WEBHOOK_REMOVE_WEBHOOK] = id,
		                                          [ARG_WEBHOOK_REMOVE_ACTOR] = ui->operator_name };
	char label[40];
	if (!ui_may_act(ui))
		return;
	if (is_removed(r->block, r->row)) {
		ui_say(ui, _("webhook %s is removed already"), id);
		return;
	}
	struct question *q = xcalloc(1, sizeof *q);
	snprintf(q->title, sizeof q->title, _("Remove webhook %s"), id);
	snprintf(q->lines[q->n_lines++], sizeof q->lines[0], "%.150s", block_at(r->block, r->row, COL_LIST_WEBHOOKS_URL));
	snprintf(q->lines[q->n_lines++], sizeof q->lines[0], _("%s deliveries wait: they are given up. It hears nothing more."),
	         block_at(r->block, r->row, COL_LIST_WEBHOOKS_WAITING));
	snprintf(q->word, sizeof q->word, "%s", id);
	snprintf(label, sizeof label, _("webhook %s"), id);
	q->yes = action_new(ACT_REMOVE, label, args);
	ui_ask_take(ui, q);
}

static void test_webhook(struct ui *ui, const struct list_row *r)
{
	const char *id = block_at(r->block, r->row, COL_LIST_WEBHOOKS_ID);
	const char *args[sql_tui_webhook_test_args] = { [ARG_WEBHOOK_TEST_WEBHOOK] = id,
		                                        [ARG_WEBHOOK_TEST_ACTOR] = ui->operator_name };
	char label[40];
	snprintf(label, sizeof label, _("webhook %s"), id);
	if (ui_may_act(ui))
		ui_act_take(ui, action_new(ACT_TEST, label, args));
}

/* The messages of the agent that a token or a webhook is for, if it is one. */
static void open_messages(struct ui *ui, struct str agents)
{
	char agent[64];
	ui_open(ui, VIEW_QUEUE, NULL);
	if (agents.len == 0 || agents.len >= sizeof agent || memchr(agents.ptr, ',', agents.len) != NULL)
		return;
	snprintf(agent, sizeof agent, "%.*s", (int)agents.len, agents.ptr);
	ui_filter_by(ui, "agent", agent);
}

static bool http_command(struct view *v, struct ui *ui, enum cmd cmd)
{
	struct http_view *h = v->state;
	struct list *l = h->in_webhooks ? &h->webhooks : &h->tokens;
	const struct list_row *r = list_current(l);
	switch (cmd) {
	case CMD_http_pane:
		h->in_webhooks = !h->in_webhooks;
		return true;
	case CMD_revoke:
		if (r != NULL)
			(h->in_webhooks ? ask_remove : ask_revoke)(ui, r);
		return true;
	case CMD_webhook_test:
		if (h->in_webhooks && r != NULL)
			test_webhook(ui, r);
		else
			ui_say(ui, "%s", _("Tab to the webhooks, then t tests the one under the cursor"));
		return true;
	case CMD_open:
		if (r != NULL && h->in_webhooks)
			open_messages(ui, or_none(r->block, r->row, COL_LIST_WEBHOOKS_AGENT, ""));
		else if (r != NULL)
			open_messages(ui, array_str(r->block, r->row, COL_LIST_TOKENS_AGENTS, ""));
		return true;
	default:
		if (!list_command(l, cmd))
			return false;
		if (cmd == CMD_sort || cmd == CMD_reverse)
			http_bind(v, ui->snap);
		return true;
	}
}

static struct copied http_copy(struct view *v, int kind)
{
	struct http_view *h = v->state;
	const struct list_row *r = list_current(h->in_webhooks ? &h->webhooks : &h->tokens);
	if (r == NULL || (kind == 'e' && !h->in_webhooks))
		return (struct copied){ 0 };
	if (kind == 'i')
		return (struct copied){ .text = str_of(number_of(h, r)) };
	return (struct copied){ .text = block_str(r->block, r->row,
		                                  !h->in_webhooks ? COL_LIST_TOKENS_NAME
		                                  : kind == 'e'   ? COL_LIST_WEBHOOKS_LAST_ERROR
		                                                  : COL_LIST_WEBHOOKS_URL) };
}

const struct view_ops view_http = { .init = http_init,
	                            .release = http_release,
	                            .want = http_want,
	                            .bind = http_bind,
	                            .draw = http_draw,
	                            .command = http_command,
	                            .copy = http_copy };
