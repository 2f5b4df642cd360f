#include "shared/pg.h"

#include <errno.h>
#include <libpq-fe.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>

#include "shared/clock.h"
#include "shared/str.h"
#include "sql_embed.h"

#define READ_ONLY "this server is a read-only standby"
#define RESULT_MAX (64u << 20) /* bytes of one result */
#define SEND_MS 5000
/* Overrides the defaults of the database and the role: one statement per transaction needs no more
 * than read committed, and in our SQL a backslash in a string is a plain character. */
#define OPTIONS "-c default_transaction_isolation=read\\ committed -c standard_conforming_strings=on "

struct pg {
	PGconn *conn;
	bool refused_write;
};

static void no_notices(void *arg, const char *msg)
{
	(void)arg;
	(void)msg;
}

int64_t rows_int(const struct rows *r, int row, int col, int64_t none)
{
	const char *s = rows_at(r, row, col);
	return s != NULL ? strtoll(s, NULL, 10) : none;
}

double rows_double(const struct rows *r, int row, int col, double none)
{
	const char *s = rows_at(r, row, col);
	return s != NULL ? strtod(s, NULL) : none;
}

bool rows_bool(const struct rows *r, int row, int col)
{
	const char *s = rows_at(r, row, col);
	return s != NULL && s[0] == 't';
}

/* Copies the first line: libpq's texts end in a newline and may have more lines than are needed. */
static void first_line(char *out, size_t size, const char *text)
{
	size_t n = strcspn(text, "\n");
	snprintf(out, size, "%.*s", (int)MIN(n, size - 1), text);
}

static int down(struct pg *pg, struct err *err)
{
	char text[200];
	first_line(text, sizeof text, PQerrorMessage(pg->conn));
	return err_set(err, ERR_DB_DOWN, "%s", text[0] != '\0' ? text : "connection lost");
}

/* Waits for the connection's socket. 1: ready; 0: the deadline has passed, or poll() failed. */
static int wait_fd(int fd, short events, usec_t deadline)
{
	for (;;) {
		usec_t left = deadline - clock_mono();
		if (left <= 0)
			return 0;
		struct pollfd p = { .fd = fd, .events = events };
		int n = poll(&p, 1, (int)MIN(left / USEC_PER_MSEC + 1, 60000));
		if (n > 0)
			return 1;
		if (n < 0 && errno != EINTR)
			return 0;
	}
}

/* libpq expands conninfo at the key "dbname": conninfo overrides the keys before it, and the keys
 * after it override conninfo. With these keepalive settings, a network that drops all packets is
 * noticed within 12 s, also while waiting, instead of after the kernel's 15 minutes. */
static PGconn *try_connect(const char *conninfo, const char *application, const char *options, int timeout_ms, bool to_write)
{
	char seconds[16];
	snprintf(seconds, sizeof seconds, "%d", MAX(2, (timeout_ms + 999) / 1000));
	const char *keys[] = { "keepalives_idle",
		               "keepalives_interval",
		               "keepalives_count",
		               "tcp_user_timeout",
		               "connect_timeout",
		               "dbname",
		               "client_encoding",
		               "fallback_application_name",
		               "options",
		               "target_session_attrs",
		               NULL };
	const char *values[] = { "5",      "2",    "3",         "10000", seconds,
		                 conninfo, "UTF8", application, options, to_write ? "read-write" : NULL,
		                 NULL }; /* libpq ignores a NULL value */
	/* PQconnectdbParams blocks, but only it goes on to the next host when a host does not
	 * answer; the non-blocking PQconnectPoll does not. */
	PGconn *conn = PQconnectdbParams(keys, values, 1);
	if (conn == NULL)
		abort();
	return conn;
}

bool pg_is_standby(const struct pg *pg)
{
	const char *value = PQparameterStatus(pg->conn, "in_hot_standby");
	return value != NULL && strcmp(value, "on") == 0;
}

static bool takes_writes(struct pg *pg, int timeout_ms)
{
	struct arena a = ARENA_INIT;
	struct rows r;
	struct err ignored;
	bool takes = pg_exec(pg, &a, sql_session_read_only, NULL, 0, timeout_ms, &r, &ignored) == 0 &&
	             !rows_bool(&r, 0, COL_READ_ONLY_IS_READ_ONLY);
	arena_release(&a);
	return takes;
}

/* The server settings in conninfo, else those in PGOPTIONS; NULL: none. The caller frees the
 * result. */
static char *options_of(const char *conninfo)
{
	char *found = NULL;
	PQconninfoOption *list = PQconninfoParse(conninfo, NULL);
	for (const PQconninfoOption *o = list; o != NULL && o->keyword != NULL; o++)
		if (strcmp(o->keyword, "options") == 0 && o->val != NULL)
			found = xstrdup(o->val);
	PQconninfoFree(list);
	if (found == NULL && getenv("PGOPTIONS") != NULL)
		found = xstrdup(getenv("PGOPTIONS"));
	return found;
}

static int connect_to(struct pg **out, const char *conninfo, const char *application, const char *options, int timeout_ms,
                      bool to_write, struct err *err)
{
	struct pg *pg = xcalloc(1, sizeof *pg);
	struct strbuf all = STRBUF_INIT(4000);
	char *theirs = options_of(conninfo);
	strbuf_addf(&all, "%s " OPTIONS "%s", theirs != NULL ? theirs : "", options != NULL ? options : "");
	options = strbuf_text(&all);
	pg->conn = try_connect(conninfo, application, options, timeout_ms, to_write);
	/* The text of PgBouncer's error: many clients share a server connection, so it cannot keep
	 * server settings per client. */
	if (PQstatus(pg->conn) != CONNECTION_OK && strstr(PQerrorMessage(pg->conn), "unsupported startup parameter") != NULL) {
		PQfinish(pg->conn);
		pg->conn = try_connect(conninfo, application, theirs, timeout_ms, to_write);
	}
	strbuf_release(&all);
	free(theirs);
	bool by_hearsay = to_write && PQstatus(pg->conn) != CONNECTION_OK && pg_is_standby(pg);
	if (by_hearsay) {
		/* After a promotion PgBouncer may still report the old state: ask the server
		 * itself. */
		PQfinish(pg->conn);
		pg->conn = try_connect(conninfo, application, NULL, timeout_ms, false);
	}
	if (PQstatus(pg->conn) != CONNECTION_OK || (by_hearsay && !takes_writes(pg, timeout_ms))) {
		if (by_hearsay)
			err_set(err, ERR_DB_DOWN, READ_ONLY);
		else
			down(pg, err);
		pg_close(pg);
		return -1;
	}
	PQsetNoticeProcessor(pg->conn, no_notices, NULL);
	PQsetnonblocking(pg->conn, 1); /* send_all() sends the rest, with a deadline */
	*out = pg;
	return 0;
}

int pg_connect(struct pg **out, const char *conninfo, const char *application, const char *options, int timeout_ms,
               struct err *err)
{
	return connect_to(out, conninfo, application, options, timeout_ms, true, err);
}

int pg_connect_any(struct pg **out, const char *conninfo, const char *application, const char *options, int timeout_ms,
                   struct err *err)
{
	return connect_to(out, conninfo, application, options, timeout_ms, false, err);
}

void pg_close(struct pg *pg)
{
	if (pg == NULL)
		return;
	PQfinish(pg->conn);
	free(pg);
}

bool pg_is_broken(const struct pg *pg)
{
	return PQstatus(pg->conn) != CONNECTION_OK || pg->refused_write;
}

bool pg_refused_write(const struct pg *pg)
{
	return pg->refused_write;
}

int pg_backend(const struct pg *pg)
{
	return PQbackendPID(pg->conn);
}

int pg_fd(const struct pg *pg)
{
	return PQsocket(pg->conn);
}

static enum err_code code_of(const char *state)
{
	if (state == NULL)
		return ERR_DB_DOWN;
	static const enum err_code OURS[] = { ERR_REFUSED,   ERR_REFUSED,  ERR_NOT_FOUND,    ERR_REFUSED,
		                              ERR_BAD_INPUT, ERR_CONFLICT, ERR_UNAUTHORIZED, ERR_FORBIDDEN };
	if (strncmp(state, "SB00", 4) == 0)
		return state[4] >= '0' && state[4] <= '7' ? OURS[state[4] - '0'] : ERR_REFUSED;
	if (strcmp(state, "57014") == 0 || strcmp(state, "55P03") == 0)
		return ERR_DB_TIMEOUT;
	if (strncmp(state, "40", 2) == 0)
		return ERR_DB_CONFLICT;
	/* 57P01..57P03: the server is stopping or not started yet; 25006: a standby, of no use to a
	 * writer */
	if (strncmp(state, "08", 2) == 0 || strncmp(state, "57P", 3) == 0 || strcmp(state, "25006") == 0)
		return ERR_DB_DOWN;
	/* the given values are wrong: their form, a constraint, too large for an index or a row, or
	 * refused by a trigger */
	if (strncmp(state, "22", 2) == 0 || strncmp(state, "23", 2) == 0 || strncmp(state, "44", 2) == 0 ||
	    strncmp(state, "54", 2) == 0 || strcmp(state, "P0001") == 0)
		return ERR_DB_DATA;
	return strcmp(state, "42501") == 0 ? ERR_REFUSED : ERR_DB;
}

/* Gives up the connection. Whether the server got the statement is unknown. */
static int pg_drop(struct pg *pg, int timeout_ms, struct err *err)
{
	PQfinish(pg->conn);
	pg->conn = NULL; /* libpq treats NULL as a bad connection */
	return err_set(err, ERR_DB_DOWN, "no answer within %d ms", timeout_ms);
}

/* Sends everything that libpq has buffered. Reads meanwhile, because a server that is blocked in
 * sending does not read. */
static int send_all(struct pg *pg, usec_t deadline, int timeout_ms, struct err *err)
{
	int more;
	while ((more = PQflush(pg->conn)) == 1) {
		if (!wait_fd(PQsocket(pg->conn), POLLIN | POLLOUT, deadline))
			return pg_drop(pg, timeout_ms, err);
		if (!PQconsumeInput(pg->conn))
			return down(pg, err);
	}
	return more < 0 ? down(pg, err) : 0;
}

static int queue(struct pg *pg, const char *sql, const char *const *params, int n_params, struct err *err)
{
	if (PQstatus(pg->conn) != CONNECTION_OK || !PQsendQueryParams(pg->conn, sql, n_params, NULL, params, NULL, NULL, 0))
		return down(pg, err);
	return 0;
}

int pg_start(struct pg *pg, const char *sql, const char *const *params, int n_params, struct err *err)
{
	if (queue(pg, sql, params, n_params, err) < 0)
		return -1;
	return send_all(pg, clock_mono() + SEND_MS * USEC_PER_MSEC, SEND_MS, err);
}

int pg_ready(struct pg *pg)
{
	return !PQconsumeInput(pg->conn) || !PQisBusy(pg->conn);
}

static int copy_rows(struct arena *a, const PGresult *res, struct rows *out, struct err *err)
{
	int rows = PQntuples(res), cols = PQnfields(res);
	size_t bytes = 0;
	for (int r = 0; r < rows; r++)
		for (int c = 0; c < cols; c++)
			bytes += (size_t)PQgetlength(res, r, c);
	if (bytes > RESULT_MAX)
		return err_set(err, ERR_TOO_BIG, "the answer of the database is %zu bytes, over %u", bytes, RESULT_MAX);
	const char **cells = arena_alloc(a, sizeof *cells * (size_t)(rows * cols));
	for (int r = 0; r < rows; r++)
		for (int c = 0; c < cols; c++)
			if (!PQgetisnull(res, r, c))
				cells[r * cols + c] = arena_dup(a, PQgetvalue(res, r, c), (size_t)PQgetlength(res, r, c));
	*out = (struct rows){ rows, cols, cells };
	return 0;
}

/* Takes all results of what was sent. The last error counts, else the last rows. */
int pg_finish(struct pg *pg, struct arena *a, struct rows *out, struct err *err)
{
	int result = 0;
	bool any = false;
	for (PGresult *res; (res = PQgetResult(pg->conn)) != NULL; PQclear(res)) {
		ExecStatusType st = PQresultStatus(res);
		any = true;
		if (st == PGRES_FATAL_ERROR || st == PGRES_BAD_RESPONSE) {
			const char *state = PQresultErrorField(res, PG_DIAG_SQLSTATE);
			const char *text = PQresultErrorField(res, PG_DIAG_MESSAGE_PRIMARY);
			char line[200];
			first_line(line, sizeof line, text != NULL ? text : PQresultErrorMessage(res));
			result = err_set(err, PQstatus(pg->conn) != CONNECTION_OK ? ERR_DB_DOWN : code_of(state), "%s", line);
			if (state != NULL && strcmp(state, "25006") == 0) {
				pg->refused_write = true;
				err_wrap(err, READ_ONLY);
			}
		} else if (st == PGRES_TUPLES_OK && out != NULL && result == 0) {
			result = copy_rows(a, res, out, err);
		}
	}
	if (!any)
		return down(pg, err);
	return result;
}

static void *cancel_main(void *arg)
{
	char why[128];
	PQcancel(arg, why, sizeof why);
	PQfreeCancel(arg);
	return NULL;
}

/* PQcancel opens a connection and waits for it, for seconds if the network drops packets. A
 * detached thread does this, so that the caller does not wait. */
void pg_cancel(struct pg *pg)
{
	pthread_t thread;
	pthread_attr_t attr;
	sigset_t all, before;
	PGcancel *cancel = PQgetCancel(pg->conn);
	if (cancel == NULL)
		return;
	pthread_attr_init(&attr);
	pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
	pthread_attr_setstacksize(&attr, 128 * 1024);
	sigfillset(&all);
	pthread_sigmask(SIG_BLOCK, &all, &before);
	if (pthread_create(&thread, &attr, cancel_main, cancel) != 0)
		PQfreeCancel(cancel);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	pthread_attr_destroy(&attr);
}

/* Cancels the statement at its deadline. If the server does not answer the cancel within 2 s
 * either, the connection is given up. */
static int pg_await(struct pg *pg, int timeout_ms, struct err *err)
{
	usec_t deadline = clock_mono() + timeout_ms * USEC_PER_MSEC;
	bool cancelled = false;
	if (send_all(pg, deadline, timeout_ms, err) < 0)
		return -1;
	while (!pg_ready(pg)) {
		if (wait_fd(PQsocket(pg->conn), POLLIN, deadline))
			continue;
		if (cancelled)
			return pg_drop(pg, timeout_ms, err);
		pg_cancel(pg);
		cancelled = true;
		deadline = clock_mono() + 2 * USEC_PER_SEC;
	}
	return 0;
}

int pg_exec(struct pg *pg, struct arena *a, const char *sql, const char *const *params, int n_params, int timeout_ms,
            struct rows *out, struct err *err)
{
	if (queue(pg, sql, params, n_params, err) < 0 || pg_await(pg, timeout_ms, err) < 0)
		return -1;
	return pg_finish(pg, a, out, err);
}

int pg_script(struct pg *pg, const char *sql, int timeout_ms, struct err *err)
{
	if (PQstatus(pg->conn) != CONNECTION_OK || !PQsendQuery(pg->conn, sql))
		return down(pg, err);
	if (pg_await(pg, timeout_ms, err) < 0)
		return -1;
	return pg_finish(pg, NULL, NULL, err);
}

int pg_consume(struct pg *pg, struct err *err)
{
	if (!PQconsumeInput(pg->conn) || PQstatus(pg->conn) != CONNECTION_OK)
		return down(pg, err);
	return 0;
}

bool pg_notification(struct pg *pg, char channel[static 64], char payload[static 64])
{
	PGnotify *n = PQnotifies(pg->conn);
	if (n == NULL)
		return false;
	snprintf(channel, 64, "%s", n->relname);
	snprintf(payload, 64, "%s", n->extra);
	PQfreemem(n);
	return true;
}

void pg_array_add(struct strbuf *b, const char *value)
{
	strbuf_char(b, b->len == 0 ? '{' : ',');
	if (value == NULL) {
		strbuf_str(b, "NULL");
		return;
	}
	strbuf_char(b, '"');
	for (const char *p = value; *p != '\0'; p++) {
		if (*p == '"' || *p == '\\')
			strbuf_char(b, '\\');
		strbuf_char(b, *p);
	}
	strbuf_char(b, '"');
}

void pg_array_int(struct strbuf *b, int64_t value)
{
	strbuf_char(b, b->len == 0 ? '{' : ',');
	strbuf_int(b, value);
}

void pg_array_end(struct strbuf *b)
{
	strbuf_str(b, b->len == 0 ? "{}" : "}");
}
