#pragma once
/*
 * What the console knows: immutable blocks of rows, shared between snapshots by count. The sync thread publishes, the UI thread draws.
 * Never changed after it was published.
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

/* A message's texts: the document has the first TEXT_HEAD characters of each, REST what follows, page by page. */
enum text_part { PART_QUESTION, PART_ANSWER, PART_N };
#define TEXT_HEAD 65536
#define TEXT_PAGE 262144

struct json;

struct block {
	atomic_int refs;
	struct arena arena;
	int n_rows, n_cols;
	const char *const *cells;
	const struct json *doc; /* STATUS, MESSAGE: the document of cell 0 */
	char about[4200];       /* what it answers: a filter with what narrows it, a message, an agent */
};

enum link { LINK_CONNECTING, LINK_LIVE, LINK_STALE, LINK_DOWN };

struct snapshot {
	atomic_int refs;
	struct block *blocks[BLOCK_N];
	enum link link;
	usec_t as_of; /* wall; when the rows were read. 0: never */
	usec_t took;  /* to read them */
	bool is_listening;
	usec_t since;    /* mono; since when the link is what it is */
	usec_t next_try; /* mono */
	int tries;
	char why[160];     /* STALE, DOWN */
	char refused[160]; /* a read that the server refuses: what it asked for stays as it was, the link lives; "" */
	char where[80];    /* database and host */
	char session[40];  /* of the test console */
	bool is_read_only; /* our role may not act */
	bool is_standby;
};

/* What the view on the screen needs of the next snapshot. Zeroed, then filled: compared byte by byte. */
struct want {
	unsigned blocks;   /* bits 1 << BLOCK_…; STATUS is always read */
	char filter[2048]; /* JSON array, for QUEUE, GROUPS, FAILED */
	char narrow[2048]; /* terms besides, for FAILED: the group under the cursor; or "" */
	int limit;         /* rows of QUEUE, FAILED */
	char message[40];  /* MESSAGE: its number or its uuid */
	char rest_of[40];  /* REST: of which message, as a uuid, and which attempt */
	char rest_job[40];
	int rest_chars[PART_N]; /* so many characters behind the head; 0: none */
	char stream[40];        /* STREAM: a running message whose text is to be followed; "" */
	char agent[64];         /* TRANSCRIPT: whose test session, when session is ""; SPENDING: whose */
	char span[16];          /* AGENTS: of what time, an interval; "" is an hour */
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
/* A time of the database to microseconds; 0 for NULL. */
static inline usec_t block_time(const struct block *b, int row, int col)
{
	const char *s = block_at(b, row, col);
	return s != NULL ? clock_parse(s) : 0;
}
