#pragma once
/* The UI thread: keys to commands, commands to views and actions, snapshots to frames. */
#include "tui/options.h"

/* Runs the console until the operator quits. Answers the exit code. */
int app_run(const struct options *);
/* One frame of a view as text, for scripts and tests. view and filter may be NULL; size "WxH". */
int app_once(const struct options *, const char *view, const char *size, const char *filter);
