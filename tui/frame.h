#pragma once
/* What stands around every view: where and totals, tabs, the alert bar, the message and the keys. Literals and sanitised data only. */
#include "tui/prompt.h"
#include "tui/view.h"

struct frame {
	enum view_id tab;    /* which tab is lit */
	const char *message; /* NULL: none */
	const char *prompt;  /* ":" or "/" while typing; NULL */
	const char *typed;
	int typed_at;      /* cursor, in bytes */
	const char *hints; /* key line of the view's own; NULL: from the commands */
	unsigned scopes;
	bool is_frozen;
};

/* All that fits on a screen too small for a view. */
void frame_totals(struct ui *);
void frame_draw(struct ui *, const struct frame *);
/* The question box, over everything. */
void frame_question(struct ui *, const struct question *, const char *typed, bool in_reason);
/* The help overlay for these scopes, from line `scroll` on. */
void help_draw(struct ui *, unsigned scopes, const char *view, int scroll, bool may_write);
