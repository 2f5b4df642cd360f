#pragma once
/* The state of the UI thread. Only app.c (the loop, keys, frames), run.c (commands) and ask.c
 * (questions) include this. */
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
	struct field field; /* text typed in the prompt or in a question */
	struct question *question;
	usec_t asked_at, answered_at;
	bool in_reason;
	int help_scroll;
	char message[300], refused[160]; /* refused: the last refusal that was shown */
	usec_t message_until, quit_until;
	struct strbuf undo;
	usec_t undo_until;
	bool frozen, is_pasting, is_over, redraw;
	int pending; /* copy ('i', 'e', 't') or save ('S') when the whole text is read; 0: none */
	enum view_id pending_view;
	int pasted_away;
	usec_t deaf_until; /* keys before this time are the rest of a paste: ignored */
	struct ui ui;
};

enum view_id app_shown(const struct app *);
struct view *app_view(struct app *);
/* Fills a->ui for the next call of a view. */
void app_prepare_ui(struct app *);

/* Runs a command that was selected by key or by name. */
void app_run_command(struct app *, enum cmd);
/* Handles a key of the open question. app_close_question() closes it without a yes. */
void app_question_key(struct app *, int key);
void app_close_question(struct app *);
/* True for an Enter that follows a confirmed question within HABIT_USEC: users press Enter after y
 * out of habit, and it must not open the row below. */
bool app_is_habit(struct app *, int key);
/* Runs the line that was typed after ':'. */
void app_run_line(struct app *, const char *line);
/* Handles the key after y: 'i', 'e' or 't' copies, any other key cancels. */
void app_copy(struct app *, int kind);
/* Call after a frame: does the pending copy or save if the rest of the text has arrived. True when
 * it was done and reported. */
bool app_go_on(struct app *);
