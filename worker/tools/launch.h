#pragma once
/* Starts bubblewrap with its descriptors, limits and user; see sandbox.h. */
#include <sys/types.h>

#include "shared/err.h"

/* A child, and our ends of what it writes. */
struct launched {
	pid_t pid;
	int pidfd;
	int output; /* both streams of the program; non-blocking */
	int status; /* what bubblewrap says, JSON: its child's number, and how that ended; non-blocking */
};

/* argv: of bubblewrap, which finds the code at descriptor 9, the filter at 8, and its status at 7. code, filter: their
 * descriptors here, read from the beginning. uid: the user who runs it if we are root. */
MUSTCHECK int launch(struct launched *, char *const *argv, int code, int filter, uid_t uid, struct err *);
void launched_release(struct launched *);
