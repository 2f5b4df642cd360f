#pragma once
/*
 * The database side of the console: one thread, one connection that reads and one that writes, so that an action never waits for a read.
 * It reads what the view on the screen wants, publishes a snapshot, and makes the eventfd readable. It reconnects for ever.
 */
#include "tui/action.h"
#include "tui/options.h"
#include "tui/snapshot.h"

struct sync;

struct sync *sync_start(const struct options *);
void sync_stop(struct sync *);
int sync_fd(const struct sync *); /* readable when there is a new snapshot or result; sync_take empties it */
/* The newest snapshot, counted for the caller. */
struct snapshot *sync_take(struct sync *);
bool sync_result(struct sync *, struct action_result *out);
/* Replaces what is wanted; read at once if it differs. */
void sync_want(struct sync *, const struct want *);
bool sync_act_take(struct sync *, struct action *); /* false: so many wait already that it is dropped */
/* Reads, or tries to connect, now. */
void sync_hurry(struct sync *);
/* True when nothing is asked, waited for or undone: for --once and tests. */
bool sync_is_settled(struct sync *);
