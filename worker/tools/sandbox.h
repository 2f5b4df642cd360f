#pragma once
/*
 * Runs foreign code: in bubblewrap, as a user who owns nothing, without network, environment or view of the host, with a
 * filter of system calls, and under limits of time, memory, processes, files and output. What it starts ends with it. The
 * recipe, and what each part of it holds off: docs/decisions/021-sandbox.md. There is no other way to run code here: where
 * a part cannot be had, nothing is run.
 */
#include "shared/clock.h"
#include "shared/err.h"
#include "shared/str.h"

/* How a run ended; the words are stored. REJECTED: it was not run, because of what it is; SANDBOX_ERROR: because of this
 * machine. Only our own limits are timeout and …_limit: a program that ends with 137 or 124 by itself is an `error`. */
#define VERDICTS(X)                  \
	X(OK, "ok")                  \
	X(ERROR, "error")            \
	X(TIMEOUT, "timeout")        \
	X(MEMORY, "memory_limit")    \
	X(OUTPUT, "output_limit")    \
	X(DISK, "disk_limit")        \
	X(REJECTED, "rejected")      \
	X(CANCELLED, "cancelled")    \
	X(SANDBOX, "sandbox_error")
enum verdict {
#define X(name, word) VERDICT_##name,
	VERDICTS(X)
#undef X
};
const char *verdict_word(enum verdict);

#define CODE_MAX (1u << 20)       /* bytes of code */
#define OUTPUT_KEPT (64u << 10)   /* bytes of output that are kept; at four times as many the run is ended */
#define CODE_TIMEOUT_MAX_MS 300000

struct sandbox;
/* Finds bubblewrap, makes the filter, and runs a first program in each language. Fails with ERR_REFUSED where this machine cannot hold
 * code: the reason, for people. Caller owns. */
MUSTCHECK int sandbox_new(struct sandbox **out, struct err *);
void sandbox_free(struct sandbox *);

struct sandbox_run {
	const char *language; /* python, javascript, bash */
	struct str code;
	int64_t timeout_ms;
	int slot; /* which of the runs at once: each has a user of its own, if the worker is root */
	/* Asked ten times a second: false ends the run as CANCELLED. NULL: goes on. */
	bool (*goes_on)(void *ctx);
	void *ctx;
};

struct sandbox_result {
	enum verdict verdict;
	int exit_code;         /* of OK and ERROR; 128 + n: possibly signal n */
	usec_t took;           /* from the start of the program to its end */
	struct strbuf output;  /* both its streams as they came, repaired (utf8_repair), cut at a character; caller releases */
	int64_t output_bytes;  /* all that it wrote, as far as it was read */
	char interpreter[160]; /* the program that ran it, and its version */
	char limits[400];      /* that it ran under, as prlimit takes them, and its time */
	char why[200];         /* of all but OK and ERROR: for people */
};

/* Must be called on a thread that lives as long as the process: the kernel ends the run with the thread that began it. */
void sandbox_run(struct sandbox *, const struct sandbox_run *, struct sandbox_result *);
/* Appends the fields of a JSON object that a run's row gets from a result (sql/functions/internal/run_close.sql,
 * worker/run_write.sql). */
void sandbox_put_result(struct strbuf *, const struct sandbox_result *);
