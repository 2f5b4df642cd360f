#pragma once
/*
 * A screen: what it needs, how it takes new data, how it draws, what it does on a command. Views see a snapshot and nothing else of the
 * world; what they want done they ask of the app through `struct ui`.
 */
#include "tui/action.h"
#include "tui/command.h"
#include "tui/list.h"
#include "tui/screen.h"
#include "tui/snapshot.h"

struct app;
struct view;

struct question;
/* One of several things to do: its key, and the question that asks about it. */
struct choice {
	char key;
	char label[100];
	struct question *then; /* owned */
};

/* A question: the box's lines, and what a yes does. Confirmed by y, or, when `type` or `word` is set, by typing the number or the word, and
 * Enter. With choices it only leads to the next question. */
struct question {
	char title[64];
	char lines[10][160];
	int n_lines;
	int64_t type;       /* 0: y */
	char word[64];      /* "": y */
	bool wants_reason;  /* a text besides, ended by Enter */
	int reason_arg;     /* which argument of `yes` it is: ARG_… */
	char asks_for[40];  /* what the text is; "": the reason */
	struct action *yes; /* owned */
	char *undo;         /* owned; what u takes back after a yes, an array literal, for so long; or NULL */
	int64_t undo_ms;
	struct choice choices[4];
	int n_choices;
};

struct ui {
	struct app *app;
	struct screen *screen;
	const struct snapshot *snap;
	const char *operator_name;
	usec_t now; /* wall */
	int64_t retry_hold_ms;
	const char *filter; /* as typed */
	int top, bottom;    /* lines of the view: title is top, rows end before bottom */
};

/* What y takes. Never a part under the name of the whole: either it is all of it, or `why` it is not here, or it is on its way and asked for
 * again with the next data. */
struct copied {
	struct str text;
	const char *why;
	bool is_coming;
};
#define LIST_TEXT 200 /* so many characters of a text come with a list's row */

struct text_view;
struct view_ops {
	void (*init)(struct view *);
	void (*release)(struct view *);
	void (*want)(struct view *, struct want *);
	void (*bind)(struct view *, const struct snapshot *);
	void (*draw)(struct view *, struct ui *);
	bool (*command)(struct view *, struct ui *, enum cmd);         /* false: not its own */
	bool (*key)(struct view *, struct ui *, int key, bool pasted); /* a text field has it; NULL: no field */
	const char *(*hints)(struct view *);                           /* key line of its own, or NULL */
	void (*open)(struct view *, const char *what);                 /* shown for this message, this agent */
	/* Of an action whose line in actions.def names this view. is_shown: it is on the screen, and nothing is asked there. */
	void (*answered)(struct view *, struct ui *, const struct action_result *, bool is_shown);
	struct copied (*copy)(struct view *, int kind);            /* for y: 'i' id, 'e' error, 't' text */
	struct text_view *(*page)(struct view *, bool *is_coming); /* what S saves; NULL: what is on the screen */
};

struct view {
	const struct view_ops *ops;
	void *state;
};

/* tui/views/NAME.c of each line of views.def */
#define TAB(id, name, ...) extern const struct view_ops view_##name;
#define PAGE TAB
#include "tui/views.def"
#undef TAB
#undef PAGE

/* What a view may ask for; done by the app after the call. Data in texts is made visible by the screen. */
void ui_say(struct ui *, const char *fmt, ...) PRINTF(2, 3);
void ui_open(struct ui *, enum view_id, const char *what);
void ui_filter(struct ui *, const char *filter);
/* By one field's value, whatever characters it has. */
void ui_filter_by(struct ui *, const char *field, const char *value);
/* Enqueues. Refused with the reason when the screen is too old or the role may not. */
void ui_act_take(struct ui *, struct action *);
/* For retries: remembers what u takes back. uuids is an array literal. */
void ui_can_undo(struct ui *, const char *uuids, int64_t for_ms);
void ui_ask_take(struct ui *, struct question *);
/* For making questions: one more line; one more choice, taken. */
void question_say(struct question *, const char *line);
void question_offer(struct question *menu, char key, const char *label, struct question *then);
/* True when changes are possible; else says why not. */
bool ui_may_act(struct ui *);
/* The text of a list's row, if all of it is there. */
struct copied copy_text(const struct list_row *, int column);

/* Age, or estimate, of rows; '?' for estimates of an old screen. */
bool ui_is_old(const struct ui *);

/* Actions that several views share: on the marks, or on the row under the cursor. Columns of the list's block. */
struct message_columns {
	int uuid, job, status, agent;
};
void act_retry(struct ui *, struct list *, const struct message_columns *);
void act_cancel(struct ui *, struct list *, const struct message_columns *);
/* On one message: its number or name for the answer, the attempt and the status that were seen. */
void act_retry_one(struct ui *, const char *label, const char *uuid, const char *job, const char *status);
void act_cancel_one(struct ui *, const char *label, const char *uuid, const char *job, const char *status);
/* A retry of n failed messages, of these attempts, so many ms apart: for a question's yes. uuids, jobs: array literals. Caller owns. */
struct action *act_retry_many(struct ui *, int64_t n, const char *uuids, const char *jobs, int pace_ms);
void act_pause(struct ui *, const char *agent, bool paused);
