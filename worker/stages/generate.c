/* Stage `generate`: the answer; one attempt at the agent's providers. */
#include "worker/llm/llm.h"
#include "worker/stages/stages.h"

enum step stage_generate(struct job *job, struct err *err)
{
	enum step step = llm_step(job, err);
	if (step == STEP_NEXT && llm_asks_for_tools(job))
		return step_back(job, "tools");
	return step == STEP_FAIL && code_is_kept(job, err) ? STEP_DONE : step;
}
