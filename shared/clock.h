#pragma once
/* Time. Deadlines use the monotonic clock. Displayed times use the wall clock, which SIGNALBOX_NOW
 * (an ISO time, UTC) replaces in tests. */
#include "shared/base.h"

usec_t clock_mono(void);
usec_t clock_wall(void); /* microseconds since 1970, UTC */
/* A random duration from about / 2 to 1.5 * about, so that many waiters do not all retry at the
 * same moment. */
usec_t clock_jitter(usec_t about);
/* Converts "2026-01-31T09:15:02.123Z" (UTC) to microseconds since 1970; a space may stand for the
 * T. Text after the fraction, such as "Z" or "+00", is ignored. -1 if it is not a time. */
usec_t clock_parse(const char *iso);
/* "14:03:22" in local time. Returns buf. */
const char *clock_hms(usec_t wall, char buf[static 16]);
