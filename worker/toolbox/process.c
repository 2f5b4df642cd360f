/*
 * Tools of the kind process: a request begins something long, which is answered later (worker/api/tasks.c), or at
 * once. A request of which nobody knows whether it came is one that may be answered, until its time is over.
 */
#include "worker/toolbox/process.h"

#include "worker/toolbox/toolbox.h"

static const struct {
	const char *word;
	enum process_word means;
} WORDS[] = { { "running", PROCESS_ON },   { "accepted", PROCESS_ON },   { "pending", PROCESS_ON },
	      { "queued", PROCESS_ON },    { "started", PROCESS_ON },    { "processing", PROCESS_ON },
	      { "error", PROCESS_FAILED }, { "failed", PROCESS_FAILED }, { "failure", PROCESS_FAILED } };

enum process_word process_says(const struct json *answer)
{
	struct str status = STR("");
	json_str(answer, "status", &status);
	for (size_t i = 0; i < ARRAY_SIZE(WORDS); i++)
		if (str_eq(status, WORDS[i].word))
			return WORDS[i].means;
	return PROCESS_DONE;
}

static void process_finish(struct tool_use *u)
{
	const struct json *j = NULL;
	struct err err;
	http_finish(u);
	if (u->result.len > 0 && json_parse(&u->job->arena, u->result, RESULT_MAX, &j, &err) < 0)
		j = NULL;
	bool is_on = u->state == USE_OK && (u->status == 202 || process_says(j) == PROCESS_ON);
	if (u->is_lost || (is_on && u->spec->waits)) {
		u->is_lost = false;
		u->is_waiting = true;
		u->state = USE_RUNNING;
		u->waits_ms = u->spec->timeout_ms - (clock_mono() - u->began) / USEC_PER_MSEC;
	} else if (is_on) {
		u->goes_on = true;
	} else if (u->state == USE_OK && process_says(j) == PROCESS_FAILED) {
		u->state = USE_ERROR;
		snprintf(u->why, sizeof u->why, "it says that it failed");
	}
}

const struct tool_kind tool_kind_process = { .name = "process",
	                                     .is_later = true,
	                                     .begin = http_begin,
	                                     .has_ended = http_has_ended,
	                                     .cancel = http_cancel,
	                                     .finish = process_finish };
