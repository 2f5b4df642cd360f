/*
 * The main loop: poll the terminal, the sync thread's eventfd and the clock; then run commands,
 * then draw. The UI thread never waits for the database. While a question or a prompt is open the
 * view gets no new data, so that no row moves under a question.
 */
#include "tui/app.h"

#include <errno.h>
#include <poll.h>
#include <stdarg.h>
#include <unistd.h>

#include "shared/utf8.h"
#include "tui/app_state.h"
#include "tui/cli/cli.h"
#include "tui/filter.h"
#include "tui/i18n.h"

#define MESSAGE_USEC (5 * USEC_PER_SEC)
#define BURST 6                          /* this many characters at once, not all equal: a paste */
#define PAUSE_USEC (500 * USEC_PER_MSEC) /* a silence this long ends a paste */
#define OLD_USEC (5 * USEC_PER_SEC)

static const struct view_ops *const VIEWS[VIEW_N] = {
#define TAB(id, name, ...) [VIEW_##id] = &view_##name,
#define PAGE TAB
#include "tui/views.def"
#undef TAB
#undef PAGE
};

enum view_id app_shown(const struct app *a)
{
	return a->stack[a->depth - 1];
}

struct view *app_view(struct app *a)
{
	return &a->views[app_shown(a)];
}

/* ---- requests of the views */

void ui_say(struct ui *ui, const char *fmt, ...)
{
	struct app *a = ui->app;
	va_list ap;
	va_start(ap, fmt);
	vsnprintf(a->message, sizeof a->message, fmt, ap);
	va_end(ap);
	a->message_until = clock_mono() + MESSAGE_USEC;
}

void ui_open(struct ui *ui, enum view_id id, const char *what)
{
	struct app *a = ui->app;
	bool is_tab = VIEW_INFO[id].cmd != CMD_NONE;
	if (is_tab)
		a->depth = 0;
	if (a->depth == (int)ARRAY_SIZE(a->stack))
		a->depth--;
	if (a->depth == 0 || a->stack[a->depth - 1] != id) /* no view twice in a row */
		a->stack[a->depth++] = id;
	if (a->views[id].ops->open != NULL)
		a->views[id].ops->open(&a->views[id], what);
}

void ui_filter(struct ui *ui, const char *filter)
{
	struct app *a = ui->app;
	struct strbuf json = STRBUF_INIT(2047);
	struct err err;
	if (filter_to_json(filter, &json, &err) < 0)
		ui_say(ui, "%s", err.msg);
	else
		snprintf(a->filters[app_shown(a)], sizeof a->filters[0], "%s", filter);
	strbuf_release(&json);
}

void ui_filter_by(struct ui *ui, const char *field, const char *value)
{
	struct strbuf word = STRBUF_INIT(sizeof ui->app->filters[0] - 1);
	struct err err;
	if (filter_word(&word, field, value, &err) < 0)
		ui_say(ui, "%s", err.msg);
	else
		ui_filter(ui, strbuf_text(&word));
	strbuf_release(&word);
}

bool ui_may_act(struct ui *ui)
{
	if (ui->snap->link == LINK_DOWN || ui->snap->link == LINK_CONNECTING)
		ui_say(ui, "%s", _("actions are off: the database is unreachable"));
	else if (ui->snap->is_read_only)
		ui_say(ui, "%s", _("read-only: your database role cannot change messages"));
	else
		return true;
	return false;
}

bool ui_is_old(const struct ui *ui)
{
	return ui->snap->link != LINK_LIVE || ui->now - ui->snap->as_of > OLD_USEC;
}

void ui_act_take(struct ui *ui, struct action *act)
{
	if (!sync_act_take(ui->app->sync, act))
		ui_say(ui, "%s", _("too many actions wait to be done: this one was dropped"));
}

void ui_can_undo(struct ui *ui, const char *uuids, int64_t for_ms)
{
	struct app *a = ui->app;
	strbuf_clear(&a->undo);
	strbuf_str(&a->undo, uuids);
	a->undo_until = clock_mono() + for_ms * USEC_PER_MSEC;
}

/* ---- drawing */

/* Too small for a view: only the totals are drawn, and keys do not act on what is not drawn. */
static bool is_tiny(const struct app *a)
{
	return screen_height(a->screen) < 8 || screen_width(a->screen) < 40;
}

void app_prepare_ui(struct app *a)
{
	int height = screen_height(a->screen);
	bool framed = !is_tiny(a);
	a->ui = (struct ui){
		.app = a,
		.screen = a->screen,
		.snap = a->snap,
		.operator_name = a->options->operator_name,
		.now = clock_wall(),
		.retry_hold_ms = a->options->retry_hold_ms,
		.filter = a->filters[app_shown(a)],
		.top = !framed                        ? 0
		       : screen_width(a->screen) < 80 ? 2
		                                      : 3,
		.bottom = framed ? height - (height >= 30 ? 2 : 1) : height,
	};
}

static enum view_id lit_tab(const struct app *a)
{
	return VIEW_INFO[a->stack[0]].cmd == CMD_NONE ? VIEW_QUEUE : a->stack[0];
}

static void app_draw(struct app *a)
{
	struct view *v = app_view(a);
	app_prepare_ui(a);
	screen_clear(a->screen);
	if (is_tiny(a)) {
		frame_totals(&a->ui);
	} else {
		v->ops->draw(v, &a->ui);
		struct frame f = {
			.tab = lit_tab(a),
			.scopes = VIEW_INFO[app_shown(a)].scopes,
			.is_frozen = a->frozen,
			.hints = v->ops->hints != NULL ? v->ops->hints(v) : NULL,
			.message = clock_mono() < a->message_until ? a->message : NULL,
			.prompt = a->mode == MODE_COMMAND  ? ":"
			          : a->mode == MODE_FILTER ? "/"
			                                   : NULL,
			.typed = a->field.text,
			.typed_at = a->field.at,
		};
		frame_draw(&a->ui, &f);
		if (a->mode == MODE_HELP)
			help_draw(&a->ui, VIEW_INFO[app_shown(a)].scopes, _(VIEW_INFO[app_shown(a)].title), a->help_scroll,
			          a->snap->link == LINK_LIVE && !a->snap->is_read_only);
		if (a->mode == MODE_QUESTION)
			frame_question(&a->ui, a->question, a->field.text, a->in_reason);
	}
	screen_show(a->screen, a->redraw);
	a->redraw = false;
}

/* ---- data */

static void send_want(struct app *a)
{
	struct want w;
	struct strbuf json = STRBUF_INIT(sizeof w.filter - 1);
	struct view *v = app_view(a);
	struct err err;
	memset(&w, 0, sizeof w);
	w.limit = 200;
	w.is_frozen = a->frozen;
	if (filter_to_json(a->filters[app_shown(a)], &json, &err) < 0)
		strbuf_clear(&json);
	memcpy(w.filter, json.len > 0 ? strbuf_text(&json) : "[]", json.len > 0 ? json.len + 1 : 3);
	v->ops->want(v, &w);
	sync_want(a->sync, &w);
	strbuf_release(&json);
}

/* Reports a refused read when it is new and, while it lasts, whenever the message line is free. */
static void say_refusal(struct app *a)
{
	if (a->snap->refused[0] != '\0' && (strcmp(a->refused, a->snap->refused) != 0 || clock_mono() >= a->message_until))
		ui_say(&a->ui, _("not read: %s"), a->snap->refused);
	memcpy(a->refused, a->snap->refused, sizeof a->refused);
}

/* Passes the answer to the view that asked. If that view is not shown any more, it opens no
 * question. */
static void answer(struct app *a, struct action_result *r)
{
	enum view_id id = action_view(r->kind);
	if (id != VIEW_N)
		a->views[id].ops->answered(&a->views[id], &a->ui, r, app_shown(a) == id && a->mode == MODE_VIEW);
	block_unref(r->answer);
	r->answer = NULL;
}

static void take_data(struct app *a)
{
	struct action_result r;
	struct snapshot *fresh = sync_take(a->sync);
	snapshot_unref(a->snap);
	a->snap = fresh;
	app_prepare_ui(a);
	if ((a->mode == MODE_VIEW || a->mode == MODE_HELP) && !a->frozen)
		app_view(a)->ops->bind(app_view(a), a->snap);
	say_refusal(a);
	while (sync_result(a->sync, &r)) {
		answer(a, &r);
		if (r.text[0] != '\0')
			ui_say(&a->ui, "%s", r.text);
		if (!r.ok && (r.kind == ACT_RETRY || r.kind == ACT_RETRY_MANY))
			a->undo_until = 0;
	}
}

/* ---- prompts and questions */

static void prompt_key(struct app *a, int key)
{
	const char *names[CMD_N + 4];
	int n = 0;
	enum mode mode = a->mode;
	switch (key) {
	case K_ESC:
	case K_CTRL('c'):
		a->mode = MODE_VIEW;
		if (mode == MODE_FILTER)
			a->filters[app_shown(a)][0] = '\0';
		return;
	case K_ENTER:
		a->mode = MODE_VIEW;
		if (mode == MODE_FILTER)
			ui_filter(&a->ui, a->field.text);
		else
			app_run_line(a, a->field.text);
		return;
	case K_TAB:
		for (enum cmd c = CMD_NONE + 1; c < CMD_N; c++)
			names[n++] = COMMANDS[c].name;
		names[n++] = "msg";
		names[n++] = "agent";
		if (mode == MODE_COMMAND)
			field_complete(&a->field, names, n);
		return;
	default:
		field_key(&a->field, key);
	}
}

static void help_key(struct app *a, int key)
{
	if (key == 'j' || key == K_DOWN || key == K_PGDN)
		a->help_scroll += key == K_PGDN ? 10 : 1;
	else if (key == 'k' || key == K_UP || key == K_PGUP)
		a->help_scroll = MAX(0, a->help_scroll - (key == K_PGUP ? 10 : 1));
	else
		a->mode = MODE_VIEW;
}

static void on_key(struct app *a, int key)
{
	struct view *v = app_view(a);
	app_prepare_ui(a);
	if (key == K_RESIZE) {
		a->redraw = true;
		return;
	}
	if (is_tiny(a)) {
		enum cmd quits = command_of_key(1u << SCOPE_ANY, key);
		if (quits == CMD_quit || quits == CMD_interrupt || quits == CMD_suspend || quits == CMD_redraw)
			app_run_command(a, quits);
		return;
	}
	switch (a->mode) {
	case MODE_COMMAND:
	case MODE_FILTER:
		prompt_key(a, key);
		return;
	case MODE_QUESTION:
		app_question_key(a, key);
		return;
	case MODE_HELP:
		help_key(a, key);
		return;
	case MODE_COPY:
		app_copy(a, key);
		return;
	case MODE_VIEW:
		break;
	}
	if (app_is_habit(a, key))
		return;
	if (key == 'y' && clock_mono() < a->quit_until) {
		a->is_over = true;
		return;
	}
	if (v->ops->key != NULL && key != K_F1 && key != K_CTRL('c') && key != K_CTRL('l') &&
	    v->ops->key(v, &a->ui, key, a->is_pasting))
		return;
	enum cmd cmd = command_of_key(VIEW_INFO[app_shown(a)].scopes, key);
	if (cmd != CMD_NONE)
		app_run_command(a, cmd);
}

/* True when a field is open that accepts pasted text. */
static bool takes_text(struct app *a)
{
	struct view *v = app_view(a);
	return a->mode == MODE_COMMAND || a->mode == MODE_FILTER ||
	       (a->mode == MODE_QUESTION && (a->in_reason || a->question->word[0] != '\0' || a->question->type > 0)) ||
	       (a->mode == MODE_VIEW && v->ops->hints != NULL && v->ops->hints(v) != NULL);
}

static bool is_burst(const int *keys, int n)
{
	bool differ = false;
	int letters = 0;
	for (int i = 0; i < n; i++) {
		letters += keys[i] >= 0x20 && keys[i] < K_NONE;
		differ |= keys[i] != keys[0];
	}
	return letters >= BURST && differ;
}

/* True when a key of a burst or of a paste must be ignored. Characters that arrive at once are
 * meant for a field: one that is open, or one that the first of them opens. Without a field they
 * are ignored, and so is everything that follows until a pause of PAUSE_USEC. */
static bool is_dropped(struct app *a, bool is_burst, bool opens)
{
	if (clock_mono() >= a->deaf_until && ((!a->is_pasting && !is_burst) || takes_text(a) || opens))
		return false;
	if (!a->is_pasting) /* a bracketed paste marks its own end */
		a->deaf_until = clock_mono() + PAUSE_USEC;
	a->pasted_away++;
	return true;
}

static void take_keys(struct app *a)
{
	int keys[512], n = 0, key;
	while (n < (int)ARRAY_SIZE(keys) && (key = screen_key(a->screen)) != K_NONE)
		keys[n++] = key;
	bool burst = is_burst(keys, n);
	int had = a->pasted_away;
	if (n > 0 && clock_mono() >= a->deaf_until && !a->is_pasting)
		a->pasted_away = had = 0;
	for (int i = 0; i < n && !a->is_over; i++) {
		bool opens = i == 0 && a->mode == MODE_VIEW && (keys[0] == '/' || keys[0] == ':');
		if (keys[i] == K_PASTE_BEGIN || keys[i] == K_PASTE_END) {
			a->is_pasting = keys[i] == K_PASTE_BEGIN;
		} else if (keys[i] == K_RESIZE) {
			on_key(a, keys[i]);
		} else if (is_dropped(a, burst, opens)) {
			continue;
		} else if (a->is_pasting && a->mode != MODE_VIEW && (keys[i] == K_ENTER || keys[i] == '\n' || keys[i] == K_TAB)) {
			on_key(a, ' ');
		} else {
			on_key(a, keys[i]);
		}
	}
	if (a->pasted_away > had && !a->is_pasting)
		ui_say(&a->ui, _("%d characters pasted here were ignored"), a->pasted_away);
}

/* ---- start and end */

static void app_begin(struct app *a, const struct options *options, enum view_id first)
{
	*a = (struct app){ .options = options, .undo = STRBUF_INIT(1u << 20), .depth = 1, .redraw = true };
	a->stack[0] = first;
	for (int i = 0; i < VIEW_N; i++) {
		a->views[i].ops = VIEWS[i];
		VIEWS[i]->init(&a->views[i]);
	}
	a->sync = sync_start(options);
	a->snap = sync_take(a->sync);
}

static void app_end(struct app *a)
{
	sync_stop(a->sync);
	app_close_question(a);
	for (int i = 0; i < VIEW_N; i++)
		a->views[i].ops->release(&a->views[i]);
	snapshot_unref(a->snap);
	strbuf_release(&a->undo);
	screen_close(a->screen);
}

static int view_named(const char *name)
{
	for (int i = 0; i < VIEW_N; i++)
		if (strcmp(VIEW_INFO[i].name, name) == 0)
			return i;
	return -1;
}

int app_run(const struct options *options)
{
	struct app a;
	struct screen *screen;
	struct err err;
	int first = view_named(options->start_view);
	if (screen_open(&screen, options->theme, options->color, options->ascii, &err) < 0)
		return cli_error(&err, "");
	app_begin(&a, options, first >= 0 && VIEW_INFO[first].cmd != CMD_NONE ? (enum view_id)first : VIEW_QUEUE);
	a.screen = screen;
	while (!a.is_over) {
		send_want(&a);
		app_draw(&a);
		if (app_go_on(&a))
			app_draw(&a);
		send_want(&a); /* drawing may change what a view wants */
		/* Wake up at the next full second: ages and countdowns then change together. */
		int ms = (int)(1000 - clock_wall() / USEC_PER_MSEC % 1000);
		struct pollfd fds[] = { { .fd = STDIN_FILENO, .events = POLLIN }, { .fd = sync_fd(a.sync), .events = POLLIN } };
		poll(fds, 2, a.frozen ? 60000 : MAX(ms, 20));
		if (fds[0].revents & (POLLHUP | POLLERR))
			break;
		enum view_id before = app_shown(&a);
		take_keys(&a);
		if (fds[1].revents != 0 || app_shown(&a) != before)
			take_data(&a);
	}
	app_end(&a);
	return 0;
}

int app_once(const struct options *options, const char *view, const char *size, const char *filter)
{
	struct app a;
	int width = 120, height = 36, first = view_named(view != NULL ? view : options->start_view);
	if (first < 0 || (size != NULL && (sscanf(size, "%dx%d", &width, &height) != 2 || width < 1 || height < 1 ||
	                                   width > 1000 || height > 1000))) {
		fprintf(stderr, "signalbox: %s\n",
		        first < 0 ? _("there is no view of that name") : _("--size takes WIDTHxHEIGHT"));
		return 2;
	}
	app_begin(&a, options, (enum view_id)first);
	a.screen = screen_offline(width, height, strcmp(options->ascii, "yes") == 0);
	app_prepare_ui(&a);
	ui_filter(&a.ui, filter != NULL ? filter : "");
	usec_t until = clock_mono() + 10 * USEC_PER_SEC;
	int settled = 0;
	while (settled < 3 && clock_mono() < until && a.snap->link != LINK_DOWN) {
		struct pollfd p = { .fd = sync_fd(a.sync), .events = POLLIN };
		send_want(&a);
		poll(&p, 1, 20);
		take_data(&a);
		send_want(&a);
		settled = sync_is_settled(a.sync) ? settled + 1 : 0;
	}
	app_draw(&a);
	screen_print(a.screen, stdout);
	int code = a.snap->link == LINK_DOWN || a.snap->as_of == 0 ? 3 : a.snap->refused[0] != '\0';
	app_end(&a);
	return code;
}
