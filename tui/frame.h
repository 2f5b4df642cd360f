#pragma once
/* The frame around every view: place and totals, tabs, the alert bar, the message and the keys.
 * Draws only literals and sanitised data. */
#include "tui/prompt.h"
#include "tui/view.h"

struct frame {
	enum view_id tab;    /* the highlighted tab */
	const char *message; /* NULL: none */
	const char *prompt;  /* ":" or "/" while the operator types; else NULL */
	const char *typed;
	int typed_at;      /* cursor in `typed`, in bytes */
	const char *hints; /* the view's own key line; NULL: made from the commands */
	unsigned scopes;
	bool is_frozen;
};

/* Draws the totals only, for a screen that is too small for a view. */
void frame_totals(struct ui *);
void frame_draw(struct ui *, const struct frame *);
/* Draws the question box on top of everything. */
void frame_question(struct ui *, const struct question *, const char *typed, bool in_reason);
/* Draws the help overlay for these scopes, from line `scroll` on. */
void help_draw(struct ui *, unsigned scopes, const char *view, int scroll, bool may_write);
