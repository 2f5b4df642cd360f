#pragma once
/*
 * A conversation as the strictest vendor wants it: it begins with the user and ends with what is asked, roles alternate, no turn is blank, no call
 * of a
 * tool is without its result, and it fits the window. Pure. Who is less strict understands it the same way.
 */
#include "worker/llm/provider.h"

/* What an `own` form is in: the protocol that wrote it; NULL when nobody here speaks it. */
typedef const struct provider_ops *(*turns_speaks)(const char *protocol);

/* Writes the valid turns to out, which has room for n; answers how many there are. Joined texts are the arena's. */
int turns_clean(struct arena *, const struct turn *, int n, turns_speaks, struct turn *out);
/* The turn that clean turns have to begin with to be at most `bytes` long: the oldest are left out, never the last question. */
int turns_first(const struct turn *, int n, size_t bytes);
/* What they take, roughly. */
size_t turns_bytes(const struct turn *, int n);
