#pragma once
/* Ends what a worker that was killed may have left. */
#include <sys/types.h>

#include "shared/base.h"

/* bubblewrap's first child waits for a word of its parent, and not yet for its parent's death: a kill -9 of the worker
 * in that millisecond leaves it for ever. (It has run nothing by then.) Ends each bwrap of ours, with a user from first
 * to last (root) or our own, whose parent is process 1: that of a living worker never is. Returns how many. */
int orphans_end(uid_t first, uid_t last);
