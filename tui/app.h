#pragma once
/* The UI thread: turns keys into commands, commands into calls of views and actions, snapshots into
 * frames. */
#include "tui/options.h"

/* Runs the console until the operator quits. Returns the exit code. */
int app_run(const struct options *);
/* Prints one frame of a view as text, for scripts and tests. view, size ("WxH") and filter may be
 * NULL. Returns the exit code. */
int app_once(const struct options *, const char *view, const char *size, const char *filter);
