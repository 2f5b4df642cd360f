#pragma once
/* What the UI thread holds; shared by app.c (the loop, keys, frames) and run.c (commands). Nobody else includes this. */
#include "tui/frame.h"
#include "tui/options.h"
#include "tui/prompt.h"
#include "tui/sync.h"
#include "tui/view.h"

#define QUIT_USEC (2 * USEC_PER_SEC)

enum mode { MODE_VIEW, MODE_COMMAND, MODE_FILTER, MODE_QUESTION, MODE_HELP, MODE_COPY };

struct app {
	const struct options *options;
	struct screen *screen;
	struct sync *sync;
	struct snapshot *snap;
	struct view views[VIEW_N];
	enum view_id stack[8];
	int depth; /* stack[depth - 1] is shown */
	char filters[VIEW_N][512];
	enum mode mode;
	struct field field; /* of the prompt, and of questions */
	struct question *question;
	usec_t asked_at, answered_at;
	bool in_reason;
	int help_scroll;
	char message[300], refused[160]; /* the last refusal that was said */
	usec_t message_until, quit_until;
	struct strbuf undo;
	usec_t undo_until;
	bool frozen, is_pasting, is_over, redraw;
	int pending; /* 'i', 'e', 't', 'S': to be copied, or saved, once all of it is here; 0 */
	enum view_id pending_view;
	int pasted_away;
	usec_t deaf_until; /* the rest of what was pasted is not heard until then */
	struct ui ui;
};

enum view_id app_shown(const struct app *);
struct view *app_view(struct app *);
/* Makes a->ui fit for the next call of a view. */
void app_prepare_ui(struct app *);

/* Does a command, by key or by name; every change goes through here. */
void app_run_command(struct app *, enum cmd);
/* The question's keys; and away with it, without a yes. */
void app_question_key(struct app *, int key);
void app_close_question(struct app *);
/* The Enter that hands send after the y that has just closed a question: it was not meant for the list below. */
bool app_is_habit(struct app *, int key);
/* What was typed after ':'. */
void app_run_line(struct app *, const char *line);
/* The second key of y: 'i', 'e' or 't'. */
void app_copy(struct app *, int kind);
/* After a frame: what waits for the rest of a text is done when it is there. True when it was, and said so. */
bool app_go_on(struct app *);
