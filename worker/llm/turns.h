#pragma once
/*
 * Makes a conversation valid for the strictest vendor: it begins with the user and ends with the
 * question (or results of tools), roles alternate, no turn is blank, each tool call has its result,
 * and it fits the window. Less strict vendors read it the same way. Pure functions.
 */
#include "worker/llm/provider.h"

/* Finds the protocol that a turn's native form was written in; NULL: this worker does not have
 * it. */
typedef const struct provider_ops *(*turns_speaks)(const char *protocol);

/* Writes the valid turns to out, which has room for n; returns how many. Joined texts are in the
 * arena. */
int turns_clean(struct arena *, const struct turn *, int n, turns_speaks, struct turn *out);
/* Index of the first turn to send, so that the clean turns take at most `bytes`: the oldest are
 * left out, never the last question. */
int turns_first(const struct turn *, int n, size_t bytes);
/* Rough size of the turns in bytes. */
size_t turns_bytes(const struct turn *, int n);
