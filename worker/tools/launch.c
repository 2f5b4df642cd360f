#include "worker/tools/launch.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/close_range.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { FD_STATUS = 7, FD_FILTER = 8, FD_CODE = 9, FD_FIRST_OTHER = 10 };

/* What the child needs, all made before the fork: after it only calls that are safe in a process of many threads. */
struct child {
	char *const *argv;
	int null, output, status, filter, code; /* above FD_FIRST_OTHER */
	uid_t uid;                              /* 0: stay who we are */
	pid_t parent;
};

static void become(uid_t uid)
{
	/* The calls themselves: the library's would ask other threads, which are not there any more. */
	if (uid != 0 && (syscall(SYS_setgroups, 0, NULL) < 0 || syscall(SYS_setresgid, uid, uid, uid) < 0 ||
	                 syscall(SYS_setresuid, uid, uid, uid) < 0))
		_exit(125);
}

static void write_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd >= 0 && write(fd, text, strlen(text)) < 0) {
		/* A machine that does not let us: then the kernel chooses by itself whom it ends for memory. */
	}
	if (fd >= 0)
		close(fd);
}

static _Noreturn void child_main(const struct child *c)
{
	static char *const none[] = { NULL };
	const struct rlimit no_core = { 0, 0 };
	sigset_t empty;
	for (int sig = 1; sig < NSIG; sig++)
		signal(sig, SIG_DFL);
	sigemptyset(&empty);
	sigprocmask(SIG_SETMASK, &empty, NULL);
	write_file("/proc/self/oom_score_adj", "1000");
	setpriority(PRIO_PROCESS, 0, 10);
	setrlimit(RLIMIT_CORE, &no_core);
	if (dup2(c->null, 0) < 0 || dup2(c->output, 1) < 0 || dup2(c->output, 2) < 0 || dup2(c->status, FD_STATUS) < 0 ||
	    dup2(c->filter, FD_FILTER) < 0 || dup2(c->code, FD_CODE) < 0)
		_exit(125);
	if (syscall(SYS_close_range, 3, FD_STATUS - 1, 0) < 0 || syscall(SYS_close_range, FD_FIRST_OTHER, ~0U, 0) < 0)
		_exit(125);
	become(c->uid);
	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	/* Until bubblewrap asks for the same; a worker that has ended before this is not noticed by the kernel. */
	if (prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) < 0 || getppid() != c->parent)
		_exit(125);
	execve(c->argv[0], c->argv, none); /* no environment: bubblewrap's own could be read inside */
	_exit(125);
}

/* A copy above the numbers that the child uses, or -1. */
static int high(int fd)
{
	return fd < 0 ? -1 : fcntl(fd, F_DUPFD_CLOEXEC, FD_FIRST_OTHER);
}

/* A pipe whose reading end does not block, and whose writing end is high. */
static int pipe_to(int *reads, int *writes)
{
	int ends[2];
	if (pipe2(ends, O_CLOEXEC) < 0)
		return -1;
	*reads = ends[0];
	*writes = high(ends[1]);
	close(ends[1]);
	return *writes < 0 || fcntl(*reads, F_SETFL, O_NONBLOCK) < 0 ? -1 : 0;
}

static void close_some(const int *fds, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (fds[i] >= 0)
			close(fds[i]);
}

int launch(struct launched *l, char *const *argv, int code, int filter, uid_t uid, struct err *err)
{
	struct child c = { .argv = argv, .output = -1, .status = -1, .uid = geteuid() == 0 ? uid : 0, .parent = getpid() };
	int null = open("/dev/null", O_RDONLY | O_CLOEXEC), result = 0;
	*l = (struct launched){ .pid = -1, .pidfd = -1, .output = -1, .status = -1 };
	c.null = high(null);
	c.code = high(code);
	c.filter = high(filter);
	if (c.null < 0 || c.code < 0 || c.filter < 0 || pipe_to(&l->output, &c.output) < 0 || pipe_to(&l->status, &c.status) < 0)
		result = err_set(err, ERR_SYSTEM, "no descriptors for a run: %s", strerror(errno));
	if (result == 0) {
		l->pid = fork();
		if (l->pid == 0)
			child_main(&c);
		if (l->pid < 0)
			result = err_set(err, ERR_SYSTEM, "no process for a run: %s", strerror(errno));
	}
	if (result == 0)
		l->pidfd = (int)syscall(SYS_pidfd_open, l->pid, 0); /* -1: then its end is found by looking */
	close_some((const int[]){ null, c.null, c.code, c.filter, c.output, c.status }, 6);
	if (result < 0)
		launched_release(l);
	return result;
}

void launched_release(struct launched *l)
{
	close_some((const int[]){ l->pidfd, l->output, l->status }, 3);
}
