#include "worker/tools/sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "shared/arena.h"
#include "shared/json.h"
#include "shared/utf8.h"
#include "worker/tools/filter.h"
#include "worker/tools/languages.h"
#include "worker/tools/launch.h"
#include "worker/tools/orphans.h"

#define BWRAP "/usr/bin/bwrap"
#define PRLIMIT "/usr/bin/prlimit"
#define ARGV_MAX 160
/* Users of the runs, if we are root: beyond all ranges that distributions give out. */
#define FIRST_UID 2000000000u
#define SLOT_UIDS 256 /* more than slots: main.c has 64 of commands and 64 of messages */
#define WATCH_MS 25                 /* between two looks at memory and files */
#define ASK_USEC (100 * USEC_PER_MSEC)
#define DRAIN_USEC USEC_PER_SEC     /* for what is in the pipe when the program has ended */
#define MEMORY_MAX (768u << 20)     /* resident, of all its processes together */
#define FILES_MAX 20000             /* in /tmp: a file system in memory limits bytes, not files */
#define TMP_BYTES 16777216
#define TMP_SIZE "16777216"
#define PROCESSES_MAX 256           /* that are added up; the program may have 32 */

struct sandbox {
	struct strbuf filter;
	char versions[LANGUAGES_MAX][32]; /* of the interpreters, as they said when the worker started */
};

const char *verdict_word(enum verdict v)
{
	static const char *const WORDS[] = {
#define X(name, word) [VERDICT_##name] = word,
		VERDICTS(X)
#undef X
	};
	return WORDS[v];
}

/* ---------------------------------------------------------------- the command */

struct command {
	struct arena arena;
	char *argv[ARGV_MAX];
	int n;
};

static void add(struct command *c, const char *word)
{
	if (c->n == ARGV_MAX - 1)
		BUG("more than %d words", ARGV_MAX);
	c->argv[c->n++] = arena_dup(&c->arena, word, strlen(word));
}

static void add_all(struct command *c, const char *const *words)
{
	for (; *words != NULL; words++)
		add(c, *words);
}

/* Shows a file or directory of the host at the same place. */
static void add_bind(struct command *c, const char *path, const char *inside)
{
	add(c, "--ro-bind");
	add(c, path);
	add(c, inside);
}

static void add_binds(struct command *c, const char *pattern)
{
	glob_t found;
	if (glob(pattern, 0, NULL, &found) != 0)
		return;
	for (size_t i = 0; i < found.gl_pathc; i++)
		add_bind(c, found.gl_pathv[i], found.gl_pathv[i]);
	globfree(&found);
}

/* bubblewrap's words. The order matters: what makes / read-only comes after all that is put below it. */
static void make_command(struct command *c, const struct language *l, const char *program, int64_t timeout_ms)
{
	static const char *const APART[] = { BWRAP, "--unshare-user", "--unshare-pid", "--unshare-net", "--unshare-ipc", "--unshare-uts",
		                             "--unshare-cgroup-try", "--disable-userns", "--die-with-parent", "--new-session",
		                             "--cap-drop", "ALL", "--uid", "1000", "--gid", "1000", "--hostname", "sandbox",
		                             "--clearenv", "--setenv", "PATH", "/usr/bin", "--setenv", "HOME", "/tmp",
		                             "--setenv", "LANG", "C.UTF-8", "--setenv", "TZ", "UTC",
		                             "--symlink", "usr/lib", "/lib", "--symlink", "usr/lib64", "/lib64",
		                             "--symlink", "usr/bin", "/bin", NULL };
	static const char *const PLACES[] = { "--proc", "/proc", "--remount-ro", "/proc", "--dev", "/dev", "--size", "1048576", "--tmpfs",
		                              "/dev/shm", "--remount-ro", "/dev", "--size", TMP_SIZE, "--tmpfs", "/tmp", "--chdir", "/tmp",
		                              NULL };
	static const char *const END[] = { "--remount-ro", "/", "--seccomp", "8", "--json-status-fd", "7", "--", PRLIMIT, "--nproc=32",
		                           "--fsize=8388608", "--nofile=64", "--core=0", "--memlock=65536", "--stack=8388608", "--msgqueue=0",
		                           "--sigpending=256", NULL };
	const char *file = arena_strf(&c->arena, "/code/%s", l->file);
	add_all(c, APART);
	add_binds(c, "/usr/lib/*-linux-gnu");
	add_binds(c, "/usr/lib64");
	if (strcmp(l->binds[0] != NULL ? l->binds[0] : "", "/usr/bin") != 0) {
		add_bind(c, program, l->inside);
		add_bind(c, PRLIMIT, PRLIMIT);
	}
	for (int i = 0; i < BINDS_MAX && l->binds[i] != NULL; i++)
		add_binds(c, l->binds[i]);
	add_all(c, PLACES);
	add(c, "--ro-bind-data");
	add(c, "9");
	add(c, file);
	add_all(c, END);
	add_all(c, l->limits);
	add(c, arena_strf(&c->arena, "--cpu=%lld", (long long)(timeout_ms / 1000 + 2)));
	add(c, "--");
	add(c, l->inside);
	add_all(c, l->args);
	add(c, file);
}

/* ---------------------------------------------------------------- a run that goes on */

struct running {
	const struct sandbox_run *run;
	struct sandbox_result *r;
	struct launched child;
	struct strbuf raw;  /* output as it came */
	struct strbuf said; /* by bubblewrap */
	pid_t init;         /* the first process of its namespace; 0: not known yet */
	int init_fd;
	usec_t began, asked;
	bool has_verdict, is_waited, is_said; /* is_said: bubblewrap says nothing more */
};

/* The first process of the namespace takes all others with it, whatever they have done against signals. */
static void kill_all(const struct running *a)
{
	if (a->init_fd >= 0) /* then bubblewrap ends by itself, and has waited for it */
		syscall(SYS_pidfd_send_signal, a->init_fd, SIGKILL, NULL, 0);
	else if (!a->is_waited)
		kill(a->child.pid, SIGKILL);
}

static void end_run(struct running *a, enum verdict verdict, const char *why)
{
	if (!a->has_verdict) {
		a->r->verdict = verdict;
		snprintf(a->r->why, sizeof a->r->why, "%s", why);
		a->has_verdict = true;
	}
	kill_all(a);
}

/* "name": N in what bubblewrap said: only numbers are read there. */
static bool said_number(const struct running *a, const char *name, int *n)
{
	const char *at = strstr(strbuf_text(&a->said), name);
	if (at == NULL)
		return false;
	at += strlen(name);
	at += strspn(at, "\": ");
	char *end;
	long value = strtol(at, &end, 10);
	if (end == at || value < 0 || value > INT_MAX)
		return false;
	*n = (int)value;
	return true;
}

static void read_status(struct running *a)
{
	char buf[512];
	ssize_t n;
	while ((n = read(a->child.status, buf, sizeof buf)) > 0)
		strbuf_add(&a->said, buf, (size_t)n);
	a->is_said |= n == 0;
	int pid;
	if (a->init == 0 && said_number(a, "child-pid", &pid)) {
		a->init = pid;
		a->init_fd = (int)syscall(SYS_pidfd_open, pid, 0);
	}
}

/* True at the end of the pipe. */
static bool read_output(struct running *a)
{
	char buf[4096];
	ssize_t n;
	while ((n = read(a->child.output, buf, sizeof buf)) > 0) {
		size_t room = OUTPUT_KEPT - MIN(a->raw.len, (size_t)OUTPUT_KEPT);
		strbuf_add(&a->raw, buf, MIN((size_t)n, room));
		a->r->output_bytes += n;
		if (a->r->output_bytes > 4 * (int64_t)OUTPUT_KEPT) {
			end_run(a, VERDICT_OUTPUT, "it wrote more than 256 kB");
			return false;
		}
	}
	return n == 0;
}

/* ---- what it uses */

static int64_t number_in(const char *path, int skip)
{
	char buf[256];
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd >= 0 ? read(fd, buf, sizeof buf - 1) : -1;
	if (fd >= 0)
		close(fd);
	if (n <= 0)
		return 0;
	buf[n] = '\0';
	char *at = buf;
	for (; skip > 0; skip--)
		at += strcspn(at, " ") + 1;
	return at < buf + n ? strtoll(at, NULL, 10) : 0;
}

/* Adds the children of a process to the list. */
static void add_children(pid_t pid, pid_t *all, int *n)
{
	char pattern[64];
	glob_t threads;
	snprintf(pattern, sizeof pattern, "/proc/%d/task/*/children", (int)pid);
	if (glob(pattern, GLOB_NOSORT, NULL, &threads) != 0)
		return;
	for (size_t i = 0; i < threads.gl_pathc; i++) {
		FILE *f = fopen(threads.gl_pathv[i], "re");
		int child;
		while (f != NULL && *n < PROCESSES_MAX && fscanf(f, "%d", &child) == 1)
			all[(*n)++] = child;
		if (f != NULL)
			fclose(f);
	}
	globfree(&threads);
}

static int64_t memory_of(pid_t init)
{
	pid_t all[PROCESSES_MAX] = { init };
	int n = 1;
	int64_t pages = 0;
	for (int i = 0; i < n; i++) {
		char path[64];
		snprintf(path, sizeof path, "/proc/%d/statm", (int)all[i]);
		pages += number_in(path, 1);
		add_children(all[i], all, &n);
	}
	return pages * sysconf(_SC_PAGESIZE);
}

static int64_t files_of(pid_t init)
{
	char path[64];
	struct statvfs fs;
	snprintf(path, sizeof path, "/proc/%d/root/tmp", (int)init);
	/* Before bubblewrap has changed the root it is the host's. */
	bool is_ours = statvfs(path, &fs) == 0 && fs.f_blocks * fs.f_frsize == TMP_BYTES;
	return is_ours ? (int64_t)(fs.f_files - fs.f_ffree) : 0;
}

static void watch(struct running *a)
{
	usec_t now = clock_mono();
	if (now - a->began > a->run->timeout_ms * USEC_PER_MSEC)
		end_run(a, VERDICT_TIMEOUT, "its time was over");
	if (now - a->asked >= ASK_USEC && a->run->goes_on != NULL) {
		a->asked = now;
		if (!a->run->goes_on(a->run->ctx))
			end_run(a, VERDICT_CANCELLED, "nobody waits for it any more");
	}
	if (a->init == 0 || a->has_verdict)
		return;
	if (memory_of(a->init) > (int64_t)MEMORY_MAX)
		end_run(a, VERDICT_MEMORY, "all its processes together had more than 768 MB");
	else if (files_of(a->init) > FILES_MAX)
		end_run(a, VERDICT_DISK, "it made more than 20,000 files");
}

/* Reads and watches until bubblewrap has ended and its output was read. */
static void follow(struct running *a)
{
	bool is_read = false;
	usec_t ended = 0;
	while (!is_read || !a->is_waited) {
		struct pollfd p[] = { { .fd = is_read ? -1 : a->child.output, .events = POLLIN },
			              { .fd = a->is_said ? -1 : a->child.status, .events = POLLIN },
			              { .fd = a->is_waited ? -1 : a->child.pidfd, .events = POLLIN } };
		poll(p, ARRAY_SIZE(p), WATCH_MS);
		read_status(a);
		is_read = is_read || read_output(a);
		int status;
		if (!a->is_waited && waitpid(a->child.pid, &status, WNOHANG) == a->child.pid) {
			a->is_waited = true;
			a->r->took = clock_mono() - a->began;
			ended = clock_mono();
			kill_all(a); /* what it left running */
		}
		if (a->is_waited && clock_mono() - ended > DRAIN_USEC)
			break;
		if (!a->is_waited)
			watch(a);
	}
	read_status(a);
}

/* How it ended, where we have not ended it. */
static void judge(struct running *a)
{
	struct sandbox_result *r = a->r;
	int code;
	if (a->has_verdict)
		return;
	if (said_number(a, "exit-code", &code)) {
		r->exit_code = code;
		r->verdict = code == 0 ? VERDICT_OK : VERDICT_ERROR;
		r->why[0] = '\0';
	} else {
		r->verdict = VERDICT_SANDBOX;
		snprintf(r->why, sizeof r->why, "the sandbox did not begin: %.150s", strbuf_text(&a->raw));
	}
}

static int bytes_as_file(const char *name, const char *bytes, size_t n)
{
	int fd = memfd_create(name, MFD_CLOEXEC);
	while (fd >= 0 && n > 0) {
		ssize_t wrote = write(fd, bytes, n);
		if (wrote <= 0) {
			close(fd);
			return -1;
		}
		bytes += wrote;
		n -= (size_t)wrote;
	}
	if (fd >= 0)
		lseek(fd, 0, SEEK_SET);
	return fd;
}

static void keep_output(struct running *a)
{
	struct str raw = { strbuf_text(&a->raw), a->raw.len };
	if (a->r->output_bytes > (int64_t)raw.len)
		raw.len -= utf8_unfinished(raw);
	utf8_repair(&a->r->output, raw);
}

/* What was asked of prlimit, and how long it could run. */
static void note_limits(const struct command *c, const struct sandbox_run *run, char *out, size_t size)
{
	int at = 0;
	for (int i = 0; i < c->n && at < (int)size; i++)
		if (strncmp(c->argv[i], "--", 2) == 0 && strchr(c->argv[i], '=') != NULL)
			at += snprintf(out + at, size - (size_t)at, "%s ", c->argv[i] + 2);
	if (at < (int)size)
		snprintf(out + at, size - (size_t)at, "time=%lldms", (long long)run->timeout_ms);
}

static void run_command(struct sandbox *s, struct running *a, const struct language *l, const char *program)
{
	struct command c = { .arena = ARENA_INIT };
	struct err err;
	int code = bytes_as_file("code", a->run->code.ptr, a->run->code.len);
	int filter = bytes_as_file("filter", strbuf_text(&s->filter), s->filter.len); /* one for each: its place in it is shared */
	make_command(&c, l, program, a->run->timeout_ms);
	note_limits(&c, a->run, a->r->limits, sizeof a->r->limits);
	a->began = a->asked = clock_mono();
	if (code < 0 || filter < 0)
		snprintf(a->r->why, sizeof a->r->why, "no memory for a run");
	else if (launch(&a->child, c.argv, code, filter, FIRST_UID + (uid_t)a->run->slot, &err) < 0)
		snprintf(a->r->why, sizeof a->r->why, "%.190s", err.msg);
	else {
		follow(a);
		judge(a);
		launched_release(&a->child);
	}
	keep_output(a);
	if (code >= 0)
		close(code);
	if (filter >= 0)
		close(filter);
	if (a->init_fd >= 0) {
		/* bubblewrap may end before the process that it began: that one is ours then, see sandbox_new(). */
		poll(&(struct pollfd){ .fd = a->init_fd, .events = POLLIN }, 1, 1000);
		waitpid(a->init, NULL, WNOHANG);
		close(a->init_fd);
	}
	arena_release(&c.arena);
}

/* NULL: it may be run; else why not. */
static const char *reject(const struct sandbox_run *run, const struct language *l)
{
	if (l == NULL)
		return "language: python, javascript or bash";
	if (run->code.len > CODE_MAX)
		return "code: over a megabyte";
	if (!utf8_valid(run->code)) /* Python leaves a line with a NUL away and says nothing */
		return "code: not valid UTF-8, or with a NUL in it";
	if (run->timeout_ms <= 0 || run->timeout_ms > CODE_TIMEOUT_MAX_MS)
		return "timeout: at most five minutes";
	return NULL;
}

static const char *version_of(const struct sandbox *s, const struct language *l)
{
	for (int i = 0; language_at(i) != NULL; i++)
		if (language_at(i) == l)
			return s->versions[i];
	return "";
}

void sandbox_run(struct sandbox *s, const struct sandbox_run *run, struct sandbox_result *r)
{
	const struct language *l = language_find(run->language);
	const char *why = reject(run, l);
	char *program = NULL;
	*r = (struct sandbox_result){ .verdict = VERDICT_REJECTED, .output = STRBUF_INIT(4 * OUTPUT_KEPT) };
	if (why != NULL) {
		snprintf(r->why, sizeof r->why, "%s", why);
		return;
	}
	r->verdict = VERDICT_SANDBOX;
	program = realpath(l->program, NULL); /* python3 is a name of python3.11, say */
	if (program == NULL || access(program, X_OK) < 0) {
		snprintf(r->why, sizeof r->why, "%s is not installed where this worker runs (%s)", l->name, l->program);
		free(program);
		return;
	}
	snprintf(r->interpreter, sizeof r->interpreter, "%.120s %s", program, version_of(s, l));
	struct running a = { .run = run, .r = r, .raw = STRBUF_INIT(OUTPUT_KEPT + 1), .said = STRBUF_INIT(4096), .init_fd = -1 };
	run_command(s, &a, l, program);
	free(program);
	strbuf_release(&a.raw);
	strbuf_release(&a.said);
}

void sandbox_put_result(struct strbuf *b, const struct sandbox_result *r)
{
	json_put_field(b, "verdict", verdict_word(r->verdict));
	if (r->verdict == VERDICT_OK || r->verdict == VERDICT_ERROR)
		json_put_int_field(b, "exit_code", r->exit_code);
	json_put_key(b, "duration_ms");
	strbuf_addf(b, "%.3f", (double)r->took / USEC_PER_MSEC);
	json_put_key(b, "output");
	json_put_str(b, (struct str){ strbuf_text(&r->output), r->output.len });
	json_put_int_field(b, "output_bytes", r->output_bytes);
	json_put_field(b, "why", r->why);
	json_put_field(b, "interpreter", r->interpreter);
	json_put_field(b, "limits", r->limits);
}

/* ---------------------------------------------------------------- life */

/* Asks each interpreter that is there for its version; fails where none could be run: what the kernel refuses it refuses here. */
static int try_them(struct sandbox *s, struct err *err)
{
	static const char *const CODE[] = { "import platform\nprint(platform.python_version())", "console.log(process.version)",
		                            "echo $BASH_VERSION" };
	struct sandbox_result r = { .output = STRBUF_INIT(1) };
	int n_ok = 0;
	for (int i = 0; language_at(i) != NULL; i++) {
		const struct sandbox_run run = { .language = language_at(i)->name, .code = str_of(CODE[i]), .timeout_ms = 10000 };
		strbuf_release(&r.output);
		sandbox_run(s, &run, &r);
		bool is_ok = r.verdict == VERDICT_OK && r.output.len > 0;
		int n = is_ok ? (int)strcspn(strbuf_text(&r.output), "\n") : 0;
		snprintf(s->versions[i], sizeof s->versions[i], "%.*s", n, strbuf_text(&r.output));
		n_ok += is_ok;
	}
	if (n_ok == 0)
		err_set(err, ERR_REFUSED, "no code can be run here: %.200s", r.why[0] != '\0' ? r.why : strbuf_text(&r.output));
	strbuf_release(&r.output);
	return n_ok > 0 ? 0 : -1;
}

int sandbox_new(struct sandbox **out, struct err *err)
{
	struct sandbox *s = xcalloc(1, sizeof *s);
	s->filter = (struct strbuf)STRBUF_INIT(65536);
	int result = 0;
	prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0); /* who loses his parent below us becomes our child, and is waited for */
	orphans_end(FIRST_UID, FIRST_UID + SLOT_UIDS - 1);
	if (access(BWRAP, X_OK) < 0)
		result = err_set(err, ERR_REFUSED, "no code can be run here: %s is not installed (package bubblewrap)", BWRAP);
	if (result == 0)
		result = filter_make(&s->filter, err);
	if (result == 0)
		result = try_them(s, err);
	if (result < 0) {
		sandbox_free(s);
		return result;
	}
	*out = s;
	return 0;
}

void sandbox_free(struct sandbox *s)
{
	if (s == NULL)
		return;
	strbuf_release(&s->filter);
	free(s);
}
