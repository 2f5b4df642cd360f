#pragma once
/*
 * The reads of a refresh, one for each block: what is sent, and how the result becomes the block.
 * Some reads continue the one before: a stream is read from where it ended, a test session is
 * looked up once. Belongs to the sync thread.
 */
#include "shared/err.h"
#include "shared/pg.h"
#include "tui/snapshot.h"

struct reads {
	const char *operator_name;
	char session[40], session_agent[64]; /* the test session found, and its agent */
	char stream_message[40], stream_job[40];
	struct strbuf stream_text;
	char rest_of[40], rest_job[40]; /* message and attempt of `rest` */
	struct strbuf rest[PART_N];
	int rest_have[PART_N]; /* characters read */
	bool rest_ended[PART_N];
	enum text_part rest_part; /* the part that is being read */
	int rest_asked;           /* characters requested in the page */
	bool is_finding;          /* the read looks up the session, not its transcript */
	char about[4200];         /* key of the running read, becomes block.about */
};

void reads_init(struct reads *, const char *operator_name);
void reads_release(struct reads *);
/* Sends the read of one block. 0: sent; 1: nothing to read; 2: the block is already complete; -1
 * with err. */
MUSTCHECK int reads_send(struct reads *, struct pg *, const struct want *, enum block_id, struct err *);
/* Takes the result. 0: *out is the block, owned by the caller, or NULL; 1: read the same block
 * again; -1 with err. */
MUSTCHECK int reads_take(struct reads *, struct pg *, const struct want *, enum block_id, struct block **out, struct err *);
