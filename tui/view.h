#pragma once
/*
 * A view: what data it needs, how it takes new data, how it draws, what it does on a command. A
 * view sees a snapshot and nothing else; for everything else it calls the app, through `struct ui`.
 */
#include "tui/action.h"
#include "tui/command.h"
#include "tui/list.h"
#include "tui/screen.h"
#include "tui/snapshot.h"

struct app;
struct view;

struct question;
/* One choice of a question: its key, and the question that follows. */
struct choice {
	char key;
	char label[100];
	struct question *then; /* owned */
};

/* A question: the lines of its box, and the action that a yes runs. Confirmed by y or, if `type` or
 * `word` is set, by typing the number or the word, and Enter. A question with choices only leads to
 * the next question. */
struct question {
	char title[64];
	char lines[10][160];
	int n_lines;
	int64_t type;       /* the number to type; 0: none */
	char word[64];      /* the word to type; "": none */
	bool wants_reason;  /* asks for a text as well, ended by Enter */
	int reason_arg;     /* the argument of `yes` that the text becomes: ARG_… */
	char asks_for[40];  /* name of the text; "": the reason */
	struct action *yes; /* owned */
	/* Owned: uuids that u takes back within undo_ms after a yes, as an array literal; or
	 * NULL. */
	char *undo;
	int64_t undo_ms;
	struct choice choices[4];
	int n_choices;
};

struct ui {
	struct app *app;
	struct screen *screen;
	const struct snapshot *snap;
	const char *operator_name;
	usec_t now; /* wall clock */
	int64_t retry_hold_ms;
	const char *filter; /* as typed */
	int top, bottom;    /* the title is on line top, rows end before line bottom */
};

/* The result of a copy (key y). Never a part of a text as if it were the whole: `text` is complete,
 * or `why` says why it is not available, or `is_coming` says that it is being read and must be
 * requested again with the next data. */
struct copied {
	struct str text;
	const char *why;
	bool is_coming;
};
#define LIST_TEXT 200 /* characters of a text that a list row holds */

struct text_view;
struct view_ops {
	void (*init)(struct view *);
	void (*release)(struct view *);
	void (*want)(struct view *, struct want *);
	void (*bind)(struct view *, const struct snapshot *);
	void (*draw)(struct view *, struct ui *);
	bool (*command)(struct view *, struct ui *, enum cmd); /* false: not handled */
	/* True: the view's text field took the key. NULL: the view has no field. */
	bool (*key)(struct view *, struct ui *, int key, bool pasted);
	const char *(*hints)(struct view *);           /* the view's own key line, or NULL */
	void (*open)(struct view *, const char *what); /* opened for this message or agent */
	/* The answer to an action whose line in actions.def names this view. is_shown: the view is
	 * on the screen, and no question or prompt is open there. */
	void (*answered)(struct view *, struct ui *, const struct action_result *, bool is_shown);
	struct copied (*copy)(struct view *, int kind); /* for y: 'i' id, 'e' error, 't' text */
	/* The text that S saves; NULL: S saves the screen. */
	struct text_view *(*page)(struct view *, bool *is_coming);
};

struct view {
	const struct view_ops *ops;
	void *state;
};

/* The views of views.def, each defined in tui/views/NAME.c */
#define TAB(id, name, ...) extern const struct view_ops view_##name;
#define PAGE TAB
#include "tui/views.def"
#undef TAB
#undef PAGE

/* What a view may ask of the app. The texts may hold data: the screen makes it safe. */
void ui_say(struct ui *, const char *fmt, ...) PRINTF(2, 3);
void ui_open(struct ui *, enum view_id, const char *what);
void ui_filter(struct ui *, const char *filter);
/* Filters by the value of one field, whatever characters it has (but a quote). */
void ui_filter_by(struct ui *, const char *field, const char *value);
/* Queues the action and takes it over; if the queue is full, the message line says so. */
void ui_act_take(struct ui *, struct action *);
/* For retries: remembers for for_ms what u takes back. uuids is an array literal. */
void ui_can_undo(struct ui *, const char *uuids, int64_t for_ms);
void ui_ask_take(struct ui *, struct question *);
/* Build a question: add a line; add a choice, which takes `then` over. */
void question_say(struct question *, const char *line);
void question_offer(struct question *menu, char key, const char *label, struct question *then);
/* True when actions are possible; otherwise the message line says why not. */
bool ui_may_act(struct ui *);
/* The text of a list row, if the row has all of it. */
struct copied copy_text(const struct list_row *, int column);

/* True when the data is too old for estimates, which are then shown as '?'. */
bool ui_is_old(const struct ui *);

/* Actions that several views share: act_retry on the marked rows, or on the row under the cursor if
 * none is marked; act_cancel on the row under the cursor. message_columns: columns of the list's
 * block. */
struct message_columns {
	int uuid, job, status, agent;
};
void act_retry(struct ui *, struct list *, const struct message_columns *);
void act_cancel(struct ui *, struct list *, const struct message_columns *);
/* On one message. label: its number or name, for the answer; job, status: the attempt and the
 * status that the operator saw. */
void act_retry_one(struct ui *, const char *label, const char *uuid, const char *job, const char *status);
void act_cancel_one(struct ui *, const char *label, const char *uuid, const char *job, const char *status);
/* Creates a retry of n failed messages, pace_ms apart, for the `yes` of a question. uuids, jobs
 * (the attempts seen): array literals. The caller owns it. */
struct action *act_retry_many(struct ui *, int64_t n, const char *uuids, const char *jobs, int pace_ms);
void act_pause(struct ui *, const char *agent, bool paused);
