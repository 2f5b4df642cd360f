#include "worker/llm/limits.h"

#include <ctype.h>
#include <math.h>
#include <strings.h>
#include <time.h>

#include "shared/clock.h"
#include "shared/err.h"

const char *const LIMIT_NAMES[LIMIT_N] = { "requests", "tokens", "input-tokens", "output-tokens" };

#define EPOCH_SECONDS 1e9 /* s: a number from here on is a point in time (the year 2001) */
#define EPOCH_MS 1e12     /* ms: the same */

/* Whole milliseconds, rounded up and cut to one day; -1: ms is no valid wait. */
static int to_ms(double ms)
{
	if (!isfinite(ms) || ms < 0)
		return -1;
	return ms < LIMIT_WAIT_MAX_MS ? (int)ceil(ms) : LIMIT_WAIT_MAX_MS;
}

/* Reads a plain decimal number; *end: the text after it. NAN, and *end unchanged, when there is
 * none. (strtod alone would also take hexadecimal, inf and nan.) */
static double read_number(const char *s, const char **end)
{
	char *after;
	if (*s < '0' || *s > '9' || s[1] == 'x' || s[1] == 'X')
		return NAN;
	double d = strtod(s, &after);
	*end = after;
	return d;
}

static double read_plain(const char *s)
{
	const char *end = s;
	s += strspn(s, " \t");
	double d = read_number(s, &end);
	return !isnan(d) && end[strspn(end, " \t")] == '\0' ? d : NAN;
}

double duration_read(const char *s, const char **end)
{
	/* A unit stands before each unit that it begins with: "ms" before "m". */
	static const struct {
		const char *unit;
		double ms;
	} UNITS[] = { { "ms", 1 },      { "mil", 1 },   { "us", 0.001 }, { "ns", 0.000001 },
		      { "h", 3600000 }, { "m", 60000 }, { "s", 1000 },   { "d", LIMIT_WAIT_MAX_MS } };
	double ms = NAN;
	*end = s;
	for (double n; !isnan(n = read_number(s, end)); s = *end + (**end == ' ' && isdigit((unsigned char)(*end)[1]))) {
		const char *unit = *end + (**end == ' ');
		size_t i = 0;
		while (i < ARRAY_SIZE(UNITS) && strncmp(unit, UNITS[i].unit, strlen(UNITS[i].unit)) != 0)
			i++;
		ms = (isnan(ms) ? 0 : ms) + n * (i < ARRAY_SIZE(UNITS) ? UNITS[i].ms : 1000);
		if (i == ARRAY_SIZE(UNITS))
			break;
		*end = unit + strcspn(unit, "0123456789 .,;:!\"'()[]{}");
	}
	return ms;
}

/* Reads a value that is a duration and nothing else; NAN otherwise. */
static double read_duration(const char *s)
{
	const char *end;
	double ms = duration_read(s + strspn(s, " \t"), &end);
	return end[strspn(end, " \t")] == '\0' ? ms : NAN;
}

/* Reads "Sun, 06 Nov 1994 08:49:37 GMT", the only form of an HTTP date that is still sent; -1: it
 * is no such date. strptime is not used because it reads the names of days and months in the
 * language of the locale. */
static usec_t read_http_date(const char *s)
{
	static const char MONTHS[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
	struct tm tm = { 0 };
	char month[4] = "";
	const char *comma = strchr(s, ',');
	if (comma == NULL || sscanf(comma + 1, " %2d %3s %4d %2d:%2d:%2d GMT", &tm.tm_mday, month, &tm.tm_year, &tm.tm_hour,
	                            &tm.tm_min, &tm.tm_sec) != 6)
		return -1;
	const char *at = strlen(month) == 3 ? strstr(MONTHS, month) : NULL;
	if (at == NULL || (at - MONTHS) % 3 != 0 || tm.tm_mday < 1 || tm.tm_mday > 31 || tm.tm_year < 1970 || tm.tm_hour > 23 ||
	    tm.tm_min > 59 || tm.tm_sec > 60)
		return -1;
	tm.tm_mon = (int)(at - MONTHS) / 3;
	tm.tm_year -= 1900;
	return (usec_t)timegm(&tm) * USEC_PER_SEC;
}

/* Milliseconds until `then`; -1: `then` is invalid (negative). A time in the past is a wait of 0
 * and no mistake, because clocks differ. */
static int until_ms(usec_t then, usec_t now)
{
	return then < 0 ? -1 : to_ms((double)MAX(then - now, 0) / USEC_PER_MSEC);
}

/* Converts n to a wait in milliseconds; -1: invalid. n is a wait (in seconds with unit_ms 1000, in
 * milliseconds with unit_ms 1) or the point in time when the wait ends. */
static int wait_or_moment(double n, double unit_ms, usec_t now)
{
	if (!isfinite(n))
		return -1;
	if (n >= EPOCH_MS)
		return until_ms((usec_t)MIN(n, 1e15) * USEC_PER_MSEC, now);
	return n >= EPOCH_SECONDS ? until_ms((usec_t)n * USEC_PER_SEC, now) : to_ms(n * unit_ms);
}

/* The header with the higher rank wins, in whatever order the headers come. */
static void retry_after(struct limits *l, int rank, int ms)
{
	if (ms < 0 || rank < l->retry_rank)
		return;
	l->retry_after_ms = ms;
	l->retry_rank = rank;
}

static int read_retry_after(const struct limits *l, const char *value)
{
	double seconds = read_plain(value);
	if (!isnan(seconds))
		return wait_or_moment(seconds, 1000, l->now);
	return strchr(value, ':') != NULL ? until_ms(read_http_date(value), l->now)
	                                  : to_ms(read_duration(value)); /* such as "60s" */
}

static void read_count(int64_t *count, const char *value)
{
	double n = read_plain(value);
	if (!isnan(n) && n <= 9007199254740991.0)
		*count = (int64_t)n;
}

static void read_reset(const struct limits *l, struct limit *limit, const char *value)
{
	double n = read_plain(value);
	int ms = !isnan(n)                    ? wait_or_moment(n, 1000, l->now)
	         : strchr(value, 'T') != NULL ? until_ms(clock_parse(value), l->now)
	                                      : to_ms(read_duration(value));
	if (ms >= 0)
		limit->reset_ms = ms;
}

static struct limit *limit_of(struct limits *l, const char *kind, size_t len)
{
	for (int i = 0; i < LIMIT_N; i++)
		if (strlen(LIMIT_NAMES[i]) == len && strncasecmp(LIMIT_NAMES[i], kind, len) == 0)
			return &l->of[i];
	return NULL;
}

/* Finds the limit of a header whose name contains `word` (remaining, limit or reset); NULL: none.
 * x-ratelimit-remaining-tokens (OpenAI, Groq) and anthropic-ratelimit-tokens-remaining mean the
 * same: the order of the words differs. */
static struct limit *find_limit(struct limits *l, const char *name, const char *word)
{
	static const char OPENAI[] = "x-ratelimit-", ANTHROPIC[] = "anthropic-ratelimit-", DRAFT[] = "ratelimit-";
	size_t n = strlen(word);
	/* Names without a kind are a limit of requests: OpenRouter, and older drafts of the
	 * standard. */
	if ((strncasecmp(name, OPENAI, strlen(OPENAI)) == 0 && strcasecmp(name + strlen(OPENAI), word) == 0) ||
	    (strncasecmp(name, DRAFT, strlen(DRAFT)) == 0 && strcasecmp(name + strlen(DRAFT), word) == 0))
		return &l->of[LIMIT_REQUESTS];
	if (strncasecmp(name, OPENAI, strlen(OPENAI)) == 0) {
		const char *kind = name + strlen(OPENAI);
		return strncasecmp(kind, word, n) == 0 && kind[n] == '-' ? limit_of(l, kind + n + 1, strlen(kind + n + 1)) : NULL;
	}
	if (strncasecmp(name, ANTHROPIC, strlen(ANTHROPIC)) == 0) {
		const char *kind = name + strlen(ANTHROPIC);
		size_t len = strlen(kind);
		if (len > n + 1 && strcasecmp(kind + len - n, word) == 0 && kind[len - n - 1] == '-')
			return limit_of(l, kind, len - n - 1);
	}
	return NULL;
}

/* RateLimit: "default";r=50;t=30 (the newest draft of the standard): r is what is left, t the
 * seconds until there is more. */
static void read_structured(struct limits *l, const char *value)
{
	struct limit *limit = &l->of[LIMIT_REQUESTS];
	for (const char *at = strchr(value, ';'); at != NULL; at = strchr(at + 1, ';')) {
		const char *end = NULL, *item = at + 1 + strspn(at + 1, " ");
		double n = *item != '\0' && item[1] == '=' ? read_number(item + 2, &end) : NAN;
		if (isnan(n) || n > 9007199254740991.0)
			continue;
		if (*item == 'r')
			limit->remaining = (int64_t)n;
		else if (*item == 't')
			limit->reset_ms = wait_or_moment(n, 1000, l->now);
	}
}

static void read_budget(struct limits *l, const char *name, const char *value)
{
	struct limit *limit;
	if ((limit = find_limit(l, name, "remaining")) != NULL)
		read_count(&limit->remaining, value);
	else if ((limit = find_limit(l, name, "limit")) != NULL)
		read_count(&limit->total, value);
	else if ((limit = find_limit(l, name, "reset")) != NULL)
		read_reset(l, limit, value);
}

void limits_header(struct limits *l, const char *name, const char *value)
{
	value += strspn(value, " \t");
	if (strcasecmp(name, "retry-after-ms") == 0)
		retry_after(l, 3, wait_or_moment(read_plain(value), 1, l->now));
	else if (strcasecmp(name, "x-ms-retry-after-ms") == 0)
		retry_after(l, 2, wait_or_moment(read_plain(value), 1, l->now));
	else if (strcasecmp(name, "retry-after") == 0)
		retry_after(l, 1, read_retry_after(l, value));
	else if (strcasecmp(name, "x-should-retry") == 0 && strncasecmp(value, "true", 4) == 0)
		l->should_retry = 1;
	else if (strcasecmp(name, "x-should-retry") == 0 && strncasecmp(value, "false", 5) == 0)
		l->should_retry = 0;
	else if (strcasecmp(name, "ratelimit") == 0)
		read_structured(l, value);
	else
		read_budget(l, name, value);
}

int limits_wait_ms(const struct limits *l)
{
	int wait = 0;
	for (int i = 0; i < LIMIT_N; i++)
		if (l->of[i].remaining == 0)
			wait = MAX(wait, l->of[i].reset_ms);
	return wait;
}

int limits_refused_ms(const struct limits *l)
{
	int wait = limits_wait_ms(l);
	for (int i = 0; i < LIMIT_N && wait == 0; i++)
		if (l->of[i].remaining < 0)
			wait = MAX(wait, l->of[i].reset_ms);
	return wait;
}

int limits_acts(const struct limits *l, int acts)
{
	if (l->should_retry == 1)
		return acts | ACT_AGAIN;
	return l->should_retry == 0 ? acts & ~ACT_AGAIN : acts;
}
