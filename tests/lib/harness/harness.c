#include "tests/lib/harness/harness.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "shared/clock.h"
#include "shared/str.h"

#define PG_SH "tests/lib/pg.sh"
#define POOLER_SH "tests/lib/pooler.sh"
#define ARGS_MAX 32
#define LIMIT 300 /* seconds for a whole program: then something hangs */

struct world W;
static struct {
	pid_t pid;
	char log[100];
} procs[64];
static int n_procs;
static char bin_dir[200] = "build/bin", fake_path[200] = "build/plain/tests/fake_llm", last_error[400];

/* ---------------------------------------------------------------- programs */

/* Starts argv with its output in `log` (appended). The kernel ends it with us. */
static pid_t start(const char *const *argv, const char *log)
{
	pid_t parent = getpid(), pid = fork();
	if (pid != 0)
		return pid;
	int fd = open(log, O_WRONLY | O_CREAT | O_APPEND, 0600), null = open("/dev/null", O_RDONLY);
	dup2(null, 0);
	dup2(fd, 1);
	dup2(fd, 2);
	close_range(3, ~0u, 0);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(127);
	execv(argv[0], (char *const *)argv);
	perror(argv[0]);
	_exit(127);
}

static int run_argv(const char *const *argv, const char *log)
{
	int status = 0;
	pid_t pid = start(argv, log);
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static void gather(const char **argv, const char *first, va_list ap)
{
	int n = 0;
	for (const char *arg = first; arg != NULL && n < ARGS_MAX - 1; arg = va_arg(ap, const char *))
		argv[n++] = arg;
	argv[n] = NULL;
}

int run(const char *first, ...)
{
	const char *argv[ARGS_MAX];
	va_list ap;
	va_start(ap, first);
	gather(argv, first, ap);
	va_end(ap);
	return run_argv(argv, text("%s/run.log", W.dir));
}

const char *bin(const char *name)
{
	return text("%s/%s", bin_dir, name);
}

pid_t worker(const char *first, ...)
{
	/* One call an attempt, unless a test is about the others. */
	const char *argv[ARGS_MAX] = { bin("signalbox-worker"), "--retries", "0" };
	va_list ap;
	va_start(ap, first);
	gather(argv + 3, first, ap);
	va_end(ap);
	int i = 0;
	while (i < n_procs && procs[i].pid != 0)
		i++;
	assert_in_range(i, 0, ARRAY_SIZE(procs) - 1);
	n_procs = MAX(n_procs, i + 1);
	static int number;
	snprintf(procs[i].log, sizeof procs[i].log, "%s/worker-%d.log", W.dir, ++number);
	procs[i].pid = start(argv, procs[i].log);
	pid_t pid = procs[i].pid;
	wait_worker_said(pid, "ready", DEADLINE);
	return pid;
}

static int lines_with(const char *path, const char *words)
{
	char *line = NULL;
	size_t size = 0;
	int n = 0;
	FILE *f = fopen(path, "re");
	if (f == NULL)
		return 0;
	while (getline(&line, &size, f) > 0)
		n += strstr(line, words) != NULL;
	free(line);
	fclose(f);
	return n;
}

bool worker_said(pid_t pid, const char *words)
{
	for (int i = 0; i < n_procs; i++)
		if (procs[i].pid == pid)
			return lines_with(procs[i].log, words) > 0;
	return false;
}

void wait_worker_said(pid_t pid, const char *words, int seconds)
{
	int64_t until = 0;
	while (!worker_said(pid, words))
		if (!again(&until, seconds))
			fail_msg("worker %d did not say '%s'; its log is in %s", (int)pid, words, W.dir);
}

const char *worker_word(pid_t pid, const char *before)
{
	char *line = NULL;
	const char *word = "";
	size_t size = 0;
	wait_worker_said(pid, before, DEADLINE);
	for (int i = 0; i < n_procs; i++) {
		FILE *f = procs[i].pid == pid ? fopen(procs[i].log, "re") : NULL;
		while (f != NULL && getline(&line, &size, f) > 0) {
			const char *at = strstr(line, before);
			if (at != NULL)
				word = text("%.*s", (int)strcspn(at + strlen(before), " \n"), at + strlen(before));
		}
		if (f != NULL)
			fclose(f);
	}
	free(line);
	return word;
}

void send_signal(pid_t pid, int sig)
{
	assert_int_equal(kill(pid, sig), 0);
}

static void forget(pid_t pid)
{
	for (int i = 0; i < n_procs; i++)
		if (procs[i].pid == pid)
			procs[i].pid = 0;
}

void kill_now(pid_t pid)
{
	kill(pid, SIGKILL);
	while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
		;
	forget(pid);
}

int wait_exit(pid_t pid, int seconds)
{
	int64_t until = 0;
	int status;
	while (waitpid(pid, &status, WNOHANG) == 0)
		if (!again(&until, seconds))
			fail_msg("process %d did not end within %d s", (int)pid, seconds);
	forget(pid);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

int provider_calls(const char *words)
{
	return lines_with(text("%s/provider.log", W.dir), words);
}

void provider(const char *slug, const char *protocol)
{
	q("select signalbox.provider_set('%s', '{\"protocol\": \"%s\", \"base_url\": \"http://127.0.0.1:%d/p/%s%s\"}', 'test')",
	  slug, protocol, W.port, slug, strcmp(protocol, "openai") == 0 ? "/v1" : "");
	meets(slug, "");
}

void meets(const char *slug, const char *words)
{
	const char *url = text("http://127.0.0.1:%d/practice/script?name=%s", W.port, slug);
	assert_int_equal(run("/usr/bin/curl", "-sS", "-o", "/dev/null", url, "-d", words, NULL), 0);
}

void forget_log(void)
{
	assert_int_equal(truncate(text("%s/provider.log", W.dir), 0), 0); /* it is written at its end, wherever that is */
}

void load_log(void)
{
	struct strbuf all = STRBUF_INIT(256u << 20);
	char *line = NULL;
	size_t size = 0;
	FILE *f = fopen(text("%s/provider.log", W.dir), "re");
	assert_non_null(f);
	for (ssize_t n; (n = getline(&line, &size, f)) > 0 && line[n - 1] == '\n';) {
		strbuf_str(&all, all.len > 0 ? "," : "");
		strbuf_add(&all, line, (size_t)n - 1);
	}
	free(line);
	fclose(f);
	q("drop table if exists public.asked, public.answered");
	q("create table public.asked as select x.*, x.time as at from jsonb_to_recordset($log$[%s]$log$) "
	  "x(n int, at_us bigint, time timestamptz, name text, protocol text, model text, text text) where n is not null",
	  strbuf_text(&all));
	q("create table public.answered as select x.answered as n, x.time as at, x.name, x.path, x.model, x.status, x.prompt_tokens, "
	  "x.completion_tokens, x.cached_tokens, x.request_id, x.\"end\" from jsonb_to_recordset($log$[%s]$log$) x(answered int, time timestamptz, "
	  "name text, path text, model text, status int, prompt_tokens int, completion_tokens int, cached_tokens int, request_id text, \"end\" text) "
	  "where answered is not null",
	  strbuf_text(&all));
	strbuf_release(&all);
}

bool again(int64_t *until, int seconds)
{
	usec_t now = clock_mono();
	if (*until == 0)
		*until = now + (seconds > 0 ? seconds : DEADLINE) * USEC_PER_SEC;
	usleep(10000);
	return now < *until;
}

/* ---------------------------------------------------------------- SQL */

char *text(const char *fmt, ...)
{
	char *s;
	va_list ap;
	va_start(ap, fmt);
	int n = vasprintf(&s, fmt, ap);
	va_end(ap);
	if (n < 0)
		abort();
	char *copy = arena_dup(&W.arena, s, (size_t)n);
	free(s);
	return copy;
}

struct pg *connect_again(const char *options)
{
	struct pg *pg = NULL;
	struct err err;
	int64_t until = 0;
	while (pg_connect(&pg, W.conninfo, "signalbox tests", options, 5000, &err) < 0)
		if (!again(&until, DEADLINE))
			fail_msg("database: %s", err.msg);
	return pg;
}

static int ask(struct pg *pg, const char *sql, struct rows *r)
{
	struct err err;
	if (pg_exec(pg, &W.arena, sql, NULL, 0, 60000, r, &err) == 0)
		return ERR_OK;
	snprintf(last_error, sizeof last_error, "%s", err.msg);
	return err.code;
}

static const char *cell(struct pg *pg, const char *sql)
{
	struct rows r = { 0 };
	if (ask(pg, sql, &r) != ERR_OK)
		fail_msg("%s\n  in: %s", last_error, sql);
	if (r.n_rows == 0 || r.n_cols == 0)
		return "(none)";
	return rows_at(&r, 0, 0) != NULL ? rows_at(&r, 0, 0) : "(null)";
}

static struct pg *our_connection(void)
{
	if (W.pg == NULL || pg_is_broken(W.pg)) {
		pg_close(W.pg);
		W.pg = NULL;
		W.pg = connect_again(NULL);
	}
	return W.pg;
}

static char *format(const char *fmt, va_list ap)
{
	char *s;
	int n = vasprintf(&s, fmt, ap);
	if (n < 0)
		abort();
	char *copy = arena_dup(&W.arena, s, (size_t)n);
	free(s);
	return copy;
}

const char *q(const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	const char *sql = format(fmt, ap);
	va_end(ap);
	return cell(our_connection(), sql);
}

const char *q_on(struct pg *pg, const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	const char *sql = format(fmt, ap);
	va_end(ap);
	return cell(pg, sql);
}

enum err_code q_err(const char *fmt, ...)
{
	struct rows r;
	va_list ap;
	va_start(ap, fmt);
	const char *sql = format(fmt, ap);
	va_end(ap);
	return ask(our_connection(), sql, &r);
}

const char *q_error(void)
{
	return last_error;
}

void expect_err(enum err_code expected, const char *file, int line, const char *fmt, ...)
{
	struct rows r;
	va_list ap;
	va_start(ap, fmt);
	const char *sql = format(fmt, ap);
	va_end(ap);
	enum err_code code = ask(our_connection(), sql, &r);
	if (code != expected)
		fail_msg("%s:%d: %s instead of %s (%s)\n  in: %s", file, line, code == ERR_OK ? "no error" : err_name(code),
		         expected == ERR_OK ? "no error" : err_name(expected), code == ERR_OK ? "" : last_error, sql);
}

void wait_until(const char *sql, const char *expected, int seconds, const char *file, int line)
{
	struct rows r = { 0 };
	int64_t until = 0;
	for (;;) {
		int code = ask(our_connection(), sql, &r);
		const char *got = code != ERR_OK              ? last_error
		                  : r.n_rows == 0             ? "(none)"
		                  : rows_at(&r, 0, 0) == NULL ? "(null)"
		                                              : rows_at(&r, 0, 0);
		if (strcmp(got, expected) == 0)
			return;
		/* A database that is being started again answers with errors. */
		if (!again(&until, seconds))
			fail_msg("%s:%d: '%s' instead of '%s' after %d s\n  in: %s", file, line, got, expected,
			         seconds > 0 ? seconds : DEADLINE, sql);
	}
}

const char *say(const char *agent, const char *content)
{
	return q("select message_id from signalbox.dispatch('%s', '%s')", agent, content);
}

const char *say_in(const char *agent, const char *thread, const char *content)
{
	return q("select message_id from signalbox.dispatch('%s', '%s', user_id => 'u', thread_key => '%s')", agent, content,
	         thread);
}

void leases_run_out(const char *where)
{
	q("select signalbox.tick()");
	q("update signalbox.workers set lease_until = clock_timestamp() - interval '1 s' %s", where);
}

const char *status_of(const char *message)
{
	return q("select processing_status from signalbox.ai_messages where uuid = '%s'", message);
}

const char *state_sql(const char *message)
{
	return text("select processing_status from signalbox.ai_messages where uuid = '%s'", message);
}

void wait_completed(const char *message)
{
	wait_for(state_sql(message), "completed", 15);
}

const char *alert_level(const char *name)
{
	return q(
		"select coalesce(string_agg(a ->> 'level', ' '), 'none') from jsonb_array_elements(signalbox.queue_status() -> 'alerts') a "
		"where a ->> 'name' = '%s'",
		name);
}

bool doctor_says(const char *url, const char *pattern)
{
	return run("/bin/sh", "-c", text("'%s' doctor --database-url '%s' | grep -q '%s'", bin("signalbox"), url, pattern),
	           NULL) == 0;
}

/* ---------------------------------------------------------------- the world */

/* Before main: cmocka asks for its filter when a group begins. */
__attribute__((constructor)) static void read_only(void)
{
	if (getenv("TEST_ONLY") != NULL)
		cmocka_set_test_filter(getenv("TEST_ONLY"));
}

/* Runs a script that prints a conninfo. */
static void run_for_conninfo(const char *const *argv, char conninfo[static 256])
{
	char path[100];
	snprintf(path, sizeof path, "%s/conninfo.out", W.dir);
	unlink(path);
	if (run_argv(argv, path) != 0)
		fail_msg("%s %s failed; see %s", argv[0], argv[1], path);
	if (strcmp(argv[1], "start") == 0) {
		FILE *f = fopen(path, "re");
		if (f == NULL || fgets(conninfo, 256, f) == NULL)
			fail_msg("%s start said nothing", argv[0]);
		else
			fclose(f);
		conninfo[strcspn(conninfo, "\n")] = '\0';
	}
}

void database(const char *verb, const char *mode)
{
	const char *argv[] = { PG_SH, verb, W.dir, mode, NULL };
	run_for_conninfo(argv, W.direct);
	if (!W.is_pooled)
		memcpy(W.conninfo, W.direct, sizeof W.conninfo);
}

static void pooler(const char *verb)
{
	const char *argv[] = { POOLER_SH, verb, W.direct, NULL };
	if (W.is_pooled)
		run_for_conninfo(argv, W.conninfo);
}

/* Too long: the database would outlive us, so it is stopped by the shell that we become. */
static void on_alarm(int sig)
{
	(void)sig;
	static const char words[] = "harness: the program takes too long, given up\n";
	if (write(2, words, sizeof words - 1) < 0)
		_exit(1);
	execl("/bin/sh", "sh", "-c", POOLER_SH " stop \"$1\"; " PG_SH " stop \"$0\" immediate; exit 124", W.dir, W.direct,
	      (char *)NULL);
	_exit(1);
}

static void read_env(void)
{
	extern char **environ;
	if (getenv("SIGNALBOX_BIN_DIR") != NULL)
		snprintf(bin_dir, sizeof bin_dir, "%s", getenv("SIGNALBOX_BIN_DIR"));
	if (getenv("FAKE_LLM") != NULL)
		snprintf(fake_path, sizeof fake_path, "%s", getenv("FAKE_LLM"));
	W.is_pooled = getenv("TEST_POOLER") != NULL && strcmp(getenv("TEST_POOLER"), "1") == 0;
	/* The caller's settings are not the tests'. */
	for (char **e = environ; *e != NULL;) {
		char name[100];
		snprintf(name, sizeof name, "%.*s", (int)strcspn(*e, "="), *e);
		if ((strncmp(name, "SIGNALBOX_", 10) == 0 || strncmp(name, "PG", 2) == 0) && strcmp(name, "PG_TEST_FAST") != 0 &&
		    unsetenv(name) == 0)
			e = environ;
		else
			e++;
	}
	setenv("PG_TEST_FAST", "1", 0);
	setenv("SIGNALBOX_CONFIG", "/dev/null", 1);
	setenv("SIGNALBOX_LISTEN", "", 1); /* many workers on one host; who wants one says where */
}

static void start_provider(void)
{
	char log[100], port[100];
	snprintf(log, sizeof log, "%s/provider.log", W.dir);
	snprintf(port, sizeof port, "%s/port", W.dir);
	const char *argv[] = { fake_path, "--rate", "0", "--log", log, "--port-file", port, NULL };
	W.fake = start(argv, text("%s/provider.out", W.dir));
	int64_t until = 0;
	FILE *f;
	while ((f = fopen(port, "re")) == NULL)
		if (!again(&until, DEADLINE))
			fail_msg("%s does not start", fake_path);
	if (fscanf(f, "%d", &W.port) != 1)
		fail_msg("no port in %s", port);
	fclose(f);
}

int world_up(void **state)
{
	(void)state;
	read_env();
	signal(SIGPIPE, SIG_IGN);
	signal(SIGALRM, on_alarm);
	alarm(getenv("TEST_LONG") != NULL ? 3 * LIMIT : LIMIT);
	snprintf(W.dir, sizeof W.dir, "/tmp/signalbox-test.XXXXXX");
	if (mkdtemp(W.dir) == NULL)
		fail_msg("no directory under /tmp");
	database("start", NULL);
	pooler("start");
	setenv("SIGNALBOX_DATABASE_URL", W.conninfo, 1);
	if (run(bin("signalbox"), "migrate", NULL) != 0)
		fail_msg("signalbox migrate failed; see %s/run.log", W.dir);
	start_provider();
	return 0;
}

int world_down(void **state)
{
	(void)state;
	scene_down(state);
	pg_close(W.pg);
	W.pg = NULL;
	if (W.fake > 0)
		kill_now(W.fake);
	run(POOLER_SH, "stop", W.direct, NULL); /* a test may have started one, and failed */
	database("stop", "immediate");
	arena_release(&W.arena);
	return 0;
}

int world_end(int rc)
{
	if (W.dir[0] != '\0' && rc == 0) {
		database("destroy", NULL);
		const char *argv[] = { "/bin/rm", "-rf", W.dir, NULL };
		rc = run_argv(argv, "/dev/null");
	} else if (W.dir[0] != '\0') {
		fprintf(stderr, "kept: %s\n", W.dir);
	}
	return rc;
}

int scene_up(void **state)
{
	(void)state;
	/* What a killed worker had sent still runs for a moment. */
	wait_for(
		W.is_pooled
			? "select count(*) from pg_stat_activity where application_name like 'signalbox-worker%' and state <> 'idle'"
			: "select count(*) from pg_stat_activity where application_name like 'signalbox-worker%'",
		"0", 0);
	q("truncate signalbox.ai_messages, signalbox.ai_sessions, signalbox.queue, signalbox.attempts, signalbox.ai_costs, signalbox.stats_minute, "
	  "signalbox.lane_maps, signalbox.queue_totals, signalbox.stats_day, signalbox.costs_day, signalbox.latencies, signalbox.provider_limits, "
	  "signalbox.starts, signalbox.stops, signalbox.watches, signalbox.message_stream, signalbox.idempotency_keys, signalbox.operator_log, "
	  "signalbox.test_sessions, signalbox.breakers, signalbox.breaker_counts, signalbox.breaker_events, signalbox.reservations, "
	  "signalbox.workers, signalbox.lanes, signalbox.agents, signalbox.providers restart identity cascade");
	q("select signalbox.provider_set('o', '{\"protocol\": \"ollama\", \"base_url\": \"http://127.0.0.1:%d\"}', 'test'), "
	  "signalbox.provider_set('a', '{\"protocol\": \"openai\", \"base_url\": \"http://127.0.0.1:%d/v1\"}', 'test')",
	  W.port, W.port);
	q("select signalbox.agent_set('o', '{\"provider\": \"o\", \"model\": \"practice\"}', 'test'), "
	  "signalbox.agent_set('a', '{\"provider\": \"a\", \"model\": \"practice\"}', 'test')");
	return 0;
}

int scene_down(void **state)
{
	(void)state;
	for (int i = 0; i < n_procs; i++)
		if (procs[i].pid > 0)
			kill_now(procs[i].pid);
	if (W.fake > 0)
		kill(W.fake, SIGCONT);
	arena_release(&W.arena);
	return 0;
}
