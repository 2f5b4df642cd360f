#pragma once
/*
 * Requests over HTTP by agent and status, on their way to the database: with each renewal of its lease a worker says what
 * came since the last one (worker_renew.sql). Any thread. A NULL tally is allowed and counts nothing.
 */
#include "shared/str.h"

struct tally;

/* Caller owns. */
struct tally *tally_new(void);
void tally_free(struct tally *);

/* agent: as the request or the database called it; "" or what cannot be a slug: none. */
void tally_add(struct tally *, const char *agent, int code);
/* Writes the members `http` and `http_batch` of the facts, with a comma behind each; nothing if there is nothing to say.
 * Writes the same again until tally_said(). */
void tally_put(struct tally *, struct strbuf *);
/* The database has what tally_put() wrote last. */
void tally_said(struct tally *);
