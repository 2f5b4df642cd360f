/* Tools of the kind code: what the model wrote is run in the sandbox, as a run of its own (table runs).
 * Arguments: code, and language where it is not python. */
#include "worker/runs.h"
#include "worker/toolbox/toolbox.h"

static void code_begin(struct tool_use *u)
{
	const struct json *j;
	struct err err;
	struct str code, language = STR("python");
	if (json_parse(&u->job->arena, u->arguments, CODE_MAX, &j, &err) < 0 || !json_str(j, "code", &code)) {
		u->private = NULL;
		return;
	}
	json_str(j, "language", &language);
	if (!str_eq(language, "python") && !str_eq(language, "javascript") && !str_eq(language, "bash"))
		return;
	u->private = run_begin(u->job, "tool", language.ptr, code, u->spec->timeout_ms);
}

static bool code_has_ended(const struct tool_use *u)
{
	return u->private == NULL || run_has_ended(u->private);
}

static void code_finish(struct tool_use *u)
{
	struct run *run = u->private;
	if (run == NULL) {
		u->state = USE_ERROR;
		snprintf(u->why, sizeof u->why, "the arguments have no code, or a language other than python, javascript, bash");
		return;
	}
	struct real_result r = run_shown(run, OUTPUT_KEPT);
	u->result = (struct str){ arena_dup(&u->job->arena, r.output.ptr, r.output.len), r.output.len };
	u->result_bytes =
		run_result(run)->output_bytes > (int64_t)r.output.len ? run_result(run)->output_bytes : (int64_t)r.output.len;
	u->has_end = !r.is_cut;
	u->state = strcmp(r.verdict, verdict_word(VERDICT_OK)) == 0 ? USE_OK : USE_ERROR;
	u->is_lost = run_result(run)->verdict == VERDICT_CANCELLED;
	if (strcmp(r.verdict, verdict_word(VERDICT_ERROR)) == 0)
		snprintf(u->why, sizeof u->why, "exit status %d", r.exit_code);
	else if (u->state != USE_OK)
		snprintf(u->why, sizeof u->why, "%s: %.200s", r.verdict, r.why);
	run_free(run);
	u->private = NULL;
}

/* A run has no effect outside of the sandbox. run_goes_on() of runs.c ends it when the job is to stop. */
const struct tool_kind tool_kind_code = {
	.name = "code", .is_repeatable = true, .begin = code_begin, .has_ended = code_has_ended, .finish = code_finish
};
