#include "shared/clock.h"

#include <time.h>

usec_t clock_mono(void)
{
	struct timespec ts;
	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * USEC_PER_SEC + ts.tv_nsec / 1000;
}

usec_t clock_wall(void)
{
	const char *fixed = getenv("SIGNALBOX_NOW");
	usec_t at = fixed != NULL ? clock_parse(fixed) : -1;
	if (at >= 0)
		return at;
	struct timespec ts;
	clock_gettime(CLOCK_REALTIME, &ts);
	return ts.tv_sec * USEC_PER_SEC + ts.tv_nsec / 1000;
}

usec_t clock_jitter(usec_t about)
{
	return about / 2 + arc4random_uniform((uint32_t)MIN(about, UINT32_MAX) + 1);
}

usec_t clock_parse(const char *iso)
{
	struct tm tm = { 0 };
	int used = 0;
	if (sscanf(iso, "%4d-%2d-%2d%*1[T ]%2d:%2d:%2d%n", &tm.tm_year, &tm.tm_mon, &tm.tm_mday, &tm.tm_hour, &tm.tm_min,
	           &tm.tm_sec, &used) < 6 ||
	    used == 0)
		return -1;
	if (tm.tm_mon < 1 || tm.tm_mon > 12 || tm.tm_mday < 1 || tm.tm_mday > 31 || tm.tm_hour > 23 || tm.tm_min > 59 ||
	    tm.tm_sec > 60)
		return -1;
	tm.tm_year -= 1900;
	tm.tm_mon -= 1;
	usec_t frac = 0, unit = 100000;
	if (iso[used] == '.')
		for (const char *p = iso + used + 1; *p >= '0' && *p <= '9' && unit > 0; p++, unit /= 10)
			frac += (*p - '0') * unit;
	return (usec_t)timegm(&tm) * USEC_PER_SEC + frac;
}

const char *clock_hms(usec_t wall, char buf[static 16])
{
	time_t t = (time_t)(wall / USEC_PER_SEC);
	struct tm tm;
	localtime_r(&t, &tm);
	strftime(buf, 16, "%H:%M:%S", &tm);
	return buf;
}
