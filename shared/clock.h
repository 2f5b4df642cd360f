#pragma once
/* Time. Deadlines are monotonic; what is shown is wall time, which SIGNALBOX_NOW (an ISO time, UTC) fixes for tests. */
#include "shared/base.h"

usec_t clock_mono(void);
usec_t clock_wall(void); /* since 1970 */
/* About so long, half of it at least: what many wait for at once they shall not all try at once. */
usec_t clock_jitter(usec_t about);
/* "2026-01-31T09:15:02.123Z", also with a space or "+00" at the end, to microseconds since 1970; -1 when it is none. */
usec_t clock_parse(const char *iso);
/* "14:03:22" in local time. Returns buf. */
const char *clock_hms(usec_t wall, char buf[static 16]);
