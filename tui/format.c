#include "tui/format.h"

const char *format_duration(double s, char buf[static FORMAT_MAX])
{
	long n = (long)s;
	if (s < 0)
		n = 0;
	if (s < 9.95 && s != (double)n)
		snprintf(buf, FORMAT_MAX, "%.1fs", MAX(s, 0.0));
	else if (n < 60)
		snprintf(buf, FORMAT_MAX, "%lds", n);
	else if (n < 3600)
		snprintf(buf, FORMAT_MAX, "%ldm%02lds", n / 60, n % 60);
	else if (n < 86400)
		snprintf(buf, FORMAT_MAX, "%ldh%02ldm", n / 3600, n / 60 % 60);
	else
		snprintf(buf, FORMAT_MAX, "%ldd%02ldh", n / 86400, n / 3600 % 24);
	return buf;
}

const char *format_latency(double s, char buf[static FORMAT_MAX])
{
	if (s >= 0.9995)
		return format_duration(s, buf);
	snprintf(buf, FORMAT_MAX, s < 0 ? "-" : "%.0fms", s * 1000);
	return buf;
}

const char *format_count(double n, char buf[static FORMAT_MAX])
{
	if (n < 1000)
		snprintf(buf, FORMAT_MAX, "%.0f", n);
	else if (n < 10000)
		snprintf(buf, FORMAT_MAX, "%ld %03ld", (long)n / 1000, (long)n % 1000);
	else if (n < 999500)
		snprintf(buf, FORMAT_MAX, "%.1fk", n / 1000);
	else
		snprintf(buf, FORMAT_MAX, "%.2fM", n / 1e6);
	return buf;
}

const char *format_usd(const char *amount, char buf[static FORMAT_MAX])
{
	double v = amount != NULL ? strtod(amount, NULL) : 0;
	if (amount == NULL)
		snprintf(buf, FORMAT_MAX, "unknown");
	else if (v == 0 || v >= 1)
		snprintf(buf, FORMAT_MAX, "$%.2f", v);
	else if (v >= 0.0001)
		snprintf(buf, FORMAT_MAX, "$%.4f", v);
	else
		snprintf(buf, FORMAT_MAX, "$%.7f", v);
	return buf;
}

const char *format_spark(const double *values, int n, char *buf, size_t size)
{
	static const char *const BARS[] = { "▁", "▂", "▃", "▄", "▅", "▆", "▇", "█" };
	double top = 0;
	size_t at = 0;
	buf[0] = '\0';
	for (int i = 0; i < n; i++)
		top = MAX(top, values[i]);
	for (int i = 0; i < n && at + 4 < size; i++)
		at += (size_t)snprintf(buf + at, size - at, "%s",
		                       values[i] <= 0 ? " " : BARS[MIN(7, (int)(values[i] * 8 / top))]);
	return buf;
}
