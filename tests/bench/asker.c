/*
 * Applications that ask through the queue, for experiment 6: each dispatches a message, waits until its answer can be read, and asks again.
 *
 *   asker [--parallel N] [--calls N] [--warm N] [--watch 0|1] [--agent SLUG] [--schema NAME] --stamps FILE CONNINFO
 *       Four connections dispatch for all; one looks every half millisecond which of the messages under way are completed, and (--watch:
 *       they are watched) which have text in message_stream. STAMPS gets "n dispatched first readable" for each that counts, microseconds
 *       of CLOCK_MONOTONIC: after the commit of dispatch(); when text was first seen (0: never); when it was seen completed. The message's
 *       text ends in "nonce n", n from 1. Prints JSON fields. A message that fails ends the run with exit 1.
 */
#include <libpq-fe.h>
#include <pthread.h>
#include <semaphore.h>
#include <unistd.h>

#include "shared/clock.h"
#include "shared/str.h"

#define DISPATCHERS 4
#define LOOK_USEC 500
#define PATIENCE_USEC (300 * USEC_PER_SEC)

struct asked {
	char uuid[40];
	usec_t dispatched, first, readable;
};

static struct {
	int parallel, calls, warm;
	bool watch;
	const char *agent, *conninfo, *schema; /* schema: signalbox, or the hand-written loop's (loop.c) */
	FILE *stamps;
	struct asked *asked;
	pthread_mutex_t lock; /* of all that follows */
	int next, n_under_way, *under_way;
	sem_t room;
} A = { .parallel = 1, .calls = 100, .agent = "bench-0001", .schema = "signalbox", .lock = PTHREAD_MUTEX_INITIALIZER };

static _Noreturn void die(const char *what, const char *why)
{
	fprintf(stderr, "asker: %s: %s\n", what, why);
	exit(1);
}

static PGconn *connect_db(void)
{
	PGconn *pg = PQconnectdb(A.conninfo);
	if (PQstatus(pg) != CONNECTION_OK)
		die("connect", PQerrorMessage(pg));
	return pg;
}

static PGresult *ask(PGconn *pg, const char *sql, const char *const *params, int n)
{
	PGresult *r = PQexecParams(pg, sql, n, NULL, params, NULL, NULL, 0);
	if (PQresultStatus(r) != PGRES_TUPLES_OK)
		die(sql, PQerrorMessage(pg));
	return r;
}

static void dispatch_one(PGconn *pg, int n)
{
	char text[60], sql[120];
	const char *params[] = { A.agent, text };
	struct asked *a = &A.asked[n];
	snprintf(text, sizeof text, "bench: gateway, nonce %d", n + 1);
	snprintf(sql, sizeof sql, "select message_id from %s.dispatch($1, $2)", A.schema);
	PGresult *r = ask(pg, sql, params, 2);
	a->dispatched = clock_mono();
	snprintf(a->uuid, sizeof a->uuid, "%s", PQgetvalue(r, 0, 0));
	PQclear(r);
	pthread_mutex_lock(&A.lock);
	A.under_way[A.n_under_way++] = n;
	pthread_mutex_unlock(&A.lock);
	if (A.watch) {
		const char *uuid[] = { a->uuid };
		PQclear(ask(pg, "select signalbox.watch($1)", uuid, 1));
	}
}

static void *dispatcher(void *arg)
{
	(void)arg;
	PGconn *pg = connect_db();
	for (;;) {
		sem_wait(&A.room);
		pthread_mutex_lock(&A.lock);
		int n = A.next < A.warm + A.calls ? A.next++ : -1;
		pthread_mutex_unlock(&A.lock);
		if (n < 0)
			break;
		dispatch_one(pg, n);
	}
	sem_post(&A.room); /* for the other dispatchers to end */
	PQfinish(pg);
	return NULL;
}

/* The array of those under way; where[i] is the number of its i-th. */
static int list_under_way(struct strbuf *list, int *where)
{
	strbuf_clear(list);
	strbuf_char(list, '{');
	pthread_mutex_lock(&A.lock);
	int n = A.n_under_way;
	for (int i = 0; i < n; i++) {
		where[i] = A.under_way[i];
		strbuf_addf(list, "%s%s", i > 0 ? "," : "", A.asked[where[i]].uuid);
	}
	pthread_mutex_unlock(&A.lock);
	strbuf_char(list, '}');
	return n;
}

static void take_out(int n)
{
	pthread_mutex_lock(&A.lock);
	for (int i = 0; i < A.n_under_way; i++)
		if (A.under_way[i] == n) {
			A.under_way[i] = A.under_way[--A.n_under_way];
			break;
		}
	pthread_mutex_unlock(&A.lock);
	sem_post(&A.room);
}

/* One look at all that is under way; how many of them were found completed. */
static int look(PGconn *pg, struct strbuf *list, int *where)
{
	char plain[200];
	snprintf(
		plain, sizeof plain,
		"select i.n, m.processing_status, false from unnest($1::uuid[]) with ordinality i(id, n) join %s.ai_messages m on m.uuid = i.id",
		A.schema);
	static const char watching[] =
		"select i.n, m.processing_status, exists (select from signalbox.message_stream s where s.message_id = m.id) "
		"from unnest($1::uuid[]) with ordinality i(id, n) join signalbox.ai_messages m on m.uuid = i.id";
	int done = 0;
	if (list_under_way(list, where) == 0)
		return 0;
	const char *params[] = { strbuf_text(list) };
	PGresult *r = ask(pg, A.watch ? watching : plain, params, 1);
	usec_t now = clock_mono();
	for (int i = 0; i < PQntuples(r); i++) {
		int n = where[atoi(PQgetvalue(r, i, 0)) - 1];
		const char *status = PQgetvalue(r, i, 1);
		if (*PQgetvalue(r, i, 2) == 't' && A.asked[n].first == 0)
			A.asked[n].first = now;
		if (strcmp(status, "failed") == 0 || strcmp(status, "cancelled") == 0)
			die(A.asked[n].uuid, status);
		if (strcmp(status, "completed") == 0) {
			A.asked[n].readable = now;
			take_out(n);
			done++;
		}
	}
	PQclear(r);
	return done;
}

static void run(void)
{
	pthread_t threads[DISPATCHERS];
	struct strbuf list = STRBUF_INIT(1u << 20);
	int total = A.warm + A.calls, *where = xcalloc((size_t)A.parallel, sizeof *where);
	usec_t give_up = clock_mono() + PATIENCE_USEC;
	A.asked = xcalloc((size_t)total, sizeof *A.asked);
	A.under_way = xcalloc((size_t)A.parallel, sizeof *A.under_way);
	sem_init(&A.room, 0, (unsigned)A.parallel);
	PGconn *pg = connect_db();
	for (int i = 0; i < DISPATCHERS; i++)
		if (pthread_create(&threads[i], NULL, dispatcher, NULL) != 0)
			die("thread", "none");
	for (int done = 0; done < total; usleep(LOOK_USEC)) {
		done += look(pg, &list, where);
		if (clock_mono() > give_up)
			die("waited", "not all were answered");
	}
	for (int i = 0; i < DISPATCHERS; i++)
		pthread_join(threads[i], NULL);
	PQfinish(pg);
	strbuf_release(&list);
	free(where);
	free(A.under_way);
}

static void report(void)
{
	usec_t from = A.asked[A.warm].dispatched, to = 0;
	for (int i = A.warm; i < A.warm + A.calls; i++) {
		const struct asked *a = &A.asked[i];
		fprintf(A.stamps, "%d %lld %lld %lld\n", i + 1, (long long)a->dispatched, (long long)a->first,
		        (long long)a->readable);
		to = MAX(to, a->readable);
		from = MIN(from, a->dispatched);
	}
	fclose(A.stamps);
	printf("\"calls\":%d,\"asked\":%d,\"per_second\":%.1f\n", A.calls, A.warm + A.calls,
	       A.calls / ((double)(to - from) / 1e6));
	free(A.asked);
}

int main(int argc, char **argv)
{
	int i = 1;
	for (; i + 1 < argc && strncmp(argv[i], "--", 2) == 0; i += 2) {
		int n = atoi(argv[i + 1]);
		if (strcmp(argv[i], "--parallel") == 0)
			A.parallel = n;
		else if (strcmp(argv[i], "--calls") == 0)
			A.calls = n;
		else if (strcmp(argv[i], "--warm") == 0)
			A.warm = n;
		else if (strcmp(argv[i], "--watch") == 0)
			A.watch = n != 0;
		else if (strcmp(argv[i], "--agent") == 0)
			A.agent = argv[i + 1];
		else if (strcmp(argv[i], "--schema") == 0)
			A.schema = argv[i + 1];
		else if (strcmp(argv[i], "--stamps") == 0)
			A.stamps = fopen(argv[i + 1], "we");
		else
			die(argv[i], "unknown");
	}
	if (argc - i != 1 || A.calls < 1 || A.warm < 0 || A.parallel < 1 || A.stamps == NULL)
		die("usage", "see the head of asker.c");
	A.conninfo = argv[i];
	run();
	report();
	return 0;
}
