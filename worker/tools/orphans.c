#include "worker/tools/orphans.h"

#include <ctype.h>
#include <dirent.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#define MARK "--hostname" /* an argument of sandbox.c; what follows it is MARK_VALUE */
#define MARK_VALUE "sandbox"

/* Reads a file of /proc; its length, 0 if it is gone. */
static size_t read_proc(const char *pid, const char *name, char *out, size_t size)
{
	char path[64];
	snprintf(path, sizeof path, "/proc/%.20s/%s", pid, name);
	FILE *f = fopen(path, "re");
	size_t n = f != NULL ? fread(out, 1, size - 1, f) : 0;
	if (f != NULL)
		fclose(f);
	out[n] = '\0';
	return n;
}

static bool has_mark(const char *args, size_t n)
{
	for (const char *a = args; a < args + n; a += strlen(a) + 1) {
		const char *next = a + strlen(a) + 1;
		if (strcmp(a, MARK) == 0 && next < args + n && strcmp(next, MARK_VALUE) == 0)
			return true;
	}
	return false;
}

static bool is_orphan(const char *pid, uid_t first, uid_t last)
{
	char text[8192], path[64];
	struct stat st;
	int parent = 0;
	snprintf(path, sizeof path, "/proc/%.20s", pid);
	if (stat(path, &st) < 0 || (geteuid() == 0 ? st.st_uid < first || st.st_uid > last : st.st_uid != geteuid()))
		return false;
	/* "PID (NAME) STATE PARENT …" */
	read_proc(pid, "stat", text, sizeof text);
	const char *after = strstr(text, "(bwrap) ");
	if (after == NULL || sscanf(after, "(bwrap) %*c %d", &parent) != 1 || parent != 1)
		return false;
	return has_mark(text, read_proc(pid, "cmdline", text, sizeof text));
}

int orphans_end(uid_t first, uid_t last)
{
	int n = 0;
	DIR *d = getpid() != 1 ? opendir("/proc") : NULL; /* as process 1 we are the parent of those that live */
	for (const struct dirent *e; d != NULL && (e = readdir(d)) != NULL;)
		if (isdigit((unsigned char)e->d_name[0]) && is_orphan(e->d_name, first, last))
			n += kill((pid_t)atoi(e->d_name), SIGKILL) == 0;
	if (d != NULL)
		closedir(d);
	return n;
}
