/* Runs the code of a row of signalbox.runs in the sandbox. */
#include "worker/telemetry/facts.h"
#include "worker/tools/sandbox.h"
#include "worker/work/task.h"

static bool exec_goes_on(void *ctx)
{
	return task_goes_on(ctx);
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
	facts_run(task->services->counts, &(struct run_facts){ NULL, run.language, "exec", verdict_word(r.verdict), r.took });
	strbuf_char(result, '{');
	sandbox_put_result(result, &r);
	strbuf_char(result, '}');
	task->n_done = 1;
	/* Ended by us before it was done: another worker begins it again, or nobody waits for it. */
	task->is_left &= r.verdict == VERDICT_CANCELLED;
	strbuf_release(&r.output);
	return 0;
}
