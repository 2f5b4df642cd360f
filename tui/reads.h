#pragma once
/*
 * The reads a refresh is made of, one block each: what is asked, and how the answer becomes the block. Some go on from the one before: a
 * stream is asked for what is new, a test session is found once. Belongs to the sync thread.
 */
#include "shared/err.h"
#include "shared/pg.h"
#include "tui/snapshot.h"

struct reads {
	const char *operator_name;
	char session[40], session_agent[64]; /* the test session that was found, and for whom */
	char stream_message[40], stream_job[40];
	struct strbuf stream_text;
	char rest_of[40], rest_job[40]; /* whose rest this is */
	struct strbuf rest[PART_N];
	int rest_have[PART_N]; /* characters */
	bool rest_ended[PART_N];
	enum text_part rest_part; /* being read */
	int rest_asked;           /* characters of the page */
	bool is_finding;          /* the session is asked for, not yet its transcript */
	char about[4200];         /* what is being read */
};

void reads_init(struct reads *, const char *operator_name);
void reads_release(struct reads *);
/* Sends the read of one block. 0: sent; 1: nothing to read; 2: what was read is still all; -1 with err. */
MUSTCHECK int reads_send(struct reads *, struct pg *, const struct want *, enum block_id, struct err *);
/* Takes the answer. 0: *out is the block, the caller's, or NULL; 1: the same block is to be asked for again; -1 with err. */
MUSTCHECK int reads_take(struct reads *, struct pg *, const struct want *, enum block_id, struct block **out, struct err *);
