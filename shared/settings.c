#include "shared/settings.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "shared/str.h"
#include "shared/utf8.h"

#define FILE_MAX 262144 /* bytes of a settings file */
#define NEAR_MAX 63     /* a longer word is not a typing error */

static int distance(const char *a, const char *b)
{
	int row[NEAR_MAX + 1];
	size_t n = MIN(strlen(b), NEAR_MAX);
	for (size_t j = 0; j <= n; j++)
		row[j] = (int)j;
	for (size_t i = 1; a[i - 1] != '\0'; i++) {
		int diagonal = row[0];
		row[0] = (int)i;
		for (size_t j = 1; j <= n; j++) {
			int above = row[j];
			row[j] = MIN(MIN(row[j] + 1, row[j - 1] + 1), diagonal + (a[i - 1] != b[j - 1]));
			diagonal = above;
		}
	}
	return row[n];
}

const char *nearest(const char *word, const char *const *words, size_t n)
{
	const char *best = NULL;
	if (strlen(word) > NEAR_MAX)
		return NULL;
	int limit = MAX(2, (int)strlen(word) / 3), at = limit + 1;
	for (size_t i = 0; i < n; i++) {
		int d = distance(word, words[i]);
		if (d < at) {
			at = d;
			best = words[i];
		}
	}
	return best;
}

int64_t duration_ms(const char *s)
{
	static const struct {
		const char *unit;
		int64_t ms;
	} UNITS[] = { { "ms", 1 },      { "s", 1000 },    { "", 1000 },     { "m", 60000 },
		      { "min", 60000 }, { "h", 3600000 }, { "d", 86400000 } };
	char *end;
	errno = 0;
	long long n = strtoll(s, &end, 10);
	if (end == s || errno != 0 || n < 0 || n > INT64_C(1000000000))
		return -1;
	while (*end == ' ')
		end++;
	for (size_t i = 0; i < ARRAY_SIZE(UNITS); i++)
		if (strcmp(end, UNITS[i].unit) == 0)
			return n * UNITS[i].ms;
	return -1;
}

/* from: the source that --print-settings shows; where: the place that an error names. */
static int set_value(struct settings_source *src, size_t i, const char *value, const char *from, const char *where,
                     struct err *err)
{
	const struct setting *s = &src->table[i];
	void *at = (char *)src->into + s->at;
	src->from[i] = from;
	if (s->type == SET_STRING) {
		free(*(char **)at);
		*(char **)at = xstrdup(value);
		return 0;
	}
	int64_t n;
	if (s->type == SET_DURATION) {
		n = duration_ms(value);
	} else {
		char *end;
		errno = 0;
		n = strtoll(value, &end, 10);
		if (end == value || *end != '\0' || errno != 0)
			return err_set(err, ERR_BAD_INPUT, "%s: %s is '%.40s', not a number", where, s->name, value);
	}
	if (n < s->min || n > s->max)
		return err_set(err, ERR_BAD_INPUT, "%s: %s is '%.40s'; allowed: %lld to %lld%s", where, s->name, value,
		               (long long)s->min, (long long)s->max, s->type == SET_DURATION ? " ms" : "");
	*(int64_t *)at = n;
	return 0;
}

/* Index in the table; -2: a setting of the other binary; -1 with err: unknown to both. */
static int settings_find(const struct settings_source *src, const char *name, const char *from, struct err *err)
{
	const char *words[128];
	size_t n = 0;
	for (size_t i = 0; i < src->n; i++) {
		if (strcmp(src->table[i].name, name) == 0)
			return (int)i;
		words[n++] = src->table[i].name;
	}
	for (size_t i = 0; src->foreign[i] != NULL; i++) {
		if (strcmp(src->foreign[i], name) == 0)
			return -2;
		words[n++] = src->foreign[i];
	}
	const char *near = nearest(name, words, n);
	return err_set(err, ERR_BAD_INPUT, "%s: no setting is called '%.60s'%s%s%s", from, name,
	               near != NULL ? "; did you mean '" : "", near != NULL ? near : "", near != NULL ? "'?" : "");
}

static char *trim(char *s)
{
	while (isspace((unsigned char)*s))
		s++;
	size_t n = strlen(s);
	while (n > 0 && isspace((unsigned char)s[n - 1]))
		s[--n] = '\0';
	return s;
}

/* Reads a whole file. 1: read; 0: no such file (or no permission) and must_exist is false; -1 with
 * err. Only regular files are read, because a device may never end and a pipe may never start. The
 * null device is accepted and means "no file". */
static int read_whole(const char *path, bool must_exist, struct strbuf *out, struct err *err)
{
	struct stat st;
	char piece[8192];
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (fd < 0 && !must_exist && (errno == ENOENT || errno == ENOTDIR || errno == EACCES))
		return 0;
	if (fd < 0 || fstat(fd, &st) < 0)
		return err_set(err, ERR_BAD_INPUT, "cannot read %.150s: %s", path, strerror(errno));
	if (!S_ISREG(st.st_mode)) {
		bool is_null = S_ISCHR(st.st_mode) && st.st_rdev == makedev(1, 3);
		close(fd);
		return is_null ? 0 : err_set(err, ERR_BAD_INPUT, "cannot read %.150s: not a file", path);
	}
	ssize_t n;
	while ((n = read(fd, piece, sizeof piece)) > 0 && !out->broken)
		strbuf_add(out, piece, (size_t)n);
	if (n < 0)
		err_set(err, ERR_BAD_INPUT, "cannot read %.150s: %s", path, strerror(errno));
	close(fd);
	if (n >= 0 && out->broken)
		return err_set(err, ERR_BAD_INPUT, "%.150s is over %d bytes", path, FILE_MAX);
	return n < 0 ? -1 : 1;
}

/* Reads one line: "name = value". */
static int settings_read_line(struct settings_source *src, char *line, const char *label, const char *where, struct err *err)
{
	char *eq = strchr(line, '=');
	if (eq == NULL)
		return err_set(err, ERR_BAD_INPUT, "%s: expected name = value", where);
	*eq = '\0';
	int i = settings_find(src, trim(line), where, err);
	return i >= 0 ? set_value(src, (size_t)i, trim(eq + 1), label, where, err) : i == -1 ? -1 : 0;
}

/* Reads the lines of a file. '#' and ';' begin comment lines; sections other than [signalbox] are
 * skipped, and so is a byte order mark at the start. */
static int read_file(struct settings_source *src, const char *path, const char *label, bool must_exist, struct err *err)
{
	struct strbuf text = STRBUF_INIT(FILE_MAX);
	char where[200];
	int result = read_whole(path, must_exist, &text, err), number = 0;
	bool ours = true;
	char *at = text.ptr, *end = text.len > 0 ? at + text.len : at, *next;
	if (text.len >= 3 && memcmp(at, "\xEF\xBB\xBF", 3) == 0)
		at += 3;
	for (; result > 0 && at < end; at = next) {
		char *nl = memchr(at, '\n', (size_t)(end - at));
		next = nl != NULL ? nl + 1 : end;
		if (nl != NULL)
			*nl = '\0';
		snprintf(where, sizeof where, "%.150s:%d", path, ++number);
		if (strlen(at) < (size_t)((nl != NULL ? nl : end) - at)) {
			result = err_set(err, ERR_BAD_INPUT, "%s: holds a NUL byte", where);
			break;
		}
		char *p = trim(at);
		if (*p == '[')
			ours = strcmp(p, "[signalbox]") == 0;
		else if (ours && *p != '\0' && *p != '#' && *p != ';' && settings_read_line(src, p, label, where, err) < 0)
			result = -1;
	}
	strbuf_release(&text);
	return MIN(result, 0);
}

static int read_env(struct settings_source *src, char **env, struct err *err)
{
	static const char *const NOT_SETTINGS[] = { "config", "now", "crashpoint" };
	for (; *env != NULL; env++) {
		char name[80];
		const char *eq = strchr(*env, '=');
		if (strncmp(*env, "SIGNALBOX_", 10) != 0 || eq == NULL || (size_t)(eq - *env) - 10 >= sizeof name)
			continue;
		size_t n = (size_t)(eq - *env) - 10;
		for (size_t i = 0; i < n; i++)
			name[i] = (char)tolower((unsigned char)(*env)[10 + i]);
		name[n] = '\0';
		bool other = false;
		for (size_t i = 0; i < ARRAY_SIZE(NOT_SETTINGS); i++)
			other |= strcmp(name, NOT_SETTINGS[i]) == 0;
		int i = other ? -2 : settings_find(src, name, "environment", err);
		if (i == -1 || (i >= 0 && set_value(src, (size_t)i, eq + 1, "environment", "environment", err) < 0))
			return -1;
	}
	return 0;
}

/* True when value holds a password: in a keyword string, or between user and host of a URI. */
static bool holds_password(const char *value)
{
	const char *user = strstr(value, "://"), *at = user != NULL ? strchr(user + 3, '@') : NULL,
		   *colon = user != NULL ? strchr(user + 3, ':') : NULL;
	return strstr(value, "password") != NULL || (at != NULL && colon != NULL && colon < at);
}

/* Reads --name value and --name=value from argv. Only names of the two tables are taken; other
 * words are left for the commands. apply false: only looks for --config. */
static int read_argv(struct settings_source *src, int *argc, char **argv, const char **config, bool apply, struct err *err)
{
	int out = 1;
	for (int i = 1; i < *argc; i++) {
		char name[80];
		char *word = argv[i], *eq = strchr(word, '=');
		size_t n = strncmp(word, "--", 2) == 0 ? (eq != NULL ? (size_t)(eq - word) : strlen(word)) - 2 : 0;
		if (strcmp(word, "--") == 0) {
			while (i < *argc)
				argv[out++] = argv[i++];
			break;
		}
		if (n == 0 || n >= sizeof name) {
			argv[out++] = word;
			continue;
		}
		for (size_t k = 0; k < n; k++)
			name[k] = word[2 + k] == '-' ? '_' : word[2 + k];
		name[n] = '\0';
		struct err unknown;
		int at = strcmp(name, "config") == 0 ? -3 : settings_find(src, name, "", &unknown);
		if (at == -1) {
			argv[out++] = word;
			continue;
		}
		const char *value = eq != NULL ? eq + 1 : i + 1 < *argc ? argv[i + 1] : NULL;
		if (value == NULL)
			return err_set(err, ERR_BAD_INPUT, "--%s needs a value", word + 2);
		if (!apply) {
			argv[out++] = word;
			if (eq == NULL)
				argv[out++] = argv[++i];
			if (at == -3)
				*config = value;
			continue;
		}
		i += eq == NULL;
		if (at >= 0 && (src->table[at].flags & SET_SECRET) && holds_password(value))
			return err_set(err, ERR_BAD_INPUT,
			               "--%.*s: a password does not belong on a command line; use the environment or a file",
			               (int)n, word + 2);
		if (at >= 0 && set_value(src, (size_t)at, value, "command line", "command line", err) < 0)
			return -1;
	}
	if (apply) {
		*argc = out;
		argv[out] = NULL;
	}
	return 0;
}

int settings_load(struct settings_source *src, int *argc, char **argv, struct err *err)
{
	extern char **environ;
	const char *config = NULL;
	for (size_t i = 0; i < src->n; i++)
		if (set_value(src, i, src->table[i].def, "default", "default", err) < 0)
			return -1;
	if (read_argv(src, argc, argv, &config, false, err) < 0)
		return -1;
	bool named = config != NULL || getenv("SIGNALBOX_CONFIG") != NULL;
	if (config == NULL)
		config = getenv("SIGNALBOX_CONFIG");
	if (read_file(src, config != NULL ? config : "/etc/signalbox/signalbox.conf", "file", named, err) < 0)
		return -1;
	if (src->user_file != NULL && read_file(src, src->user_file, "user file", false, err) < 0)
		return -1;
	if (read_env(src, environ, err) < 0)
		return -1;
	return read_argv(src, argc, argv, &config, true, err);
}

void settings_print(const struct settings_source *src, FILE *out)
{
	struct strbuf safe = STRBUF_INIT(FILE_MAX * 12u); /* an escape has up to 12 bytes */
	for (size_t i = 0; i < src->n; i++) {
		const struct setting *s = &src->table[i];
		const void *at = (const char *)src->into + s->at;
		char number[32];
		const char *value = number;
		if (s->type == SET_STRING)
			value = *(char *const *)at;
		else
			snprintf(number, sizeof number, "%lld%s", (long long)*(const int64_t *)at,
			         s->type == SET_DURATION ? "ms" : "");
		if ((s->flags & SET_SECRET) && *value != '\0')
			value = "***";
		strbuf_clear(&safe);
		utf8_safe(&safe, str_of(value), false);
		fprintf(out, "%-18s = %-15s # %s; %s\n", s->name, strbuf_text(&safe), src->from[i], s->help);
	}
	strbuf_release(&safe);
}

void settings_free(struct settings_source *src)
{
	for (size_t i = 0; i < src->n; i++)
		if (src->table[i].type == SET_STRING) {
			char **at = (char **)((char *)src->into + src->table[i].at);
			free(*at);
			*at = NULL;
		}
}

const char *settings_nearest(const struct settings_source *src, const char *word, char buf[static 64])
{
	const char *names[64];
	size_t n = 0;
	snprintf(buf, 64, "%.*s", (int)strcspn(word, "="), word);
	for (char *p = buf; *p != '\0'; p++)
		*p = *p == '-' ? '_' : *p;
	for (size_t i = 0; i < src->n && n < ARRAY_SIZE(names); i++)
		names[n++] = src->table[i].name;
	const char *near = nearest(buf, names, n);
	if (near == NULL)
		return NULL;
	snprintf(buf, 64, "%s", near);
	for (char *p = buf; *p != '\0'; p++)
		*p = *p == '_' ? '-' : *p;
	return buf;
}
