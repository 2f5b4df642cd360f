/* Stages `intent` (classifies the question, for agents that have intents) and `report`. */
#include "worker/llm/intent.h"
#include "worker/stages/stages.h"

enum step stage_intent(struct job *job, struct err *err)
{
	(void)err;
	return intent_step(job);
}

enum step stage_report(struct job *job, struct err *err)
{
	(void)err;
	job->on_report(job);
	intent_free(job);
	return STEP_END;
}
