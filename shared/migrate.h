#pragma once
/*
 * The schema. Migrations are embedded in the binary; each runs in one transaction together with the latest text of every function, under
 * an advisory lock, and its checksum is kept. Run by `signalbox migrate` only.
 */
#include "shared/err.h"
#include "shared/pg.h"

struct migrate_status {
	int version; /* in the database; 0 = none */
	int latest;  /* in this binary */
	int min_client;
};

/* Reads where the database stands. min_client over `latest`: this binary is too old for it. */
MUSTCHECK int migrate_status(struct pg *, struct migrate_status *out, struct err *);
/* Goes up or down to `version`; up with version = latest also re-applies all functions. say() gets one line per step. */
MUSTCHECK int migrate_to(struct pg *, int version, void (*say)(const char *line), struct err *);
/* Fails with a text for the operator unless the database has this binary's schema, or a newer one that still serves it. */
MUSTCHECK int migrate_check(struct pg *, struct err *);
