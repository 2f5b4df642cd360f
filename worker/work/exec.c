/* Runs the code of a row of signalbox.runs in the sandbox. */
#include "worker/tools/sandbox.h"
#include "worker/work/task.h"

static bool exec_goes_on(void *ctx)
{
	return task_goes_on(ctx);
}

static void put_result(struct strbuf *b, const struct sandbox_result *r)
{
	strbuf_char(b, '{');
	json_put_field(b, "verdict", verdict_word(r->verdict));
	if (r->verdict == VERDICT_OK || r->verdict == VERDICT_ERROR)
		json_put_int_field(b, "exit_code", r->exit_code);
	json_put_key(b, "duration_ms");
	strbuf_addf(b, "%.3f", (double)r->took / USEC_PER_MSEC);
	json_put_key(b, "output");
	json_put_str(b, (struct str){ strbuf_text(&r->output), r->output.len });
	json_put_int_field(b, "output_bytes", r->output_bytes);
	json_put_field(b, "why", r->why);
	json_put_field(b, "interpreter", r->interpreter);
	json_put_field(b, "limits", r->limits);
	strbuf_char(b, '}');
}

int run_code(struct task *task, struct strbuf *result, struct err *err)
{
	struct sandbox_run run = { .slot = task->slot, .goes_on = exec_goes_on, .ctx = task };
	struct str language;
	struct sandbox_result r;
	if (task->spec == NULL || !json_str(task->spec, "language", &language) || !json_str(task->spec, "code", &run.code) ||
	    !json_int(task->spec, "timeout_ms", &run.timeout_ms))
		return err_set(err, ERR_BAD_INPUT, "the run has no code");
	run.language = language.ptr;
	sandbox_run(task->services->sandbox, &run, &r);
	put_result(result, &r);
	task->n_done = 1;
	/* Ended by us before it was done: another worker begins it again, or nobody waits for it. */
	task->is_left &= r.verdict == VERDICT_CANCELLED;
	strbuf_release(&r.output);
	return 0;
}
