#pragma once
/*
 * The database schema. Migrations are embedded in the binary. Each runs in one transaction under an
 * advisory lock, together with the current text of every function, and its checksum is stored. Only
 * `signalbox migrate` runs them.
 */
#include "shared/err.h"
#include "shared/pg.h"

struct migrate_status {
	int version; /* in the database; 0 = none */
	int latest;  /* in this binary */
	int min_client;
};

/* Reads the schema version of the database. min_client > latest: this binary is too old for it. */
MUSTCHECK int migrate_status(struct pg *, struct migrate_status *out, struct err *);
/* Migrates up or down to `version`. If the schema already has that version (> 0), only re-applies
 * all functions. say() gets one line per step. */
MUSTCHECK int migrate_to(struct pg *, int version, void (*say)(const char *line), struct err *);
/* Fails with a text for the operator unless the database has this binary's schema, or a newer one
 * that still supports this binary. */
MUSTCHECK int migrate_check(struct pg *, struct err *);
