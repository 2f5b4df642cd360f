#pragma once
/*
 * External errors. An error is set once where it occurs, wrapped by the callers, and logged once by
 * the owner of the work. Programs act on the code and people read the text; only mend_of() in
 * tui/cli/doctor.c searches the text.
 */
#include "shared/base.h"

/* What the owner of a job does with the message after an error. */
enum err_class {
	ERR_NONE,
	ERR_RETRY,     /* try the message again later; uses a try, unless the attempt says how long it waits */
	ERR_WAIT,      /* too many requests, or no provider to call: the agent waits, no try used */
	ERR_PERMANENT, /* trying again does not help */
	ERR_RELEASE,   /* caused by the worker itself: back to the queue, no try used */
	ERR_GONE,      /* cancelled, or another worker owns it now: write nothing to the message */
};

/* What to do after a failed provider call, besides what happens to the message (err_class). Read by
 * worker/llm/llm.c, report.c and breaker.c. */
enum err_act {
	ACT_NONE = 0,
	ACT_AGAIN = 1,      /* the same provider again; when: wait_before_again() in worker/llm/llm.c */
	ACT_NEXT = 2,       /* the next provider of the agent's chain */
	ACT_BREAKER = 4,    /* counts as a failure for the provider's circuit breaker */
	ACT_PARK_MODEL = 8, /* no worker calls this model until the wait is over */
	ACT_PARK_KEY = 16,  /* no worker calls with this key: the key is refused, not this call */
};

/* Columns: code, class, name (stored in the database and used in filters), acts. */
#define ERR_CODES(X)                                                                                                \
	X(OK, NONE, "ok", ACT_NONE)                                                                                 \
	X(CANCELLED, GONE, "cancelled", ACT_NONE)                                                                   \
	X(LEASE_LOST, GONE, "lease_lost", ACT_NONE)                                                                 \
	X(SHUTDOWN, RELEASE, "shutting_down", ACT_NONE)                                                             \
	X(NEXT_ROUND, RELEASE, "next_round", ACT_NONE) /* with a budget each round of tools is an attempt of its own */ \
	X(TASK, RELEASE, "waits_for_task", ACT_NONE) /* a process of its tools answers later */ \
	X(RATE_LIMITED, WAIT, "rate_limited", ACT_AGAIN | ACT_NEXT | ACT_PARK_MODEL)                                \
	X(OVERLOADED, RETRY, "overloaded", ACT_AGAIN | ACT_NEXT | ACT_BREAKER)                                      \
	X(SERVER_ERROR, RETRY, "server_error", ACT_AGAIN | ACT_NEXT | ACT_BREAKER)                                  \
	X(NETWORK, RETRY, "network", ACT_AGAIN | ACT_NEXT | ACT_BREAKER)                                            \
	X(TIMEOUT_CONNECT, RETRY, "timeout_connect", ACT_AGAIN | ACT_NEXT | ACT_BREAKER)                            \
	X(TIMEOUT_TTFT, RETRY, "timeout_ttft", ACT_AGAIN | ACT_NEXT | ACT_BREAKER)                                  \
	X(TIMEOUT_IDLE, RETRY, "timeout_idle", ACT_AGAIN | ACT_NEXT | ACT_BREAKER)                                  \
	X(TIMEOUT, RETRY, "timeout", ACT_BREAKER) /* the attempt's own deadline: no time is left */                 \
	X(TRUNCATED, RETRY, "truncated", ACT_AGAIN | ACT_NEXT | ACT_BREAKER)                                        \
	X(BAD_REPLY, RETRY, "bad_reply", ACT_AGAIN | ACT_NEXT | ACT_BREAKER)                                        \
	X(NO_ANSWER, RETRY, "no_answer", ACT_NEXT)       /* the model finished without usable text */               \
	X(STARVED, PERMANENT, "out_of_tokens", ACT_NONE) /* max_tokens left nothing for the answer */               \
	X(BREAKER_OPEN, WAIT, "breaker_open", ACT_NEXT)  /* no provider was called */                               \
	X(QUOTA, PERMANENT, "quota_exhausted", ACT_NEXT | ACT_PARK_KEY)                                             \
	X(AUTH, PERMANENT, "auth", ACT_NEXT | ACT_PARK_KEY)                                                         \
	X(NO_KEY, RETRY, "no_key", ACT_NEXT) /* this worker does not have the key: no provider was called */        \
	X(CONTEXT_LENGTH, PERMANENT, "context_too_long", ACT_NEXT)                                                  \
	X(BAD_REQUEST, PERMANENT, "bad_request", ACT_NEXT) /* another vendor may accept it */                       \
	X(MODEL_NOT_FOUND, PERMANENT, "model_not_found", ACT_NEXT)                                                  \
	X(UNSAFE, PERMANENT, "unsafe", ACT_NONE)         /* nobody knows whether a tool did what it was asked to */ \
	X(TOOL_LIMIT, PERMANENT, "tool_limit", ACT_NONE) /* the model asks for tools and does not end */           \
	X(CONTENT_FILTER, PERMANENT, "content_filter", ACT_NONE)                                                    \
	X(NOT_CONFIGURED, PERMANENT, "not_configured", ACT_NEXT)                                                    \
	X(TOO_BIG, PERMANENT, "too_big", ACT_NONE)                                                                  \
	X(BAD_INPUT, PERMANENT, "bad_input", ACT_NONE)                                                              \
	X(NOT_FOUND, PERMANENT, "not_found", ACT_NONE)                                                              \
	X(REFUSED, PERMANENT, "refused", ACT_NONE)                                                                  \
	X(CONFLICT, PERMANENT, "conflict", ACT_NONE)                                                                \
	X(UNAUTHORIZED, PERMANENT, "unauthorized", ACT_NONE) /* over HTTP: no token that counts */                  \
	X(FORBIDDEN, PERMANENT, "forbidden", ACT_NONE)       /* over HTTP: not with this token */                   \
	X(DB, RETRY, "database", ACT_NONE)                                                                          \
	X(DB_DATA, PERMANENT, "database_data", ACT_NONE) /* the database refuses a given value */                   \
	X(DB_DOWN, RETRY, "database_down", ACT_NONE)                                                                \
	X(DB_CONFLICT, RETRY, "database_conflict", ACT_NONE) /* deadlock or serialization failure: ask once more */ \
	X(DB_TIMEOUT, RETRY, "database_timeout", ACT_NONE)                                                          \
	X(SYSTEM, RETRY, "system", ACT_NONE)

enum err_code {
#define X(code, class, name, acts) ERR_##code,
	ERR_CODES(X)
#undef X
		ERR_N
};

struct err {
	enum err_code code;
	char msg[240];
	int wait_ms;      /* the wait that the provider asked for; 0: it gave none */
	bool is_of_model; /* the refusal concerns this model only, not every call with the key */
};

/* Sets the error. Returns -1, so: return err_set(err, ERR_TOO_BIG, "…"). */
int err_set(struct err *, enum err_code, const char *fmt, ...) PRINTF(3, 4);
/* Prepends "fmt: " to the text. Returns -1. */
int err_wrap(struct err *, const char *fmt, ...) PRINTF(2, 3);
const char *err_name(enum err_code);
enum err_class err_class(enum err_code);
/* Bitwise OR of enum err_act values. */
int err_acts(enum err_code);
