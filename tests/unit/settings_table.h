#pragma once
/* Settings of a program that there is not: one of each kind, and two of another program's. For the unit test and the fuzzer. */
#include <stddef.h>

#include "shared/settings.h"

static struct values {
	char *url, *level;
	int64_t count, wait;
} V;

static const struct setting TABLE[] = {
	{ "database_url", SET_STRING, offsetof(struct values, url), "", 0, 0, SET_SECRET, "where" },
	{ "log_level", SET_STRING, offsetof(struct values, level), "info", 0, 0, 0, "how much" },
	{ "concurrency", SET_INT, offsetof(struct values, count), "64", 1, 100, 0, "how many" },
	{ "timeout", SET_DURATION, offsetof(struct values, wait), "300s", 1000, 600000, 0, "how long" },
};
static const char *const FOREIGN[] = { "theme", "retry_hold", NULL };
