/* Stage `generate`: the answer; one attempt at the agent's providers. */
#include "worker/llm/llm.h"
#include "worker/stages/stages.h"

enum step stage_generate(struct job *job, struct err *err)
{
	return llm_step(job, err);
}
