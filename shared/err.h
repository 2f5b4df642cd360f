#pragma once
/*
 * Errors of the world. An error is set once where it happens, wrapped on the way up, and logged once by the owner of the work.
 * The code is for machines (what to do now), the text for a person; nobody parses the text.
 */
#include "shared/base.h"

/* What the owner of a job does about it. */
enum err_class {
	ERR_NONE,
	ERR_RETRY,     /* try the message again later; burns a try */
	ERR_WAIT,      /* the provider said "too many requests": the agent waits, no try burnt */
	ERR_PERMANENT, /* trying again does not help */
	ERR_RELEASE,   /* our own doing: back to the queue, no try burnt */
	ERR_GONE,      /* cancelled, or somebody else's now: write nothing to the message */
};

/* code, class, name as it is stored and filtered by. */
#define ERR_CODES(X)                                     \
	X(OK, NONE, "ok")                                \
	X(CANCELLED, GONE, "cancelled")                  \
	X(LEASE_LOST, GONE, "lease_lost")                \
	X(SHUTDOWN, RELEASE, "shutting_down")            \
	X(RATE_LIMITED, WAIT, "rate_limited")            \
	X(OVERLOADED, RETRY, "overloaded")               \
	X(SERVER_ERROR, RETRY, "server_error")           \
	X(NETWORK, RETRY, "network")                     \
	X(PROVIDER_TIMEOUT, RETRY, "provider_timeout")   \
	X(TRUNCATED, RETRY, "truncated")                 \
	X(BAD_REPLY, RETRY, "bad_reply")                 \
	X(QUOTA, PERMANENT, "quota_exhausted")           \
	X(AUTH, PERMANENT, "auth")                       \
	X(CONTEXT_LENGTH, PERMANENT, "context_too_long") \
	X(BAD_REQUEST, PERMANENT, "bad_request")         \
	X(MODEL_NOT_FOUND, PERMANENT, "model_not_found") \
	X(CONTENT_FILTER, PERMANENT, "content_filter")   \
	X(NOT_CONFIGURED, PERMANENT, "not_configured")   \
	X(TOO_BIG, PERMANENT, "too_big")                 \
	X(BAD_INPUT, PERMANENT, "bad_input")             \
	X(NOT_FOUND, PERMANENT, "not_found")             \
	X(REFUSED, PERMANENT, "refused")                 \
	X(CONFLICT, PERMANENT, "conflict")               \
	X(DB, RETRY, "database")                         \
	X(DB_DOWN, RETRY, "database_down")               \
	X(DB_TIMEOUT, RETRY, "database_timeout")         \
	X(SYSTEM, RETRY, "system")

enum err_code {
#define X(code, class, name) ERR_##code,
	ERR_CODES(X)
#undef X
		ERR_N
};

struct err {
	enum err_code code;
	char msg[240];
	int wait_ms; /* RATE_LIMITED: how long the provider asked us to wait; 0 = it did not say */
};

/* Sets the error. Returns -1, so: return err_set(err, ERR_TOO_BIG, "…"). */
int err_set(struct err *, enum err_code, const char *fmt, ...) PRINTF(3, 4);
/* Puts "fmt: " before the text. Returns -1. */
int err_wrap(struct err *, const char *fmt, ...) PRINTF(2, 3);
const char *err_name(enum err_code);
enum err_class err_class(enum err_code);
