/* Stage `generate`: the answer; one attempt at the agent's providers. */
#include "worker/llm/llm.h"
#include "worker/stages/stages.h"

enum step stage_generate(struct job *job, struct err *err)
{
	enum step step = llm_step(job, err);
	return step == STEP_FAIL && code_is_kept(job, err) ? STEP_DONE : step;
}
