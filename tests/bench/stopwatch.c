/*
 * Times statements on one connection, for the benchmarks: each call from before it is sent to after its commit is known.
 *
 *   stopwatch run [--calls N] [--warm N] [--from N] [--gap US] [--stamps FILE] [--raw FILE] CONNINFO FILE...
 *       N rounds of the FILEs in turn, one round trip each; what stands in a FILE is one transaction. In it :n is the round's number, :v
 *       the first value that the FILE before it answered, as a literal. Between rounds GAP +- a half microseconds. STAMPS gets
 *       "n microseconds" (CLOCK_MONOTONIC) of the end of each round; RAW, added to, every call's milliseconds. Prints a JSON line for each
 *       FILE.
 *   stopwatch until CONNINFO SQL VALUE EVERY_MS SECONDS
 *       Asks until the answer is VALUE; prints the seconds since 1970 of that moment. Exit 1 when it never is.
 */
#include <libpq-fe.h>
#include <unistd.h>

#include "shared/arena.h"
#include "shared/clock.h"
#include "shared/str.h"

#define FILES 4

struct lap {
	char *sql;
	double *ms;
};

static struct {
	PGconn *pg;
	int calls, warm, from, gap;
	FILE *stamps, *raw;
} S = { .calls = 200, .warm = 5, .from = 1 };

static _Noreturn void die(const char *what, const char *why)
{
	fprintf(stderr, "stopwatch: %s: %s\n", what, why);
	exit(1);
}

static char *slurp(const char *path)
{
	char *text = xcalloc(1, 1u << 20);
	FILE *f = fopen(path, "re");
	if (f == NULL || fread(text, 1, (1u << 20) - 1, f) == 0)
		die(path, "cannot be read");
	fclose(f);
	return text;
}

static void fill(struct strbuf *out, const char *sql, int n, const char *value)
{
	strbuf_clear(out);
	for (const char *p = sql; *p != '\0'; p++) {
		bool named = p[0] == ':' && (p == sql || p[-1] != ':') && (p[1] == 'n' || p[1] == 'v') &&
		             strchr("abcdefghijklmnopqrstuvwxyz_", p[2] != '\0' ? p[2] : ' ') == NULL;
		if (!named) {
			strbuf_char(out, *p);
			continue;
		}
		if (p[1] == 'n') {
			strbuf_addf(out, "%d", n);
		} else {
			char *quoted = PQescapeLiteral(S.pg, value, strlen(value));
			strbuf_str(out, quoted);
			PQfreemem(quoted);
		}
		p++;
	}
}

/* The statement's last first value goes to *value. */
static double call(const char *sql, char **value)
{
	usec_t start = clock_mono();
	if (!PQsendQuery(S.pg, sql))
		die("send", PQerrorMessage(S.pg));
	for (PGresult *r; (r = PQgetResult(S.pg)) != NULL; PQclear(r)) {
		if (PQresultStatus(r) != PGRES_TUPLES_OK && PQresultStatus(r) != PGRES_COMMAND_OK)
			die(sql, PQerrorMessage(S.pg));
		if (PQntuples(r) > 0) {
			free(*value);
			*value = strdup(PQgetvalue(r, 0, 0));
		}
	}
	return (double)(clock_mono() - start) / 1000;
}

static int by_size(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;
	return (x > y) - (x < y);
}

static void report(const char *file, double *ms, int n)
{
	const char *slash = strrchr(file, '/'), *name = slash != NULL ? slash + 1 : file;
	int name_len = (int)strcspn(name, ".");
	double sum = 0;
	qsort(ms, (size_t)n, sizeof *ms, by_size);
	for (int i = 0; i < n; i++)
		sum += ms[i];
	for (int i = 0; S.raw != NULL && i < n; i++)
		fprintf(S.raw, "%.*s %.3f\n", name_len, name, ms[i]);
	printf("{\"what\":\"%.*s\",\"calls\":%d,\"p50_ms\":%.3f,\"p99_ms\":%.3f,\"max_ms\":%.3f,\"mean_ms\":%.3f}\n", name_len,
	       name, n, ms[n / 2], ms[n * 99 / 100], ms[n - 1], sum / n);
}

static void run(const char *conninfo, char **files, int n_files)
{
	struct strbuf sql = STRBUF_INIT(16u << 20);
	struct lap laps[FILES];
	char *value = strdup("");
	S.pg = PQconnectdb(conninfo);
	if (PQstatus(S.pg) != CONNECTION_OK)
		die("connect", PQerrorMessage(S.pg));
	for (int f = 0; f < n_files; f++)
		laps[f] = (struct lap){ slurp(files[f]), xcalloc((size_t)S.calls, sizeof(double)) };
	srand(1);
	for (int i = -S.warm; i < S.calls; i++) {
		for (int f = 0; f < n_files; f++) {
			fill(&sql, laps[f].sql, S.from + S.warm + i, value);
			double ms = call(strbuf_text(&sql), &value);
			if (i >= 0)
				laps[f].ms[i] = ms;
		}
		if (S.stamps != NULL && i >= 0)
			fprintf(S.stamps, "%d %lld\n", S.from + S.warm + i, (long long)clock_mono());
		if (S.gap > 0)
			usleep((useconds_t)(S.gap / 2 + rand() % S.gap));
	}
	for (int f = 0; f < n_files; f++)
		report(files[f], laps[f].ms, S.calls);
	for (int f = 0; f < n_files; f++) {
		free(laps[f].sql);
		free(laps[f].ms);
	}
	free(value);
	strbuf_release(&sql);
	PQfinish(S.pg);
}

static int until(char **argv)
{
	int every_ms = atoi(argv[3]);
	usec_t end = clock_mono() + atoi(argv[4]) * USEC_PER_SEC;
	char *value = strdup("");
	S.pg = PQconnectdb(argv[0]);
	if (PQstatus(S.pg) != CONNECTION_OK)
		die("connect", PQerrorMessage(S.pg));
	while (call(argv[1], &value), strcmp(value, argv[2]) != 0) {
		if (clock_mono() > end) {
			fprintf(stderr, "stopwatch: still '%s', not '%s': %s\n", value, argv[2], argv[1]);
			return 1;
		}
		usleep((useconds_t)every_ms * 1000);
	}
	printf("%.6f\n", (double)clock_wall() / 1e6);
	free(value);
	PQfinish(S.pg);
	return 0;
}

int main(int argc, char **argv)
{
	int i = 2;
	if (argc == 7 && strcmp(argv[1], "until") == 0)
		return until(argv + 2);
	for (; i + 1 < argc && strncmp(argv[i], "--", 2) == 0; i += 2) {
		int n = atoi(argv[i + 1]);
		if (strcmp(argv[i], "--calls") == 0)
			S.calls = n;
		else if (strcmp(argv[i], "--warm") == 0)
			S.warm = n;
		else if (strcmp(argv[i], "--from") == 0)
			S.from = n;
		else if (strcmp(argv[i], "--gap") == 0)
			S.gap = n;
		else if (strcmp(argv[i], "--stamps") == 0)
			S.stamps = fopen(argv[i + 1], "we");
		else if (strcmp(argv[i], "--raw") == 0)
			S.raw = fopen(argv[i + 1], "ae");
		else
			die(argv[i], "unknown");
	}
	if (argc < 4 || strcmp(argv[1], "run") != 0 || argc - i < 2 || argc - i - 1 > FILES || S.calls < 1)
		die("usage", "see the head of stopwatch.c");
	run(argv[i], argv + i + 1, argc - i - 1);
	if (S.stamps != NULL)
		fclose(S.stamps);
	if (S.raw != NULL)
		fclose(S.raw);
	return 0;
}
