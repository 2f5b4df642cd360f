#pragma once
/*
 * What the console knows: immutable blocks of rows, shared between snapshots by count. The sync thread publishes, the UI thread draws.
 * Never changed after it was published.
 */
#include <stdatomic.h>

#include "shared/arena.h"
#include "shared/clock.h"
#include "shared/str.h"

enum block_id {
	BLOCK_STATUS,
	BLOCK_QUEUE,
	BLOCK_GROUPS,
	BLOCK_FAILED,
	BLOCK_AGENTS,
	BLOCK_ROUTES,
	BLOCK_SPENDING,
	BLOCK_PROVIDERS,
	BLOCK_EVENTS,
	BLOCK_WORKERS,
	BLOCK_POSTGRES,
	BLOCK_MESSAGE,
	BLOCK_REST,
	BLOCK_STREAM,
	BLOCK_TRANSCRIPT,
	BLOCK_N
};

/* Columns, in the order of the files in sql/tui. */
enum {
	Q_ID,
	Q_UUID,
	Q_JOB,
	Q_STATUS,
	Q_STATE,
	Q_AGENT,
	Q_SESSION,
	Q_PRIORITY,
	Q_SINCE,
	Q_STARTED,
	Q_RUN_AFTER,
	Q_ETA,
	Q_POSITION,
	Q_WAITS,
	Q_ATTEMPT,
	Q_WORKER,
	Q_PROVIDER,
	Q_MODEL,
	Q_USER,
	Q_TEXT
};
enum {
	F_ID,
	F_UUID,
	F_JOB,
	F_STATUS,
	F_STATE,
	F_AGENT,
	F_SESSION,
	F_CAUSE,
	F_ERROR,
	F_SINCE,
	F_RETRY_AT,
	F_TRIES,
	F_ATTEMPTS,
	F_PERMANENT,
	F_COST,
	F_PROVIDER,
	F_MODEL,
	F_WORKER,
	F_TEXT
};
enum { G_N, G_CAUSE, G_PROVIDER, G_AGENTS, G_LAST, G_PERMANENT, G_COST };
enum {
	A_SLUG,
	A_STATE,
	A_MODEL,
	A_QUEUED,
	A_RUNNING,
	A_PER_MINUTE,
	A_SPARK,
	A_ERRORS,
	A_P50,
	A_P95,
	A_TOKENS,
	A_COST,
	A_UNKNOWN,
	A_WASTED,
	A_PROJECTED,
	A_TOKENS_IN,
	A_TOKENS_OUT,
	A_TOKENS_CACHED,
	A_LIMITED,
	A_RATE,
	A_CONCURRENCY,
	A_DAY,
	A_MONTH,
	A_SOFT,
	A_COST_MONTH,
	A_RESERVED,
	A_PAUSED_BY,
	A_REASON
};
enum { R_AGENT, R_ORD, R_PROVIDER, R_MODEL, R_STATE, R_SECONDS, R_REASON, R_PRICED };
enum { SP_WHAT, SP_NAME, SP_COST, SP_CALLS, SP_UNKNOWN };
enum {
	P_SLUG,
	P_PROTOCOL,
	P_URL,
	P_KEY,
	P_QUOTA,
	P_ZONE,
	P_TOKENS,
	P_AGENTS,
	P_CALLS_HOUR,
	P_ERRORS_HOUR,
	P_TTFT,
	P_P95,
	P_LAST_ERROR,
	P_BREAKER,
	P_SECONDS,
	P_REASON,
	P_HELD,
	P_CALLS,
	P_ERRORS,
	P_ERROR_AT,
	P_BUSY,
	P_LEFT_REQUESTS,
	P_LEFT_TOKENS
};
enum { E_PROVIDER, E_AT, E_MODEL, E_EVENT, E_DETAIL };
enum {
	W_ID,
	W_NAME,
	W_VERSION,
	W_STATE,
	W_RUNNING,
	W_SLOTS,
	W_PER_MINUTE,
	W_LEASE,
	W_STARTED,
	W_AGENTS,
	W_MESSAGE,
	W_MESSAGE_AGENT,
	W_MESSAGE_SINCE,
	W_RSS,
	W_DRAIN_BY
};
enum { DB_VERSION, DB_CONNECTIONS, DB_MAX, DB_LAG, DB_OLDEST };
enum {
	T_ROLE,
	T_UUID,
	T_JOB,
	T_STATUS,
	T_CONTENT,
	T_ERROR,
	T_AT,
	T_STARTED,
	T_POSITION,
	T_WAITS,
	T_ETA,
	T_WORKER,
	T_MODEL,
	T_IN,
	T_OUT,
	T_MS,
	T_TTFT,
	T_COST,
	T_RETRIES,
	T_RETRY_AT,
	T_SAID,
	T_FINISH
};
enum { STREAM_JOB, STREAM_TEXT };
enum { M_DOC, M_QUESTION_CHARS, M_ANSWER_CHARS };
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
	char stream[40];   /* STREAM: a running message whose text is to be followed; "" */
	char agent[64];    /* TRANSCRIPT: whose test session, when session is ""; SPENDING: whose */
	char span[16];     /* AGENTS: of what time, an interval; "" is an hour */
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
