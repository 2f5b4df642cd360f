#pragma once
/*
 * The secrets that providers name and that this worker does not have. The list goes to the database
 * with each renewal of the lease (worker_renew.sql), so that no claim gives this worker a message
 * whose provider it cannot call; a change of the list is logged. The secrets are checked at each
 * renewal, because key files are written and replaced while a worker runs. Used by one thread at a
 * time.
 */
#include <stdatomic.h>

#include "shared/str.h"

struct lacks {
	char *said;         /* the state that was logged last */
	atomic_int missing; /* number of missing secrets; any thread reads it */
};

/* names: the text of a PostgreSQL array, {A_KEY,B_TOKEN}; allowed: the setting secret_names. Writes
 * {"A_KEY":"why it is missing"}. */
void lacks_put(struct lacks *, const char *names, const char *allowed, struct strbuf *);
void lacks_release(struct lacks *);
