/*
 * signalbox-worker: takes messages from the queue and gets them answered.
 *
 * | thread      | owns                                                      | file                |
 * |-------------|-----------------------------------------------------------|---------------------|
 * | main        | signals, the order of start and stop                      | main.c              |
 * | claim       | its connection (LISTEN), the claiming of messages         | queue/claim.c       |
 * | lease       | its connection (LISTEN), this incarnation, the tick       | queue/lease.c       |
 * | maintenance | its connection, maintenance that may take long            | queue/maintenance.c |
 * | stage×M     | the job it runs                                           | job.c, stages/      |
 * | contexts    | its connection, reading the data of claimed messages      | contexts.c          |
 * | engine      | all provider transfers, parsing of streams                | net/engine.c        |
 * | writer      | its connection, the records of all jobs                   | writer.c            |
 * | work        | its connection (LISTEN), the work that commands ask for   | work/work.c         |
 * | runs×2      | the sandboxed code of one message, its end                | runs.c              |
 * | tools×4     | one call of a tool that is a function in the database     | toolbox/sql.c       |
 * | outbox      | its connection (LISTEN), watched text, hints, reports     | outbox.c            |
 * | webhooks    | its connection, what is said to webhooks                  | webhooks/webhooks.c |
 * | trace       | the queue of spans, sending them                          | telemetry/trace.c   |
 * | http×5      | the library's: clients, parsing; ours: handlers that wait | api/server.c        |
 * | waiters     | its connection (LISTEN), clients that wait or follow      | api/waiters.c       |
 *
 * Stop: SIGTERM or SIGINT starts a drain: no new work; running messages get the time `drain` to
 * finish; those that do not finish go back to the queue without using up a try. A second signal
 * gives the running messages back at once.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "shared/json.h"
#include "shared/log.h"
#include "shared/migrate.h"
#include "shared/utf8.h"
#include "shared/version.h"
#include "sql_embed.h"
#include "worker/api/api.h"
#include "worker/api/tally.h"
#include "worker/calculate/cache.h"
#include "worker/contexts.h"
#include "worker/lacks.h"
#include "worker/llm/breaker.h"
#include "worker/llm/vectors.h"
#include "worker/net/engine.h"
#include "worker/outbox.h"
#include "worker/queue/claim.h"
#include "worker/queue/lease.h"
#include "worker/queue/maintenance.h"
#include "worker/runs.h"
#include "worker/services.h"
#include "worker/telemetry/count.h"
#include "worker/telemetry/process.h"
#include "worker/toolbox/toolbox.h"
#include "worker/tools/sandbox.h"
#include "worker/webhooks/webhooks.h"
#include "worker/work/work.h"
#include "worker/writer.h"

#define QUIET_MS 5000    /* not ready: the database has not confirmed the lease for this long */
#define FILES_MIN 128    /* open files: all modules, and a few calls */
#define SPANS_MS 2000    /* time to send the last spans */
#define RELEASE_MS 10000 /* time to give messages back, after the drain time */

#define CODE_SLOTS_MAX 64
#define SQL_TOOLS 4 /* threads for tools that are functions in the database, a connection each while they have work */
#define JUST_STARTED "it has just started" /* sql/tui/exec_where.sql knows it */

struct worker {
	struct options options;
	struct services services;
	struct lease *lease;
	struct claim *claim;
	struct outbox *outbox;
	struct maintenance *maintenance;
	struct work *work[1 + CODE_SLOTS_MAX]; /* that of commands, and the slots of code */
	int n_work;
	_Atomic(const char *) no_code; /* why this worker runs no code; NULL: it does */
	char no_code_text[300];
	struct webhooks *webhooks;
	struct api *api;
	struct lacks lacks;
	atomic_bool draining;
	int signals;
};

/* Prints a line for the operator, at start-up. It may contain text from a file, the environment or
 * the database, so it is made safe for a terminal. */
static void PRINTF(1, 2) say(const char *fmt, ...)
{
	char line[600];
	struct strbuf safe = STRBUF_INIT(8192);
	va_list ap;
	va_start(ap, fmt);
	vsnprintf(line, sizeof line, fmt, ap);
	va_end(ap);
	utf8_safe(&safe, str_of(line), false);
	fprintf(stderr, "signalbox-worker: %s\n", strbuf_text(&safe));
	strbuf_release(&safe);
}

static void __attribute__((noreturn)) die(int code, const char *what, const struct err *err)
{
	say("%s%s%s", what, err != NULL ? ": " : "", err != NULL ? err->msg : "");
	exit(code);
}

/* Must run before any other thread starts: all threads inherit the mask, so signals arrive only
 * here. */
static int block_signals(void)
{
	sigset_t set;
	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGHUP);
	sigaddset(&set, SIGUSR1);
	sigaddset(&set, SIGUSR2);
	signal(SIGPIPE, SIG_IGN);
	signal(SIGXFSZ, SIG_IGN); /* a log at its size limit must not end the process */
	pthread_sigmask(SIG_BLOCK, &set, NULL);
	return signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

/* This process holds keys: no core file, no reading by other processes of the same user. */
static void keep_secrets(void)
{
	setrlimit(RLIMIT_CORE, &(struct rlimit){ 0, 0 });
#ifndef SAN /* the leak check of the sanitizer reads the process from outside */
	prctl(PR_SET_DUMPABLE, 0);
#endif
}

/* Checks the limit of open files. Lowers concurrency and logs that, rather than failing later. */
static void check_ceilings(struct options *o)
{
	struct rlimit files;
	getrlimit(RLIMIT_NOFILE, &files);
	files.rlim_cur = files.rlim_max;
	setrlimit(RLIMIT_NOFILE, &files);
	if (files.rlim_cur < FILES_MIN) {
		say("at most %llu open files are allowed, and a worker needs %d: raise the limit (ulimit -n, LimitNOFILE=)",
		    (unsigned long long)files.rlim_cur, FILES_MIN);
		exit(2);
	}
	if (files.rlim_cur < (rlim_t)o->concurrency + 100) {
		o->concurrency = (int64_t)MAX((rlim_t)101, files.rlim_cur) - 100;
		log_event(LOG_WARN, "concurrency lowered to the limit of open files", "concurrency=%lld files=%llu",
		          (long long)o->concurrency, (unsigned long long)files.rlim_cur);
	}
}

static void on_room(void *ctx, bool has_ended)
{
	struct worker *w = ctx;
	claim_has_room(w->claim, has_ended);
}

static void on_change(void *ctx)
{
	struct worker *w = ctx;
	outbox_changed(w->outbox);
}

static void main_on_report(void *ctx, bool urgent)
{
	struct worker *w = ctx;
	outbox_report(w->outbox, urgent);
}

static void on_watched(void *ctx)
{
	struct worker *w = ctx;
	outbox_watched(w->outbox);
}

/* For /readyz and the metrics: true if this worker takes messages now; else `why` has the
 * reason. */
static bool is_ready(void *ctx, char why[static 120])
{
	struct worker *w = ctx;
	int64_t age = lease_age_ms(w->lease);
	int kept = writer_kept(w->services.writer);
	if (atomic_load(&w->draining))
		snprintf(why, 120, "draining: no new messages are taken");
	else if (age < 0)
		snprintf(why, 120, "the lease is lost, a new one is not there yet");
	else if (age > MIN(QUIET_MS, w->options.lease_ms))
		snprintf(why, 120, "the database has not answered for %lld s", (long long)age / 1000);
	else if (kept >= (int)w->options.concurrency)
		snprintf(why, 120, "%d records wait until the database takes them: no new messages are taken", kept);
	else
		return true;
	return false;
}

/* Converts "a,b" to the array {"a","b"}, in the arena; NULL if the list is empty. */
static const char *agents_array(struct arena *a, const char *list)
{
	struct strbuf b = STRBUF_INIT(65536);
	char *copy = arena_dup(a, list, strlen(list));
	for (char *p = copy, *end; *p != '\0'; p = end) {
		p += strspn(p, ", ");
		end = p + strcspn(p, ", ");
		bool last = *end == '\0';
		*end = '\0';
		if (*p != '\0')
			pg_array_add(&b, p);
		end += !last;
	}
	if (b.len == 0)
		return NULL;
	pg_array_end(&b);
	const char *text = arena_dup(a, b.ptr, b.len);
	strbuf_release(&b);
	return text;
}

/* Checks the database, its schema and the role of the login; gets the first incarnation's key. */
static void first_contact(struct worker *w)
{
	struct arena a = ARENA_INIT;
	struct pg *pg = NULL;
	struct rows r;
	struct err err;
	if (pg_connect(&pg, w->options.database_url, "signalbox-worker", NULL, 10000, &err) < 0)
		die(3, "database", &err);
	if (migrate_check(pg, &err) < 0)
		die(err.code == ERR_REFUSED ? 5 : 3, "schema", &err);
	if (pg_exec(pg, &a, sql_worker_login, NULL, 0, 10000, &r, &err) < 0)
		die(3, "database", &err);
	if (!rows_bool(&r, 0, COL_LOGIN_IS_WORKER)) {
		err_set(&err, ERR_REFUSED, "%.63s is no worker: grant signalbox_worker to it", rows_at(&r, 0, COL_LOGIN_LOGIN));
		die(5, "database", &err);
	}
	snprintf(w->services.worker_key, sizeof w->services.worker_key, "%s", rows_at(&r, 0, COL_LOGIN_KEY));
	pg_close(pg);
	arena_release(&a);
}

static int stage_threads(void)
{
	/* No stage blocks: more threads than cores would only compete for the lock. */
	long cores = sysconf(_SC_NPROCESSORS_ONLN);
	return (int)MIN(12, MAX(2, cores));
}

/* Writes {"http":[…],"http_batch":n,"rss":bytes,"kept":n,"calls":{provider:n},"lacks":{secret:why}}. */
static void put_facts(void *ctx, const char *secrets, struct strbuf *b)
{
	struct worker *w = ctx;
	struct process_memory memory;
	strbuf_char(b, '{');
	json_put_field(b, "no_code", atomic_load(&w->no_code));
	strbuf_char(b, ',');
	tally_put(w->services.tally, b);
	if (process_memory(&memory))
		strbuf_addf(b, "\"rss\":%lld,", (long long)memory.resident);
	strbuf_addf(b, "\"kept\":%d,\"calls\":", writer_kept(w->services.writer));
	breakers_put_calls(w->services.breakers, b);
	strbuf_str(b, ",\"lacks\":");
	lacks_put(&w->lacks, secrets, w->options.secret_names, b);
	strbuf_char(b, '}');
}

static void on_facts_said(void *ctx)
{
	struct worker *w = ctx;
	tally_said(w->services.tally);
}

/* Makes the sandbox and starts the threads that run code in it, or notes why there are none: said in the log, and shown
 * by `signalbox doctor`. Last of all, because it runs a first program. */
static void start_code(struct worker *w)
{
	struct services *s = &w->services;
	struct err err = { .code = ERR_OK };
	char why[400];
	if (w->options.code_slots == 0) {
		err_set(&err, ERR_REFUSED, "code_slots is 0");
	} else if (sandbox_new(&s->sandbox, &err) == 0) {
		runs_open(s->runs, s->sandbox, (int)w->options.code_slots, CODE_SLOTS_MAX);
		for (int i = 0; i < w->options.code_slots; i++)
			w->work[w->n_work++] = work_start(s, w->lease, "{exec}", i);
		atomic_store(&w->no_code, NULL);
		lease_say(w->lease);
		return;
	}
	runs_open(s->runs, NULL, 0, 0);
	snprintf(w->no_code_text, sizeof w->no_code_text, "%s", err.msg);
	atomic_store(&w->no_code, w->no_code_text);
	lease_say(w->lease);
	log_event(w->options.code_slots == 0 ? LOG_INFO : LOG_WARN, "this worker runs no code", "why=%s", log_quote(err.msg, why, sizeof why));
}

static void start_rooms(struct worker *w, const char *agents)
{
	const struct options *o = &w->options;
	struct services *s = &w->services;
	struct err err;
	int threads = stage_threads();
	s->options = o;
	atomic_store(&w->no_code, JUST_STARTED);
	s->counts = counts_new();
	s->tally = o->listen[0] != '\0' ? tally_new() : NULL;
	s->jobs = jobs_start(threads, on_room, w);
	s->engine = engine_start((int)o->concurrency);
	s->breakers = breakers_new(main_on_report, w);
	s->vectors = vectors_new();
	s->lacks = &w->lacks;
	s->runs = runs_new();
	s->cache = cache_new((int)o->calculation_cache);
	if (o->otlp_endpoint[0] != '\0')
		s->trace = trace_start(o->otlp_endpoint, o->otlp_header, s->worker_name, s->engine, s->counts);
	s->contexts = contexts_start(s);
	s->writer = writer_start(s, on_change, w);
	s->sql_tools = sql_tools_start(s, SQL_TOOLS);
	if (lease_start(&w->lease, s, agents, (struct lease_facts){ put_facts, on_facts_said, w }, &err) < 0)
		die(3, "lease", &err);
	w->outbox = outbox_start(s, w->lease);
	w->maintenance = maintenance_start(o);
	w->claim = claim_new(s, w->lease, on_watched, w);
	w->work[w->n_work++] = work_start(s, w->lease, "{intent_eval}", 0);
	w->webhooks = webhooks_start(s);
	claim_start(w->claim); /* from here on jobs arrive; all modules they use exist */
	w->api = api_start(s, (struct api_ready){ is_ready, w });
	start_code(w);
}

/* SIGTERM and SIGINT stop the worker, and so does the SIGHUP of a terminal that hangs up. A SIGHUP
 * without a terminal asks a daemon to read its settings again: it is only logged, because there is
 * nothing to reload. The other signals have no meaning here, and must not kill the process. */
static bool is_stop(uint32_t sig)
{
	if (sig == SIGTERM || sig == SIGINT || (sig == SIGHUP && isatty(STDERR_FILENO)))
		return true;
	log_event(LOG_INFO,
	          sig == SIGHUP ? "hangup: keys are read anew all the time, other settings when the worker starts"
	                        : "a signal that means nothing here",
	          "signal=%u", sig);
	return false;
}

/* Waits at most ms (-1: no limit) for a stop signal. True if one came. */
static bool wait_signal(struct worker *w, int64_t ms)
{
	struct signalfd_siginfo info;
	usec_t until = clock_mono() + ms * USEC_PER_MSEC;
	for (;;) {
		struct pollfd p = { .fd = w->signals, .events = POLLIN };
		int64_t left = ms < 0 ? -1 : MAX((until - clock_mono()) / USEC_PER_MSEC, 0);
		if (poll(&p, 1, (int)MIN(left, INT32_MAX)) <= 0)
			return false;
		if (read(w->signals, &info, sizeof info) == sizeof info && is_stop(info.ssi_signo))
			return true;
	}
}

/* Waits at most ms until no job is left, or until a stop signal. True if no job is left. */
static bool wait_for_jobs(struct worker *w, int64_t ms)
{
	usec_t until = clock_mono() + ms * USEC_PER_MSEC;
	while (jobs_count(w->services.jobs) > 0 && clock_mono() < until)
		if (wait_signal(w, 50))
			break;
	return jobs_count(w->services.jobs) == 0;
}

static void stop_rooms(struct worker *w)
{
	atomic_store(&w->draining, true);
	/* First: a claim in progress would bring jobs after the other modules have stopped. */
	claim_stop(w->claim);
	lease_set_draining(w->lease);
	for (int i = 0; i < w->n_work; i++)
		work_stop(w->work[i]);
	log_event(LOG_INFO, "draining", "running=%d ms=%lld", jobs_count(w->services.jobs), (long long)w->options.drain_ms);
	if (!wait_for_jobs(w, w->options.drain_ms)) {
		log_event(LOG_INFO, "giving back what still runs", "running=%d", jobs_count(w->services.jobs));
		jobs_stop_job(w->services.jobs, NULL, ERR_SHUTDOWN);
		wait_for_jobs(w, RELEASE_MS);
	}
	writer_stop(w->services.writer, RELEASE_MS);
	int left = jobs_count(w->services.jobs);
	api_stop(w->api);
	if (left > 0) {
		/* The database is unavailable: the messages go back when the lease expires.
		 * Transfers still use their jobs, so nothing is freed. */
		log_event(LOG_WARN, "ended with messages in hand", "n=%d", left);
		_exit(1);
	}
	webhooks_stop(w->webhooks);
	contexts_stop(w->services.contexts);
	outbox_stop(w->outbox); /* before lease_stop(): the outbox reads the lease's id and key */
	lease_stop(w->lease);
	trace_stop(w->services.trace, SPANS_MS);
	maintenance_stop(w->maintenance);
}

int main(int argc, char **argv)
{
	struct worker w = { .signals = block_signals() };
	struct arena a = ARENA_INIT;
	struct err err;
	char host[64] = "host", name[96];
	if (options_load(&w.options, &argc, argv, &err) < 0)
		die(2, err.msg, NULL);
	if (argc == 2 && strcmp(argv[1], "--version") == 0) {
		puts("signalbox-worker " SIGNALBOX_VERSION);
	} else if (argc == 2 && strcmp(argv[1], "--help") == 0) {
		puts("usage: signalbox-worker [--config FILE] [--NAME VALUE]...\n\nSettings (also as SIGNALBOX_NAME or in the file):\n");
		settings_print(&w.options.source, stdout);
	} else if (argc == 2 && strcmp(argv[1], "--print-settings") == 0) {
		settings_print(&w.options.source, stdout);
	} else if (argc > 1) {
		char setting[64];
		const char *near =
			strncmp(argv[1], "--", 2) == 0 ? settings_nearest(&w.options.source, argv[1] + 2, setting) : NULL;
		say("unknown argument '%.60s'; %s%s%s", argv[1], near != NULL ? "did you mean '--" : "see --help",
		    near != NULL ? near : "", near != NULL ? "'?" : "");
		return 2;
	} else {
		if (log_level_of(w.options.log_level) < 0)
			die(2, "log_level is none of debug, info, warn, error", NULL);
		log_set_level((enum log_level)log_level_of(w.options.log_level));
		keep_secrets();
		check_ceilings(&w.options);
		gethostname(host, sizeof host - 1);
		snprintf(name, sizeof name, "%s:%d", host, (int)getpid());
		w.services.worker_name = name;
		char id[40];
		first_contact(&w);
		start_rooms(&w, agents_array(&a, w.options.agents));
		lease_id(w.lease, id);
		log_event(LOG_INFO, "ready", "worker=%s id=%s concurrency=%lld version=%s", name, id,
		          (long long)w.options.concurrency, SIGNALBOX_VERSION);
		wait_signal(&w, w.options.max_time_ms > 0 ? w.options.max_time_ms : -1);
		stop_rooms(&w);
		/* Before jobs_stop(): the engine may still be waking the last job. */
		engine_stop(w.services.engine);
		runs_stop(w.services.runs); /* as may a run */
		sql_tools_stop(w.services.sql_tools); /* and a tool */
		jobs_stop(w.services.jobs);
		cache_free(w.services.cache);
		writer_free(w.services.writer);
		breakers_free(w.services.breakers);
		vectors_free(w.services.vectors);
		claim_free(w.claim);
		counts_free(w.services.counts);
		tally_free(w.services.tally);
		sandbox_free(w.services.sandbox);
		lacks_release(&w.lacks);
		log_event(LOG_INFO, "ended", "worker=%s", name);
	}
	options_free(&w.options);
	arena_release(&a);
	close(w.signals);
	return 0;
}
