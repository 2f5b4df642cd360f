/* The answer: one attempt at the agent's providers. */
#include "worker/llm/llm.h"
#include "worker/stages/stages.h"

enum step generate(struct job *job, struct err *err)
{
	if (job->err.code != ERR_OK) /* the claim could not make sense of it */
		return FAIL;
	return llm_step(job, err);
}
