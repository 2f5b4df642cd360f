/* Runs commands, which come from keys and from the prompt. The view gets a command first; a command
 * that the view does not handle is run here. */
#include <errno.h>
#include <sys/stat.h>

#include "tui/app_state.h"
#include "tui/i18n.h"
#include "tui/text.h"

static void undo(struct app *a)
{
	const char *args[sql_tui_act_undo_args] = {
		[ARG_ACT_UNDO_MESSAGES] = strbuf_text(&a->undo), [ARG_ACT_UNDO_ACTOR] = a->options->operator_name
	};
	if (clock_mono() > a->undo_until || a->undo.len == 0) {
		ui_say(&a->ui, "%s", _("nothing to take back"));
		return;
	}
	if (!ui_may_act(&a->ui))
		return;
	ui_act_take(&a->ui, action_new(ACT_UNDO, "", args));
	a->undo_until = 0;
}

static void go_back(struct app *a, bool may_quit)
{
	if (a->depth > 1) {
		a->depth--;
	} else if (a->filters[app_shown(a)][0] != '\0' && !may_quit) {
		a->filters[app_shown(a)][0] = '\0';
	} else if (may_quit) {
		if (clock_mono() < a->quit_until)
			a->is_over = true;
		a->quit_until = clock_mono() + QUIT_USEC;
		ui_say(&a->ui, "%s", _("q again, or y, quits; what runs goes on in the server"));
	}
}

/* Saves a text, or the frame if text.ptr is NULL, to a new file that only the operator can read. */
static void save(struct app *a, struct str text, const char *what)
{
	const char *state = getenv("XDG_STATE_HOME"), *home = getenv("HOME");
	char dir[400], path[500];
	snprintf(dir, sizeof dir, state != NULL ? "%s/signalbox" : "%s/.local/state/signalbox",
	         state != NULL  ? state
	         : home != NULL ? home
	                        : "/tmp");
	for (char *p = dir + 1; *p != '\0'; p++)
		if (*p == '/') {
			*p = '\0';
			mkdir(dir, 0700);
			*p = '/';
		}
	mkdir(dir, 0700);
	snprintf(path, sizeof path, "%s/%s-%lld.txt", dir, what, (long long)(clock_wall() / USEC_PER_MSEC));
	mode_t old = umask(077);
	FILE *f = fopen(path, "wxe");
	umask(old);
	if (f == NULL) {
		ui_say(&a->ui, _("cannot write %s: %s"), path, strerror(errno));
		return;
	}
	if (text.ptr != NULL)
		fwrite(text.ptr, 1, text.len, f);
	else
		screen_print(a->screen, f);
	ui_say(&a->ui, fclose(f) == 0 ? _("saved to %s") : _("could not write all of %s"), path);
}

/* Copies now; if the rest of a long text must be read first, app_go_on() copies when it has
 * arrived. */
static void copy_or_wait(struct app *a, int kind)
{
	struct view *v = app_view(a);
	struct copied c = v->ops->copy != NULL ? v->ops->copy(v, kind) : (struct copied){ 0 };
	a->pending = c.is_coming ? kind : 0;
	a->pending_view = app_shown(a);
	if (c.is_coming)
		ui_say(&a->ui, "%s", _("reading the rest of it, then it is copied"));
	else if (c.why != NULL)
		ui_say(&a->ui, "%s", c.why);
	else if (c.text.len == 0)
		ui_say(&a->ui, "%s", _("nothing to copy here"));
	else if (strcmp(a->options->clipboard, "file") == 0 || !screen_clipboard(a->screen, c.text))
		save(a, c.text, "copy");
	else
		ui_say(&a->ui, _("sent %zu B to the terminal's clipboard (OSC 52)"), c.text.len);
}

static void save_or_wait(struct app *a)
{
	struct view *v = app_view(a);
	struct strbuf b = STRBUF_INIT(1u << 30);
	bool is_coming = false;
	struct text_view *page = v->ops->page != NULL ? v->ops->page(v, &is_coming) : NULL;
	a->pending = is_coming ? 'S' : 0;
	a->pending_view = app_shown(a);
	if (is_coming) {
		ui_say(&a->ui, "%s", _("reading the rest of it, then it is saved"));
	} else if (page == NULL) {
		save(a, (struct str){ NULL, 0 }, "screen");
	} else {
		text_write(page, &b);
		save(a, (struct str){ strbuf_text(&b), b.len }, "text");
	}
	strbuf_release(&b);
}

bool app_go_on(struct app *a)
{
	if (a->pending == 0 || a->mode != MODE_VIEW)
		return false;
	if (a->pending_view != app_shown(a)) {
		a->pending = 0;
		return false;
	}
	app_prepare_ui(a);
	if (a->pending == 'S')
		save_or_wait(a);
	else
		copy_or_wait(a, a->pending);
	return a->pending == 0;
}

void app_copy(struct app *a, int kind)
{
	a->mode = MODE_VIEW;
	if (kind == 'i' || kind == 'e' || kind == 't')
		copy_or_wait(a, kind);
}

/* Opens the tab of a command; false if it opens none. rest: the words typed after the command: the
 * filter if the tab has one, else what the tab is opened for. */
static bool open_tab(struct app *a, enum cmd cmd, const char *rest)
{
	for (enum view_id id = 0; id < VIEW_N; id++) {
		if (VIEW_INFO[id].cmd != cmd)
			continue;
		bool is_filter = VIEW_INFO[id].scopes & IN_MESSAGES;
		ui_open(&a->ui, id, rest[0] != '\0' && !is_filter ? rest : NULL);
		if (rest[0] != '\0' && is_filter)
			ui_filter(&a->ui, rest);
		return true;
	}
	return false;
}

void app_run_command(struct app *a, enum cmd cmd)
{
	struct view *v = app_view(a);
	app_prepare_ui(a);
	if (v->ops->command(v, &a->ui, cmd))
		return;
	if (open_tab(a, cmd, ""))
		return;
	switch (cmd) {
	case CMD_help:
		a->mode = MODE_HELP;
		a->help_scroll = 0;
		break;
	case CMD_back:
		go_back(a, false);
		break;
	case CMD_quit:
		go_back(a, true);
		break;
	case CMD_interrupt:
		if (clock_mono() < a->quit_until)
			a->is_over = true;
		a->quit_until = clock_mono() + QUIT_USEC;
		ui_say(&a->ui, "%s", _("^c again quits"));
		break;
	case CMD_undo:
		undo(a);
		break;
	case CMD_filter:
		a->mode = MODE_FILTER;
		field_set(&a->field, a->filters[app_shown(a)]);
		break;
	case CMD_prompt:
		a->mode = MODE_COMMAND;
		field_clear(&a->field);
		break;
	case CMD_copy:
		a->mode = MODE_COPY;
		ui_say(&a->ui, "%s", _("copy: i id   e error   t text"));
		break;
	case CMD_save:
		save_or_wait(a);
		break;
	case CMD_freeze:
		a->frozen = !a->frozen;
		break;
	case CMD_refresh:
		sync_hurry(a->sync);
		break;
	case CMD_redraw:
		a->redraw = true;
		break;
	case CMD_suspend:
		screen_suspend(a->screen);
		a->redraw = true;
		break;
	default:
		ui_say(&a->ui, _("%s: not in this view"), COMMANDS[cmd].name);
	}
}

/* Runs what was typed after ':'. Words after the command are a filter, an agent or a message. */
void app_run_line(struct app *a, const char *line)
{
	char word[32], rest[FIELD_MAX];
	size_t n = strcspn(line, " ");
	snprintf(word, sizeof word, "%.*s", (int)n, line);
	snprintf(rest, sizeof rest, "%s", line + n + strspn(line + n, " "));
	if (word[0] == '\0')
		return;
	if (strcmp(word, "filter") == 0) {
		if (VIEW_INFO[app_shown(a)].scopes & IN_MESSAGES)
			ui_filter(&a->ui, rest);
		else
			ui_say(&a->ui, _("%s: not in this view"), word);
	} else if (strcmp(word, "agent") == 0 && rest[0] != '\0') {
		ui_open(&a->ui, VIEW_QUEUE, NULL);
		ui_filter_by(&a->ui, "agent", rest);
	} else if (strcmp(word, "msg") == 0 && rest[0] != '\0') {
		ui_open(&a->ui, VIEW_MESSAGE, rest);
	} else {
		enum cmd cmd = command_of_name(word);
		if (cmd == CMD_NONE) {
			ui_say(&a->ui, _("no command is called '%s'"), word);
			return;
		}
		if (!open_tab(a, cmd, rest))
			app_run_command(a, cmd);
	}
}
