#pragma once
/*
 * The connection for actions, separate from the one that reads: opened for the first action, closed
 * after a minute without one. One action at a time. Belongs to the sync thread, which polls its fd.
 * Functions with an action_result return true when they have filled it in.
 */
#include "shared/clock.h"
#include "tui/action.h"

struct actor {
	const char *url;
	struct pg *pg;
	struct action *acting;
	usec_t started, used;
};

bool actor_is_busy(const struct actor *);
int actor_fd(const struct actor *); /* -1: no connection */
/* Starts an action and takes it over (only when not busy). True when it failed at once. */
bool actor_start_take(struct actor *, struct action *, struct action_result *);
bool actor_on_input(struct actor *, struct action_result *);
bool actor_on_time(struct actor *, struct action_result *);
void actor_release(struct actor *);
