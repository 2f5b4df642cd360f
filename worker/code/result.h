#pragma once
/* The real result of a run, as it is shown in an answer. Pure. */
#include "shared/str.h"

struct real_result {
	const char *verdict; /* ok, error, … (worker/tools/sandbox.h) */
	const char *why;     /* of code that was not run */
	struct str output;
	bool is_cut;      /* output: only its beginning */
	bool with_status; /* say the exit status also where it is 0 */
	int exit_code;    /* of ok and error */
	int64_t took_ms;
};

/* True if the code was not run at all. */
bool result_is_of_no_run(const struct real_result *);
/* Appends its line, "✅ **REAL result of the execution (41ms):**", and a block with the output, or that there is
 * none. */
void result_put(struct strbuf *, const struct real_result *, bool is_french);
/* Appends a block that the text cannot close: its fence is longer than any in it. */
void result_put_block(struct strbuf *, const char *language, struct str text);
/* The line that stands where the model wrote one in our form. */
const char *result_forged(bool is_french);
/* Whether a text is rather French than English, by its small words. */
bool is_rather_french(struct str text);
