#include "shared/log.h"

#include <stdarg.h>
#include <stdatomic.h>
#include <time.h>
#include <unistd.h>

static atomic_int min_level = LOG_INFO;
static const char *const NAMES[] = { [LOG_DEBUG] = "debug", [LOG_INFO] = "info", [LOG_WARN] = "warn", [LOG_ERROR] = "error" };

void log_set_level(enum log_level level)
{
	atomic_store(&min_level, level);
}

int log_level_of(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(NAMES); i++)
		if (strcmp(name, NAMES[i]) == 0)
			return (int)i;
	return -1;
}

const char *log_quote(const char *value, char *buf, size_t size)
{
	size_t n = 0;
	buf[n++] = '"';
	for (const char *p = value; *p != '\0' && n + 6 < size; p++) {
		unsigned char c = (unsigned char)*p;
		if (c == '"' || c == '\\') {
			buf[n++] = '\\';
			buf[n++] = *p;
		} else if (c < 0x20 || c >= 0x7F) {
			n += (size_t)snprintf(buf + n, size - n, "\\x%02x", c);
		} else {
			buf[n++] = *p;
		}
	}
	buf[n++] = '"';
	buf[n] = '\0';
	return buf;
}

void log_event(enum log_level level, const char *msg, const char *fmt, ...)
{
	char line[1024];
	struct timespec ts;
	struct tm tm;
	if ((int)level < atomic_load(&min_level))
		return;
	clock_gettime(CLOCK_REALTIME, &ts);
	gmtime_r(&ts.tv_sec, &tm);
	size_t n = strftime(line, sizeof line, "ts=%Y-%m-%dT%H:%M:%S", &tm);
	n += (size_t)snprintf(line + n, sizeof line - n, ".%03ldZ lvl=%s msg=\"%s\" ", ts.tv_nsec / 1000000, NAMES[level], msg);
	va_list ap;
	va_start(ap, fmt);
	int m = vsnprintf(line + n, sizeof line - n - 1, fmt, ap);
	va_end(ap);
	n = MIN(n + (size_t)MAX(m, 0), sizeof line - 2);
	/* Callers quote text from outside. An unquoted control or non-ASCII byte (in a name or an
	 * address) is replaced here, so that it can neither end the line nor control a terminal. */
	for (size_t i = 0; i < n; i++)
		if ((unsigned char)line[i] < 0x20 || (unsigned char)line[i] >= 0x7F)
			line[i] = '?';
	line[n++] = '\n';
	/* One write() per line. A failed write is ignored: it must not stop the work. */
	if (write(STDERR_FILENO, line, n) < 0)
		return;
}
