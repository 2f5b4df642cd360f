#pragma once
/* Requests over HTTP by agent and status, for Health. */
#include "tui/view.h"

void requests_init(struct list *);
void requests_bind(struct list *, const struct snapshot *);
/* A rule with the sums, and the list. */
void requests_draw(struct list *, struct ui *, int y, int height, bool has_focus);
/* The sums on one line of facts. False: nobody asked in the last hour, and nothing is drawn. */
bool requests_fact(struct ui *, int y);
/* The agent of a row; NULL: of none. */
const char *requests_agent(const struct list_row *);
