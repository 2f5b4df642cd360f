#pragma once
/*
 * Reads from a provider's headers when it may be called again: waits that it asks for, and budgets
 * that are used up. Pure functions; the caller passes the time. A number that is too great for a
 * wait is a point in time: seconds since 1970, or milliseconds. Values that make no sense
 * (negative, not a number) are ignored, and waits are cut to one day.
 */
#include "shared/base.h"

#define LIMIT_WAIT_MAX_MS 86400000 /* longest wait: one day */

enum limit_kind { LIMIT_REQUESTS, LIMIT_TOKENS, LIMIT_INPUT_TOKENS, LIMIT_OUTPUT_TOKENS, LIMIT_N };
extern const char *const LIMIT_NAMES[LIMIT_N]; /* as header names have them */

struct limit {
	int64_t remaining, total; /* -1: not stated */
	/* milliseconds until the budget is full again, or has something again; -1: not stated */
	int reset_ms;
};

struct limits {
	usec_t now;         /* wall time when the call was begun */
	int retry_after_ms; /* -1: not stated */
	int retry_rank;     /* rank of the header that stated it; higher is more exact */
	int should_retry;   /* x-should-retry: 1 true, 0 false, -1 not stated */
	struct limit of[LIMIT_N];
};
#define LIMIT_UNSAID       \
	{                  \
		-1, -1, -1 \
	}
#define LIMITS_AT(now_)                                                           \
	{                                                                         \
		.now = (now_), .retry_after_ms = -1, .should_retry = -1,          \
		.of = { LIMIT_UNSAID, LIMIT_UNSAID, LIMIT_UNSAID, LIMIT_UNSAID }, \
	}

/* Reads a duration; returns milliseconds. Forms: "21.615s", "6m0s", "10h17m5.7s", "980ms", "2
 * minutes 5 seconds"; a number without a known unit is in seconds. NAN when the text does not begin
 * with a number. *end: the text after the duration. */
double duration_read(const char *, const char **end);
/* Reads one header; `name` in any letter case, `value` without the line end. Headers that state no
 * limit are ignored. */
void limits_header(struct limits *, const char *name, const char *value);
/* Milliseconds for which the provider should not be called because a budget is used up (this call
 * may have succeeded); 0: no wait. */
int limits_wait_ms(const struct limits *);
/* For a call that a limit refused without stating a wait: milliseconds until the budget that is
 * used up is there again, or, when none is known to be, a budget whose rest is not stated; 0: not
 * stated. */
int limits_refused_ms(const struct limits *);
/* Returns `acts` (an or of enum err_act); x-should-retry sets or clears ACT_AGAIN in it. */
int limits_acts(const struct limits *, int acts);
/* True when all three are known: what is left, of how much, and until when. */
static inline bool limit_is_known(const struct limit *l)
{
	return l->remaining >= 0 && l->total > 0 && l->reset_ms >= 0;
}
