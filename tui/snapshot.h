#pragma once
/*
 * The data of the console: immutable blocks of rows, shared between snapshots and counted by
 * reference. The sync thread publishes a snapshot, the UI thread draws it. A published snapshot
 * never changes.
 */
#include <stdatomic.h>

#include "shared/arena.h"
#include "shared/clock.h"
#include "shared/str.h"
#include "sql_embed.h" /* COL_…: the columns of a block */

enum block_id {
#define BLOCK(name, statement, send, take) BLOCK_##name,
#include "tui/blocks.def"
#undef BLOCK
	BLOCK_N
};

/* The texts of a message. The document (block MESSAGE) has the first TEXT_HEAD characters of each;
 * block REST has what follows, read in pages of TEXT_PAGE characters. */
enum text_part { PART_QUESTION, PART_ANSWER, PART_N };
#define TEXT_HEAD 65536
#define TEXT_PAGE 262144

struct json;

struct block {
	atomic_int refs;
	struct arena arena;
	int n_rows, n_cols;
	const char *const *cells;
	const struct json *doc; /* STATUS, MESSAGE: the parsed document of cell 0 */
	char about[4200];       /* what was read: a filter with `narrow`, a message, an agent */
};

enum link { LINK_CONNECTING, LINK_LIVE, LINK_STALE, LINK_DOWN };

struct snapshot {
	atomic_int refs;
	struct block *blocks[BLOCK_N];
	enum link link;
	usec_t as_of; /* when the rows were read, wall clock; 0: never */
	usec_t took;  /* duration of that read */
	bool is_listening;
	usec_t since;    /* when `link` last changed, monotonic */
	usec_t next_try; /* monotonic */
	int tries;
	char why[160]; /* the reason for STALE or DOWN */
	/* Error of a read that the server refused: its block keeps the old rows, the link stays
	 * LIVE. "": none. */
	char refused[160];
	char where[80];    /* database and host */
	char session[40];  /* session of the test console */
	bool is_read_only; /* our role may not change messages */
	bool is_standby;
};

/* What the shown view needs in the next snapshot. Zero it, then fill it: it is compared byte by
 * byte. */
struct want {
	unsigned blocks;   /* bits 1 << BLOCK_…; STATUS is always read */
	char filter[2048]; /* JSON array, for QUEUE, GROUPS, FAILED */
	char narrow[2048]; /* FAILED: more terms, for the group under the cursor; "" */
	int limit;         /* rows of QUEUE, FAILED */
	char message[40];  /* MESSAGE: the message's number or uuid */
	char rest_of[40];  /* REST: uuid of the message; rest_job: its attempt */
	char rest_job[40];
	int rest_chars[PART_N]; /* REST: characters to read after the head; 0: none */
	char stream[40];        /* STREAM: uuid of the running message to follow; "" */
	char agent[64];         /* agent for SPENDING, and for TRANSCRIPT if session is "" */
	char webhook[16];       /* DELIVERIES: the webhook's number; "": none */
	char span[16];          /* AGENTS: period of the figures, an interval; "": 1 h */
	char session[40];
	bool is_frozen; /* read nothing */
};

struct block *block_ref(struct block *);
void block_unref(struct block *);
struct snapshot *snapshot_ref(struct snapshot *);
void snapshot_unref(struct snapshot *);

/* NULL for SQL NULL. */
static inline const char *block_at(const struct block *b, int row, int col)
{
	return b->cells[row * b->n_cols + col];
}
static inline struct str block_str(const struct block *b, int row, int col)
{
	return str_of(block_at(b, row, col));
}
static inline int64_t block_int(const struct block *b, int row, int col, int64_t none)
{
	const char *s = block_at(b, row, col);
	return s != NULL ? strtoll(s, NULL, 10) : none;
}
static inline double block_double(const struct block *b, int row, int col, double none)
{
	const char *s = block_at(b, row, col);
	return s != NULL ? strtod(s, NULL) : none;
}
/* A time of the database in microseconds since 1970; 0 for NULL. */
static inline usec_t block_time(const struct block *b, int row, int col)
{
	const char *s = block_at(b, row, col);
	return s != NULL ? clock_parse(s) : 0;
}
