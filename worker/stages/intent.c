/* What the question is about, for agents that want to know. */
#include "worker/llm/intent.h"
#include "worker/stages/stages.h"

enum step classify(struct job *job, struct err *err)
{
	(void)err;
	return intent_step(job);
}

enum step tell(struct job *job, struct err *err)
{
	(void)err;
	job->on_trial(job);
	intent_free(job);
	return DONE;
}
