/*
 * What is not named here does not exist (ENOSYS): a program of the C library then takes an older call, and a call that a
 * future kernel brings is shut out. Refused with EPERM or EACCES is what programs ask for and expect to be refused.
 */
#include "worker/tools/filter.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/prctl.h>
#include <sched.h>
#include <seccomp.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <termios.h>
#include <unistd.h>

/* Files, memory, time, signals, processes and waiting: of the program's own. */
static const char *const ALLOWED[] = {
	"read", "write", "readv", "writev", "pread64", "pwrite64", "preadv", "pwritev", "preadv2", "pwritev2",
	"open", "openat", "close", "close_range", "creat", "lseek", "dup", "dup2", "dup3", "fcntl", "flock", "pipe", "pipe2",
	"stat", "fstat", "lstat", "newfstatat", "statx", "statfs", "fstatfs", "access", "faccessat", "faccessat2",
	"getdents", "getdents64", "getcwd", "chdir", "fchdir", "umask", "readlink", "readlinkat",
	"mkdir", "mkdirat", "rmdir", "unlink", "unlinkat", "rename", "renameat", "renameat2", "link", "linkat", "symlink", "symlinkat",
	"chmod", "fchmod", "fchmodat", "truncate", "ftruncate", "fallocate", "fadvise64", "readahead",
	"fsync", "fdatasync", "sync_file_range", "utime", "utimes", "utimensat", "futimesat", "copy_file_range", "sendfile",
	"getxattr", "lgetxattr", "fgetxattr", "listxattr", "llistxattr", "flistxattr",
	"inotify_init", "inotify_init1", "inotify_add_watch", "inotify_rm_watch",
	"mmap", "munmap", "mremap", "mprotect", "madvise", "mincore", "msync", "brk", "mlock", "munlock", "membarrier",
	"select", "pselect6", "poll", "ppoll", "epoll_create", "epoll_create1", "epoll_ctl", "epoll_wait", "epoll_pwait", "epoll_pwait2",
	"eventfd", "eventfd2", "timerfd_create", "timerfd_settime", "timerfd_gettime",
	"timer_create", "timer_settime", "timer_gettime", "timer_getoverrun", "timer_delete", "setitimer", "getitimer", "alarm", "pause",
	"nanosleep", "clock_nanosleep", "clock_gettime", "clock_getres", "gettimeofday", "time", "times",
	"rt_sigaction", "rt_sigprocmask", "rt_sigreturn", "rt_sigpending", "rt_sigsuspend", "rt_sigtimedwait", "rt_sigqueueinfo",
	"sigaltstack", "signalfd", "signalfd4", "restart_syscall", "kill", "tkill", "tgkill",
	"fork", "vfork", "execve", "exit", "exit_group", "wait4", "waitid", "set_tid_address", "set_robust_list", "get_robust_list",
	"futex", "futex_waitv", "rseq", "arch_prctl",
	"getpid", "getppid", "gettid", "getpgrp", "getpgid", "setpgid", "getsid", "setsid",
	"getuid", "geteuid", "getgid", "getegid", "getresuid", "getresgid", "getgroups", "capget",
	"getrusage", "getrlimit", "setrlimit", "getpriority", "setpriority", "sysinfo", "uname", "getcpu", "getrandom",
	"sched_yield", "sched_getaffinity", "sched_setaffinity", "sched_getparam", "sched_getscheduler", "sched_get_priority_max",
	"sched_get_priority_min",
	"socketpair", "sendto", "recvfrom", "sendmsg", "recvmsg", "sendmmsg", "recvmmsg", "shutdown", "getsockopt", "setsockopt",
	"getsockname", "getpeername",
};

/* Other processes, the machine, other users, memory that no limit counts. */
static const char *const FORBIDDEN[] = {
	"ptrace", "process_vm_readv", "process_vm_writev", "process_madvise", "pidfd_open", "pidfd_getfd", "pidfd_send_signal", "kcmp",
	"mount", "umount2", "pivot_root", "chroot", "unshare", "setns", "open_tree", "move_mount", "fsopen", "fsconfig", "fsmount", "fspick",
	"mount_setattr", "bpf", "perf_event_open", "add_key", "request_key", "keyctl", "io_uring_setup", "io_uring_enter", "io_uring_register",
	"userfaultfd", "memfd_create", "memfd_secret", "shmget", "shmat", "shmctl", "shmdt", "semget", "semop", "semctl", "semtimedop",
	"msgget", "msgsnd", "msgrcv", "msgctl", "mq_open", "mq_unlink", "init_module", "finit_module", "delete_module", "kexec_load",
	"kexec_file_load", "reboot", "settimeofday", "clock_settime", "clock_adjtime", "adjtimex", "swapon", "swapoff", "acct", "quotactl",
	"syslog", "sethostname", "setdomainname", "open_by_handle_at", "name_to_handle_at", "setuid", "setgid", "setreuid", "setregid",
	"setresuid", "setresgid", "setfsuid", "setfsgid", "setgroups", "capset", "chown", "fchown", "lchown", "fchownat", "mknod", "mknodat",
	"setxattr", "lsetxattr", "fsetxattr", "removexattr", "lremovexattr", "fremovexattr", "personality", "iopl", "ioperm", "modify_ldt",
	"vhangup", "fanotify_init", "move_pages", "migrate_pages", "seccomp", "sched_setscheduler", "sched_setattr", "ioprio_set",
};

/* No network, of any family: the namespace would not cover all of them. */
static const char *const NO_NETWORK[] = { "socket", "connect", "bind", "listen", "accept", "accept4" };

static const unsigned long IOCTLS[] = { TCGETS, TIOCGWINSZ, TIOCGPGRP, FIONREAD, FIONBIO, FIOCLEX, FIONCLEX };
static const int PRCTLS[] = { PR_SET_NAME, PR_GET_NAME, PR_SET_PDEATHSIG, PR_GET_DUMPABLE, PR_SET_VMA };

/* A name that this machine does not know is left out. */
static int filter_add(scmp_filter_ctx f, uint32_t action, const char *const *names, size_t n)
{
	int result = 0;
	for (size_t i = 0; i < n && result == 0; i++) {
		int nr = seccomp_syscall_resolve_name(names[i]);
		if (nr != __NR_SCMP_ERROR && nr >= 0)
			result = seccomp_rule_add(f, action, nr, 0);
	}
	return result;
}

/* Calls that are allowed with some arguments only. */
static int filter_arguments(scmp_filter_ctx f)
{
	const unsigned long namespaces = CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWUSER | CLONE_NEWPID |
	                                 CLONE_NEWNET | 0x80UL /* CLONE_NEWTIME */;
	int result = seccomp_rule_add(f, SCMP_ACT_ALLOW, SCMP_SYS(clone), 1, SCMP_A0(SCMP_CMP_MASKED_EQ, namespaces, 0));
	for (size_t i = 0; i < ARRAY_SIZE(IOCTLS) && result == 0; i++)
		result = seccomp_rule_add(f, SCMP_ACT_ALLOW, SCMP_SYS(ioctl), 1, SCMP_A1(SCMP_CMP_MASKED_EQ, 0xffffffffUL, IOCTLS[i]));
	for (size_t i = 0; i < ARRAY_SIZE(PRCTLS) && result == 0; i++)
		result = seccomp_rule_add(f, SCMP_ACT_ALLOW, SCMP_SYS(prctl), 1, SCMP_A0(SCMP_CMP_EQ, (scmp_datum_t)PRCTLS[i]));
	if (result == 0) /* its own limits, which it can only lower */
		result = seccomp_rule_add(f, SCMP_ACT_ALLOW, SCMP_SYS(prlimit64), 1, SCMP_A0(SCMP_CMP_EQ, 0));
	return result;
}

int filter_make(struct strbuf *out, struct err *err)
{
	int fd = memfd_create("filter", MFD_CLOEXEC), result = -ENOMEM;
	scmp_filter_ctx f = seccomp_init(SCMP_ACT_ERRNO(ENOSYS));
	char part[4096];
	ssize_t n = 0;
	if (f != NULL)
		result = seccomp_attr_set(f, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS);
	if (result == 0)
		result = filter_add(f, SCMP_ACT_ALLOW, ALLOWED, ARRAY_SIZE(ALLOWED));
	if (result == 0)
		result = filter_add(f, SCMP_ACT_ERRNO(EPERM), FORBIDDEN, ARRAY_SIZE(FORBIDDEN));
	if (result == 0)
		result = filter_add(f, SCMP_ACT_ERRNO(EACCES), NO_NETWORK, ARRAY_SIZE(NO_NETWORK));
	if (result == 0)
		result = filter_arguments(f);
	if (result == 0)
		result = fd < 0 ? -errno : seccomp_export_bpf(f, fd);
	while (result == 0 && (n = pread(fd, part, sizeof part, (off_t)out->len)) > 0 && !out->broken)
		strbuf_add(out, part, (size_t)n);
	if (f != NULL)
		seccomp_release(f);
	if (fd >= 0)
		close(fd);
	if (result < 0 || n < 0 || out->len == 0 || out->broken)
		return err_set(err, ERR_SYSTEM, "the filter of system calls cannot be made: %s", strerror(result < 0 ? -result : EIO));
	return 0;
}
