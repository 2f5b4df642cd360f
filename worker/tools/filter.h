#pragma once
/* The system calls that foreign code may make: a seccomp filter, as bytes for bubblewrap. */
#include "shared/err.h"
#include "shared/str.h"

/* Writes the filter into an empty buffer, for this machine's native system calls; calls of any other kind kill the process. */
MUSTCHECK int filter_make(struct strbuf *, struct err *);
