/*
 * Tools of the kind process: a request begins something long, which is answered later (worker/api/tasks.c), or at
 * once. A request of which nobody knows whether it came is one that may be answered, until its time is over.
 */
#include "worker/toolbox/toolbox.h"

/* What its answer says about it. */
static bool says(const struct json *j, const char *const *words)
{
	struct str status;
	if (!json_str(j, "status", &status))
		return false;
	for (; *words != NULL; words++)
		if (str_eq(status, *words))
			return true;
	return false;
}

static void process_finish(struct tool_use *u)
{
	static const char *const ON[] = { "running", "accepted", "pending", "queued", "started", "processing", NULL };
	static const char *const FAILED[] = { "error", "failed", "failure", NULL };
	const struct json *j = NULL;
	struct err err;
	http_finish(u);
	if (u->result.len > 0 && json_parse(&u->job->arena, u->result, RESULT_MAX, &j, &err) < 0)
		j = NULL;
	bool is_on = u->state == USE_OK && (u->status == 202 || says(j, ON));
	if (u->is_lost || (is_on && u->spec->waits)) {
		u->is_lost = false;
		u->is_waiting = true;
		u->state = USE_RUNNING;
		u->waits_ms = u->spec->timeout_ms - (clock_mono() - u->began) / USEC_PER_MSEC;
	} else if (is_on) {
		u->goes_on = true;
	} else if (u->state == USE_OK && says(j, FAILED)) {
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
