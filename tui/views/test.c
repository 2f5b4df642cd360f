/*
 * Test console: talk to an agent. A message goes the same way as a user's, in a session that is
 * marked as a test and kept for 7 days for each agent and operator. A typed text is shown at once;
 * its answer is found by the message id, also after a crash.
 */
#include "shared/utf8.h"
#include "tui/format.h"
#include "tui/i18n.h"
#include "tui/prompt.h"
#include "tui/text.h"
#include "tui/view.h"
#include "tui/views/runs.h"

#define HISTORY_MAX 20

struct test_view {
	char agent[64];
	char session[40]; /* "": the last session of this agent, or none */
	bool fresh;       /* a new session was requested: show nothing of the old one */
	struct field field;
	bool in_field, with_code;
	char pending[FIELD_MAX]; /* sent, not yet in the transcript */
	char pending_uuid[40];
	char last_uuid[40], last_job[40], last_status[16]; /* of the newest answer */
	struct block *transcript;
	struct text_view text;
	struct arena lines;
	char *history[HISTORY_MAX];
	int n_history, in_history;
};

static void test_init(struct view *v)
{
	struct test_view *t = xcalloc(1, sizeof *t);
	t->in_field = true;
	v->state = t;
}

static void test_release(struct view *v)
{
	struct test_view *t = v->state;
	block_unref(t->transcript);
	text_release(&t->text);
	arena_release(&t->lines);
	for (int i = 0; i < t->n_history; i++)
		free(t->history[i]);
	free(t);
}

/* Drops the session that is shown; the agent's last session is read next. */
static void forget(struct test_view *t)
{
	t->session[0] = t->pending[0] = t->last_uuid[0] = t->last_status[0] = '\0';
	t->fresh = t->text.not_at_end = false;
	text_begin(&t->text, t->text.width); /* the lines borrow from the transcript */
	block_unref(t->transcript);
	t->transcript = NULL;
}

static void choose_agent(struct test_view *t, const char *agent)
{
	snprintf(t->agent, sizeof t->agent, "%s", agent);
	forget(t);
}

static void open_agent(struct view *v, const char *what)
{
	struct test_view *t = v->state;
	if (what != NULL && strcmp(t->agent, what) != 0)
		choose_agent(t, what);
	t->in_field = true;
}

static bool is_running(const char *status)
{
	return strcmp(status, "processing") == 0 || strcmp(status, "queued") == 0 || strcmp(status, "pending") == 0;
}

static void test_want(struct view *v, struct want *w)
{
	const struct test_view *t = v->state;
	w->blocks |= 1u << BLOCK_AGENTS | (t->agent[0] != '\0' && !t->fresh ? 1u << BLOCK_TRANSCRIPT : 0u);
	memcpy(w->agent, t->agent, sizeof w->agent);
	memcpy(w->session, t->session, sizeof w->session);
	if (t->last_uuid[0] != '\0' && strcmp(t->last_status, "processing") == 0) {
		w->blocks |= 1u << BLOCK_STREAM;
		memcpy(w->stream, t->last_uuid, sizeof w->stream);
	}
}

static void test_bind(struct view *v, const struct snapshot *s)
{
	struct test_view *t = v->state;
	const struct block *agents = s->blocks[BLOCK_AGENTS];
	struct block *b = s->blocks[BLOCK_TRANSCRIPT];
	if (t->agent[0] == '\0' && agents != NULL && agents->n_rows > 0)
		choose_agent(t, block_at(agents, 0, COL_AGENTS_SLUG));
	if (b == NULL || t->fresh || strcmp(b->about, t->agent) != 0)
		return;
	block_unref(t->transcript);
	t->transcript = block_ref(b);
	if (t->session[0] == '\0')
		snprintf(t->session, sizeof t->session, "%s", s->session);
	t->last_uuid[0] = t->last_status[0] = '\0';
	for (int i = 0; i < b->n_rows; i++) {
		if (strcmp(block_at(b, i, COL_TRANSCRIPT_ROLE), "assistant") != 0)
			continue;
		snprintf(t->last_uuid, sizeof t->last_uuid, "%s", block_at(b, i, COL_TRANSCRIPT_MESSAGE_ID));
		snprintf(t->last_job, sizeof t->last_job, "%s",
		         block_at(b, i, COL_TRANSCRIPT_JOB_ID) != NULL ? block_at(b, i, COL_TRANSCRIPT_JOB_ID) : "");
		snprintf(t->last_status, sizeof t->last_status, "%s", block_at(b, i, COL_TRANSCRIPT_STATUS));
		if (strcmp(t->last_uuid, t->pending_uuid) == 0)
			t->pending[0] = '\0';
	}
}

static double seconds_since(const struct ui *ui, usec_t at)
{
	return (double)MAX(0, ui->now - at) / USEC_PER_SEC;
}

static struct str stream_of(const struct ui *ui, const char *uuid)
{
	const struct block *b = ui->snap->blocks[BLOCK_STREAM];
	return b != NULL && strcmp(b->about, uuid) == 0 && b->n_rows > 0 ? block_str(b, 0, COL_STREAM_TEXT) : STR("");
}

/* Adds a text of the transcript. A long text is cut there: a note says so. */
static void add_content(struct test_view *t, int i)
{
	struct str text = block_str(t->transcript, i, COL_TRANSCRIPT_CONTENT);
	text_add(&t->text, S_PLAIN, 3, text);
	if (utf8_count(text) >= TEXT_HEAD)
		text_addf(&t->text, &t->lines, S_WARN, 3, _("(only its first %d characters are here)"), TEXT_HEAD);
}

/* The calls of tools and the code that was run for an answer. */
static void test_add_runs(struct test_view *t, int i)
{
	const char *runs = block_at(t->transcript, i, COL_TRANSCRIPT_RUNS), *calls = block_at(t->transcript, i, COL_TRANSCRIPT_TOOL_CALLS);
	const struct json *j;
	struct err err;
	if (calls != NULL && json_parse(&t->lines, str_of(calls), 16u << 20, &j, &err) == 0)
		calls_add(&t->text, &t->lines, j, t->with_code);
	if (runs != NULL && json_parse(&t->lines, str_of(runs), 16u << 20, &j, &err) == 0)
		runs_add(&t->text, &t->lines, j, t->with_code);
}

static void test_add_answer(struct test_view *t, struct ui *ui, int i)
{
	const struct block *b = t->transcript;
	const char *status = block_at(b, i, COL_TRANSCRIPT_STATUS), *uuid = block_at(b, i, COL_TRANSCRIPT_MESSAGE_ID);
	char hms[16], time[FORMAT_MAX], cost[FORMAT_MAX];
	clock_hms(block_time(b, i, COL_TRANSCRIPT_AT), hms);
	if (strcmp(status, "completed") == 0 && block_at(b, i, COL_TRANSCRIPT_MODEL) == NULL) {
		text_addf(&t->text, &t->lines, S_TITLE, 1, _("%s  %s  no model was called"), t->agent, hms);
		add_content(t, i);
	} else if (strcmp(status, "completed") == 0) {
		text_addf(&t->text, &t->lines, S_TITLE, 1, "%s  %s  %s  %lld > %lld tok  %s", t->agent, hms,
		          format_duration((double)block_int(b, i, COL_TRANSCRIPT_MS, 0) / 1000, time),
		          (long long)block_int(b, i, COL_TRANSCRIPT_TOKENS_PROMPT, 0),
		          (long long)block_int(b, i, COL_TRANSCRIPT_TOKENS_COMPLETION, 0),
		          format_usd(block_at(b, i, COL_TRANSCRIPT_COST), cost));
		add_content(t, i);
		if (str_eq(block_str(b, i, COL_TRANSCRIPT_FINISH_REASON), "length"))
			text_addf(&t->text, &t->lines, S_WARN, 3, "%s", _("(cut by max_tokens, or by the model's window)"));
	} else if (strcmp(status, "processing") == 0) {
		struct str said = stream_of(ui, uuid);
		text_addf(&t->text, &t->lines, S_TITLE, 1, "%s  %s  %s %s", t->agent, hms,
		          said.len > 0 ? _("streaming") : _("running"),
		          format_duration(seconds_since(ui, block_time(b, i, COL_TRANSCRIPT_STARTED)), time));
		if (said.len > 0)
			text_add(&t->text, S_PLAIN, 3, said);
	} else if (strcmp(status, "failed") == 0) {
		text_addf(&t->text, &t->lines, S_CRIT, 1, _("%s  %s  failed (r retries)"), t->agent, hms);
		text_add(&t->text, S_CRIT, 3, block_str(b, i, COL_TRANSCRIPT_ERROR));
	} else if (strcmp(status, "cancelled") == 0) {
		text_addf(&t->text, &t->lines, S_DIM, 1, _("%s  %s  cancelled"), t->agent, hms);
		if (block_at(b, i, COL_TRANSCRIPT_SAID) != NULL)
			text_add(&t->text, S_DIM, 3, block_str(b, i, COL_TRANSCRIPT_SAID));
	} else {
		text_addf(&t->text, &t->lines, S_DIM, 1, "%s  %s  %s", t->agent, hms, status);
	}
	test_add_runs(t, i);
}

static void add_transcript(struct test_view *t, struct ui *ui)
{
	const struct block *b = t->transcript;
	char hms[16];
	for (int i = 0; b != NULL && i < b->n_rows; i++) {
		if (strcmp(block_at(b, i, COL_TRANSCRIPT_ROLE), "assistant") == 0) {
			test_add_answer(t, ui, i);
			continue;
		}
		text_addf(&t->text, &t->lines, S_BOLD, 1, _("you  %s"), clock_hms(block_time(b, i, COL_TRANSCRIPT_AT), hms));
		add_content(t, i);
	}
	if (t->pending[0] != '\0') {
		text_addf(&t->text, &t->lines, S_BOLD, 1, "%s", _("you  now"));
		text_add(&t->text, S_PLAIN, 3, str_of(t->pending));
	}
	if (t->text.n == 0)
		text_addf(&t->text, &t->lines, S_DIM, 1, "%s",
		          t->agent[0] != '\0' ? _("nothing was said yet: type below, Enter sends") : _("there is no agent yet"));
}

/* Draws the line above the input: the state of the newest message. */
static void test_draw_state(struct test_view *t, struct ui *ui, int y)
{
	const struct block *b = t->transcript;
	struct screen *s = ui->screen;
	int last = b != NULL ? b->n_rows - 1 : -1;
	char age[FORMAT_MAX], eta[FORMAT_MAX], cost[FORMAT_MAX];
	if (ui->snap->link == LINK_DOWN && (t->pending[0] != '\0' || is_running(t->last_status))) {
		screen_put(s, y, 1, -1, S_CRIT,
		           t->last_uuid[0] != '\0' ? _("connection lost; the message is safe in the queue   reconnecting")
		                                   : _("connection lost   reconnecting"));
		return;
	}
	if (t->pending[0] != '\0') {
		screen_put(s, y, 1, -1, S_WARN, _("sending"));
		return;
	}
	if (last < 0 || strcmp(block_at(b, last, COL_TRANSCRIPT_ROLE), "assistant") != 0)
		return;
	const char *status = block_at(b, last, COL_TRANSCRIPT_STATUS), *waits = block_at(b, last, COL_TRANSCRIPT_WAITS_FOR),
		   *est = block_at(b, last, COL_TRANSCRIPT_ETA);
	const struct str said = stream_of(ui, t->last_uuid);
	int x = 1;
	if (strcmp(status, "queued") == 0 || strcmp(status, "pending") == 0) {
		x += screen_putf(s, y, x, -1, S_WARN, _("queued #%lld (%s)"),
		                 (long long)block_int(b, last, COL_TRANSCRIPT_POSITION, 0),
		                 est != NULL ? format_duration(strtod(est, NULL), eta) : "?") +
		     3;
		if (waits != NULL)
			x += screen_putf(s, y, x, -1, S_WARN, _("waits for: %s"), waits) + 3;
		if (block_int(b, last, COL_TRANSCRIPT_RETRY_COUNT, 0) > 0 || block_at(b, last, COL_TRANSCRIPT_ERROR) != NULL)
			x += screen_text(s, y, x, 40, S_CRIT, block_str(b, last, COL_TRANSCRIPT_ERROR)) + 3;
		screen_put(s, y, x, -1, S_DIM, _("Esc takes it back"));
	} else if (strcmp(status, "processing") == 0) {
		x += screen_putf(s, y, x, -1, S_OK, said.len > 0 ? _("streaming %s") : _("started, waiting for the model %s"),
		                 format_duration(seconds_since(ui, block_time(b, last, COL_TRANSCRIPT_STARTED)), age)) +
		     3;
		x += screen_text(s, y, x, 24, S_DIM, block_str(b, last, COL_TRANSCRIPT_WORKER)) + 3;
		screen_put(s, y, x, -1, S_DIM, _("Esc stops it"));
	} else if (strcmp(status, "completed") == 0 && block_at(b, last, COL_TRANSCRIPT_MODEL) == NULL) {
		screen_put(s, y, 1, -1, S_OK, _("done, no model was called"));
	} else if (strcmp(status, "completed") == 0) {
		screen_putf(s, y, 1, -1, S_OK, _("done %s  %lld > %lld tok  %s  first text %lld ms"),
		            format_duration((double)block_int(b, last, COL_TRANSCRIPT_MS, 0) / 1000, age),
		            (long long)block_int(b, last, COL_TRANSCRIPT_TOKENS_PROMPT, 0),
		            (long long)block_int(b, last, COL_TRANSCRIPT_TOKENS_COMPLETION, 0),
		            format_usd(block_at(b, last, COL_TRANSCRIPT_COST), cost),
		            (long long)block_int(b, last, COL_TRANSCRIPT_TTFT_MS, 0));
	} else if (strcmp(status, "failed") == 0) {
		x += screen_put(s, y, x, -1, S_CRIT,
		                block_at(b, last, COL_TRANSCRIPT_RETRY_AT) != NULL ? _("failed, retried in a moment (u undoes): ")
		                                                                   : _("failed: "));
		screen_text(s, y, x, screen_width(s) - x - 22, S_CRIT, block_str(b, last, COL_TRANSCRIPT_ERROR));
		screen_put(s, y, screen_width(s) - 20, -1, S_KEY, t->in_field ? _("Esc, then r retries") : _("r retries"));
	} else {
		screen_put(s, y, 1, -1, S_DIM, _("cancelled"));
	}
}

static void test_draw(struct view *v, struct ui *ui)
{
	struct test_view *t = v->state;
	struct screen *s = ui->screen;
	int input = ui->bottom - 1, state = input - 1, rule = state - 1;
	char more[64];
	int x = 1 + screen_put(s, ui->top, 1, -1, S_BOLD, _("Test")) + 2;
	x += screen_put(s, ui->top, x, -1, S_DIM, _("agent")) + 1;
	x += screen_text(s, ui->top, x, 24, S_BOLD, str_of(t->agent)) + 3;
	if (t->session[0] != '\0') {
		x += screen_put(s, ui->top, x, -1, S_DIM, _("session")) + 1;
		x += screen_text(s, ui->top, x, 8, S_PLAIN, (struct str){ t->session, 8 }) + 1;
	}
	screen_put(s, ui->top, x, -1, S_DIM, t->session[0] != '\0' ? _("(kept 7 days)  TEST mark") : _("new session  TEST mark"));
	text_begin(&t->text, screen_width(s));
	arena_release(&t->lines);
	add_transcript(t, ui);
	text_draw(&t->text, s, ui->top + 1, MAX(1, rule - ui->top - 1), true);
	int below = t->text.n - t->text.top - t->text.height;
	snprintf(more, sizeof more, _("%d more lines (End)"), below);
	screen_rule(s, rule, 0, -1, below > 0 && t->text.not_at_end ? more : NULL);
	test_draw_state(t, ui, state);
	x = 1 + screen_text(s, input, 1, 20, S_BOLD, str_of(t->agent));
	x += screen_put(s, input, x, -1, S_BOLD, " > ");
	/* Scroll a long input so that the cursor stays visible. */
	const char *from = t->field.text;
	int room = screen_width(s) - x - 2;
	while (t->field.at > from - t->field.text && (int)(t->field.text + t->field.at - from) > room)
		from++;
	while (((unsigned char)*from & 0xC0) == 0x80)
		from++;
	screen_text(s, input, x, room + 1, t->in_field ? S_PLAIN : S_DIM, str_of(from));
	if (t->in_field) {
		int cells = utf8_width_to(str_of(from), (size_t)(t->field.text + t->field.at - from));
		screen_cursor(s, input, MIN(x + cells, screen_width(s) - 1));
	}
}

static void send(struct test_view *t, struct ui *ui)
{
	const char *session = t->session[0] != '\0' && !t->fresh ? t->session : NULL;
	const char *args[sql_tui_act_send_args] = { [ARG_ACT_SEND_AGENT] = t->agent,
		                                    [ARG_ACT_SEND_CONTENT] = t->field.text,
		                                    [ARG_ACT_SEND_OPERATOR] = ui->operator_name,
		                                    [ARG_ACT_SEND_SESSION] = session };
	if (strspn(t->field.text, " \n\t") == strlen(t->field.text) || t->agent[0] == '\0' || !ui_may_act(ui))
		return;
	memcpy(t->pending, t->field.text, sizeof t->pending);
	t->pending_uuid[0] = '\0';
	t->text.not_at_end = false;
	if (t->n_history == HISTORY_MAX) {
		free(t->history[0]);
		memmove(t->history, t->history + 1, sizeof t->history - sizeof t->history[0]);
		t->n_history--;
	}
	t->history[t->n_history++] = xstrdup(t->field.text);
	t->in_history = t->n_history;
	ui_act_take(ui, action_new(ACT_SEND, "", args));
	field_clear(&t->field);
}

static void test_answered(struct view *v, struct ui *ui, const struct action_result *r, bool is_shown)
{
	struct test_view *t = v->state;
	(void)ui, (void)is_shown;
	if (!r->ok || r->answer->n_rows == 0) {
		if (t->field.len == 0) /* puts the typed text back */
			field_set(&t->field, t->pending);
		t->pending[0] = '\0';
		return;
	}
	snprintf(t->pending_uuid, sizeof t->pending_uuid, "%s", block_at(r->answer, 0, COL_ACT_SEND_MESSAGE));
	t->fresh = false;
	t->session[0] = '\0'; /* now the last session of this agent in the database */
}

static void stop_answer(struct test_view *t, struct ui *ui)
{
	bool running = strcmp(t->last_status, "processing") == 0;
	const char *args[sql_tui_act_cancel_args] = { [ARG_ACT_CANCEL_MESSAGE] = t->last_uuid,
		                                      [ARG_ACT_CANCEL_ACTOR] = ui->operator_name,
		                                      [ARG_ACT_CANCEL_JOB] = running ? t->last_job : NULL };
	if (ui_may_act(ui))
		ui_act_take(ui, action_new(ACT_CANCEL, _("the message"), args));
}

static void recall(struct test_view *t, int step)
{
	int to = t->in_history + step;
	if (to < 0 || to > t->n_history)
		return;
	t->in_history = to;
	field_set(&t->field, to < t->n_history ? t->history[to] : "");
}

static bool key(struct view *v, struct ui *ui, int k, bool pasted)
{
	struct test_view *t = v->state;
	if (!t->in_field)
		return false;
	if (pasted || k == K_ALT_ENTER || k == '\n') {
		field_insert(&t->field, k == K_ENTER || k == K_ALT_ENTER ? '\n' : k == K_TAB ? '\t' : k);
		return true;
	}
	switch (k) {
	case K_ENTER:
		send(t, ui);
		return true;
	case K_ESC:
		if (is_running(t->last_status))
			stop_answer(t, ui);
		else
			t->in_field = false;
		return true;
	case K_UP:
		recall(t, -1);
		return true;
	case K_DOWN:
		recall(t, 1);
		return true;
	case K_PGUP:
		text_scroll(&t->text, 1 - t->text.height);
		return true;
	case K_PGDN:
		text_scroll(&t->text, t->text.height - 1);
		return true;
	case K_END:
		if (t->field.len == 0)
			text_scroll(&t->text, t->text.n);
		return field_key(&t->field, k);
	case K_TAB:
		t->in_field = false;
		return true;
	default:
		return field_key(&t->field, k);
	}
}

static void next_agent(struct test_view *t, const struct snapshot *s)
{
	const struct block *b = s->blocks[BLOCK_AGENTS];
	for (int i = 0; b != NULL && i < b->n_rows; i++)
		if (strcmp(block_at(b, i, COL_AGENTS_SLUG), t->agent) == 0) {
			choose_agent(t, block_at(b, (i + 1) % b->n_rows, COL_AGENTS_SLUG));
			return;
		}
}

static bool test_command(struct view *v, struct ui *ui, enum cmd cmd)
{
	struct test_view *t = v->state;
	if (text_command(&t->text, cmd))
		return true;
	switch (cmd) {
	case CMD_input:
		t->in_field = true;
		return true;
	case CMD_next_agent:
		next_agent(t, ui->snap);
		return true;
	case CMD_new_session:
		forget(t);
		t->fresh = true;
		t->in_field = true;
		return true;
	case CMD_code:
		t->with_code = !t->with_code;
		return true;
	case CMD_retry_this:
		act_retry_one(ui, _("the message"), t->last_uuid, t->last_job, t->last_status);
		return true;
	case CMD_cancel_this:
		if (is_running(t->last_status))
			stop_answer(t, ui);
		return true;
	case CMD_context:
		if (t->last_uuid[0] != '\0')
			ui_open(ui, VIEW_MESSAGE, t->last_uuid);
		return true;
	default:
		return false;
	}
}

static const char *hints(struct view *v)
{
	const struct test_view *t = v->state;
	return t->in_field ? _("INPUT Enter send Alt-Enter line Up history PgUp scroll Esc stop/leave F1 help") : NULL;
}

static struct copied test_copy(struct view *v, int kind)
{
	struct test_view *t = v->state;
	const struct block *b = t->transcript;
	if (kind == 'i')
		return (struct copied){ .text = str_of(t->last_uuid) };
	if (b == NULL || b->n_rows == 0)
		return (struct copied){ 0 };
	struct str text = block_str(b, b->n_rows - 1, kind == 'e' ? COL_TRANSCRIPT_ERROR : COL_TRANSCRIPT_CONTENT);
	if (utf8_count(text) >= TEXT_HEAD)
		return (struct copied){
			.why = _("it is longer than what is here: c opens the message, y t there copies all of it")
		};
	return (struct copied){ .text = text };
}

static struct text_view *test_page(struct view *v, bool *is_coming)
{
	*is_coming = false;
	return &((struct test_view *)v->state)->text;
}

const struct view_ops view_test = { .init = test_init,
	                            .release = test_release,
	                            .want = test_want,
	                            .bind = test_bind,
	                            .draw = test_draw,
	                            .command = test_command,
	                            .key = key,
	                            .hints = hints,
	                            .open = open_agent,
	                            .answered = test_answered,
	                            .copy = test_copy,
	                            .page = test_page };
