#pragma once
/* What code is run with: an interpreter, what it needs of the host's files, and its limits. */
#include "shared/arena.h"

#define BINDS_MAX 8
#define ARGS_MAX 8
#define LANGUAGES_MAX 8

struct language {
	const char *name, *file; /* the code's name inside */
	const char *program;     /* looked for on the host; followed to the file that it is */
	const char *inside;      /* its path inside */
	const char *binds[BINDS_MAX]; /* more of the host that is there, read-only; a pattern: see glob(7) */
	const char *args[ARGS_MAX];   /* of the interpreter, before the file */
	const char *limits[ARGS_MAX]; /* of prlimit, beyond those that all have */
};

/* NULL: no such language. */
const struct language *language_find(const char *name);
const struct language *language_at(int i); /* NULL behind the last */
