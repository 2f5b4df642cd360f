#pragma once
/*
 * The database side of the console: one thread with one connection for reads and one for actions,
 * so that an action never waits for a read. The thread reads what the shown view wants, publishes a
 * snapshot, and makes the eventfd readable. It tries to reconnect for ever.
 */
#include "tui/action.h"
#include "tui/options.h"
#include "tui/snapshot.h"

struct sync;

struct sync *sync_start(const struct options *);
void sync_stop(struct sync *);
/* Readable when there is a new snapshot or result; sync_take resets it. */
int sync_fd(const struct sync *);
/* The newest snapshot; the caller gets a reference. */
struct snapshot *sync_take(struct sync *);
bool sync_result(struct sync *, struct action_result *out);
/* Replaces what is wanted; if it differs, it is read at once. */
void sync_want(struct sync *, const struct want *);
/* Queues an action and takes it over. False: the queue is full, and the action is dropped. */
bool sync_act_take(struct sync *, struct action *);
/* Reads, or tries to connect, now. */
void sync_hurry(struct sync *);
/* True when no read and no action is running or waiting: for --once and tests. */
bool sync_is_settled(struct sync *);
