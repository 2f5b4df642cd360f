#pragma once
/*
 * PostgreSQL. The only door to libpq. Every statement has parameters, a deadline of ours besides the server's (a frozen server answers
 * no time-out of its own), and an answer copied into the caller's arena. No pool, no retry: that is the callers' trade.
 * A connection belongs to one thread at a time.
 *
 * Errors: DB_DOWN (no connection, or it broke: close and connect again), DB_TIMEOUT (ours or the server's, a lock that was not had), DB_CONFLICT (a
 * deadlock, or transactions that cannot both be: nothing was done, it goes well when asked again), DB_DATA (the values that were given are wrong:
 * nothing else is), the contract's SQLSTATEs SB001 and SB003 REFUSED, SB002 NOT_FOUND, SB004 BAD_INPUT, SB005 CONFLICT; everything else DB.
 */
#include "shared/arena.h"
#include "shared/err.h"

struct pg;

struct rows {
	int n_rows, n_cols;
	const char *const *cells; /* n_rows * n_cols; NULL = SQL NULL */
};
static inline const char *rows_at(const struct rows *r, int row, int col)
{
	return r->cells[row * r->n_cols + col];
}
/* As a number; `none` for NULL. */
int64_t rows_int(const struct rows *, int row, int col, int64_t none);
double rows_double(const struct rows *, int row, int col, double none);
bool rows_bool(const struct rows *, int row, int col);

/* conninfo: URI or keyword string; "" = libpq's own rules. Caller owns, pg_close. timeout_ms is for each host (whole seconds, at least 2).
 * `options` (may be NULL) are sent as server settings, such as "-c statement_timeout=1500", besides those of conninfo and "read committed"
 * (whatever the database's default is); a pooler that refuses them is taken without.
 * A connection that is to write goes on to the next host until one takes writes; pg_connect_any takes the first that answers. */
MUSTCHECK int pg_connect(struct pg **out, const char *conninfo, const char *application, const char *options, int timeout_ms,
                         struct err *);
MUSTCHECK int pg_connect_any(struct pg **out, const char *conninfo, const char *application, const char *options, int timeout_ms,
                             struct err *);
void pg_close(struct pg *);
static inline void pg_closep(struct pg **pg)
{
	pg_close(*pg);
}
/* Of no more use: the connection is gone, or the server only reads (it has become, or always was, a standby). Close and connect again. */
bool pg_is_broken(const struct pg *);
/* A statement was refused because the server only reads. Nothing of it was done; reading goes on. */
bool pg_refused_write(const struct pg *);
/* The server said so itself; it says when it is promoted. Unknown through a pooler: false. */
bool pg_is_standby(const struct pg *);
/* The process that serves us, as the connection was told. Through a pooler it is not pg_backend_pid(). */
int pg_backend(const struct pg *);

/* One statement, or (without parameters only) a script. params may hold NULLs. out may be NULL. */
MUSTCHECK int pg_exec(struct pg *, struct arena *, const char *sql, const char *const *params, int n_params, int timeout_ms,
                      struct rows *out, struct err *);
/* A script of several statements, no parameters; used for migrations only. */
MUSTCHECK int pg_script(struct pg *, const char *sql, int timeout_ms, struct err *);

/* The same in two halves, for a thread that waits for more than this: start, poll pg_fd for input, ask pg_ready until it is not 0. */
MUSTCHECK int pg_start(struct pg *, const char *sql, const char *const *params, int n_params, struct err *);
int pg_fd(const struct pg *);
int pg_ready(struct pg *); /* 0: not yet; 1: pg_finish will not block */
MUSTCHECK int pg_finish(struct pg *, struct arena *, struct rows *out, struct err *);
/* Asks the server to stop the running statement; the answer still has to be fetched. Does not wait. */
void pg_cancel(struct pg *);

/* Takes the next notification that has arrived. False when there is none. */
bool pg_notification(struct pg *, char channel[static 64], char payload[static 64]);
/* Reads what the server sent while nothing was asked. -1: the connection is gone. */
MUSTCHECK int pg_consume(struct pg *, struct err *);

/* Text of an array: {"a",NULL,"b\"c"}. */
struct strbuf;
void pg_array_add(struct strbuf *, const char *value); /* call pg_array_end when done */
void pg_array_end(struct strbuf *);
