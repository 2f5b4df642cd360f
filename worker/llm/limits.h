#pragma once
/*
 * What a provider's headers say about when to call again: waits it asks for, and budgets that are used up. Pure; the caller says what time
 * it is. Numbers too great for a wait are a moment: seconds since 1970, or milliseconds. Values that make no sense (negative, not a number) are as
 * if they were not said, and no wait is longer than a day.
 */
#include "shared/base.h"

#define LIMIT_WAIT_MAX_MS 86400000 /* no wait is longer than a day */

enum limit_kind { LIMIT_REQUESTS, LIMIT_TOKENS, LIMIT_INPUT_TOKENS, LIMIT_OUTPUT_TOKENS, LIMIT_N };
extern const char *const LIMIT_NAMES[LIMIT_N]; /* as headers have them */

struct limit {
	int64_t remaining, total; /* -1: not said */
	int reset_ms;             /* until it is full again, or has something again; -1: not said */
};

struct limits {
	usec_t now;         /* wall time when the headers came */
	int retry_after_ms; /* -1: not said */
	int retry_rank;     /* how exact the header was that said it */
	int should_retry;   /* x-should-retry: 1 true, 0 false, -1 not said */
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

/* How long is it, in milliseconds? "21.615s", "6m0s", "10h17m5.7s", "980ms", "2 minutes 5 seconds"; without a unit that is known it is seconds.
 * NAN where no
 * number stands. end: what was not read. */
double duration_read(const char *, const char **end);
/* One header; `name` in any case, `value` without the end of the line. Others are ignored. */
void limits_header(struct limits *, const char *name, const char *value);
/* How long nobody should call, because a budget is used up (even though this call went well); 0: call. */
int limits_wait_ms(const struct limits *);
/* The call was refused for a limit, and nothing else says for how long: until what is used up, or may be, is there again; 0: not said. */
int limits_refused_ms(const struct limits *);
/* An or of enum err_act, corrected by x-should-retry: whether the same provider may be asked again. */
int limits_acts(const struct limits *, int acts);
/* What is known whole: what is left, of how much, until when. */
static inline bool limit_is_known(const struct limit *l)
{
	return l->remaining >= 0 && l->total > 0 && l->reset_ms >= 0;
}
