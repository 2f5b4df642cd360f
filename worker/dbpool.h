#pragma once
/*
 * Connections for the stages: taken for one statement or one short transaction, never held across a wait. Any thread.
 */
#include "shared/pg.h"

struct dbpool;

struct dbpool *dbpool_new(const char *url, int size);
void dbpool_free(struct dbpool *);
/* A working connection, waiting up to timeout_ms for a free one and for the database. */
MUSTCHECK int dbpool_get(struct dbpool *, int timeout_ms, struct pg **out, struct err *);
/* Gives it back; a broken one is closed and made anew at the next get. */
void dbpool_put(struct dbpool *, struct pg *);
