#pragma once
/*
 * PostgreSQL access; only pg.c calls libpq. A statement has parameters, a deadline of ours besides
 * the server's (a frozen server does not apply its own time-out), and a result that is copied into
 * the caller's arena. No pool and no retry: these are the callers' tasks. One thread at a time uses
 * a connection.
 *
 * Errors: DB_DOWN (no connection, or it broke: close it and connect again), DB_TIMEOUT (our
 * time-out or the server's, or a lock was not obtained), DB_CONFLICT (deadlock or serialization
 * failure: nothing was done, repeat the statement), DB_DATA (the given values are wrong), REFUSED
 * (SQLSTATE SB001, SB003, or no permission), NOT_FOUND (SB002), BAD_INPUT (SB004), CONFLICT
 * (SB005); UNAUTHORIZED (SB006), FORBIDDEN (SB007); DB for everything else.
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
/* The cell as a number; `none` for SQL NULL. */
int64_t rows_int(const struct rows *, int row, int col, int64_t none);
double rows_double(const struct rows *, int row, int col, double none);
bool rows_bool(const struct rows *, int row, int col);

/* conninfo: URI or keyword string; "" = libpq's own rules. The caller owns *out and closes it with
 * pg_close. timeout_ms is for each host (whole seconds, at least 2). `options` (may be NULL) are
 * sent as server settings, such as "-c statement_timeout=1500", together with those of conninfo and
 * with isolation level "read committed" (whatever the database's default is); if a pooler refuses
 * them, the connection is made without. pg_connect tries the hosts until one accepts writes;
 * pg_connect_any takes the first that answers. */
MUSTCHECK int pg_connect(struct pg **out, const char *conninfo, const char *application, const char *options, int timeout_ms,
                         struct err *);
MUSTCHECK int pg_connect_any(struct pg **out, const char *conninfo, const char *application, const char *options, int timeout_ms,
                             struct err *);
void pg_close(struct pg *);
static inline void pg_closep(struct pg **pg)
{
	pg_close(*pg);
}
/* True when the connection is lost, or when the server refused a write because it is a standby:
 * close it and connect again. */
bool pg_is_broken(const struct pg *);
/* True when the server refused a statement because it is read-only. The statement had no effect;
 * reads still work. */
bool pg_refused_write(const struct pg *);
/* True when the server reports that it is a standby; it also reports its promotion. A pooler may
 * report nothing (then false) or an old value. */
bool pg_is_standby(const struct pg *);
/* PID of the server process, as given at connect time. Through a pooler it is not
 * pg_backend_pid(). */
int pg_backend(const struct pg *);

/* Runs one statement. params may hold NULLs. out may be NULL. */
MUSTCHECK int pg_exec(struct pg *, struct arena *, const char *sql, const char *const *params, int n_params, int timeout_ms,
                      struct rows *out, struct err *);
/* Runs a script of several statements without parameters; used for migrations only. */
MUSTCHECK int pg_script(struct pg *, const char *sql, int timeout_ms, struct err *);

/* pg_exec in steps, for a thread that also waits for other events: pg_start, poll pg_fd for input,
 * call pg_ready until it is not 0, then pg_finish. */
MUSTCHECK int pg_start(struct pg *, const char *sql, const char *const *params, int n_params, struct err *);
int pg_fd(const struct pg *);
int pg_ready(struct pg *); /* 0: not yet; 1: pg_finish will not block */
MUSTCHECK int pg_finish(struct pg *, struct arena *, struct rows *out, struct err *);
/* Asks the server to stop the running statement; its result must still be fetched. Does not
 * wait. */
void pg_cancel(struct pg *);

/* Takes the next notification that has arrived. False when there is none. */
bool pg_notification(struct pg *, char channel[static 64], char payload[static 64]);
/* Reads what the server sent while no statement was running. -1: the connection is lost. */
MUSTCHECK int pg_consume(struct pg *, struct err *);

/* Builds the text of an array: {"a",NULL,"b\"c"}. */
struct strbuf;
void pg_array_add(struct strbuf *, const char *value); /* call pg_array_end when done */
void pg_array_int(struct strbuf *, int64_t);
void pg_array_end(struct strbuf *);
