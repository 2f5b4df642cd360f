#pragma once
/*
 * Which of the secrets that providers name this worker does not have: told to the database with each renewal of the lease (worker_renew.sql), so
 * that no claim gives it what it cannot call, and to the log when it changes. Looked at anew each time: key files are written and replaced while
 * a worker runs. One thread at a time.
 */
#include <stdatomic.h>

#include "shared/str.h"

struct lacks {
	char *said;         /* as it was told last */
	atomic_int missing; /* how many; any thread reads it */
};

/* names: an array as PostgreSQL writes it, {A_KEY,B_TOKEN}; allowed: the setting secret_names. Writes {"A_KEY":"why it is not there"}. */
void lacks_put(struct lacks *, const char *names, const char *allowed, struct strbuf *);
void lacks_release(struct lacks *);
