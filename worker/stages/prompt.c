/* Stage `prompt`: makes the conversation valid for every vendor: it begins with the user, roles
 * alternate, no turn is blank. */
#include "worker/llm/provider.h"
#include "worker/llm/turns.h"
#include "worker/stages/stages.h"

enum step stage_prompt(struct job *job, struct err *err)
{
	struct prompt *p = &job->prompt;
	struct turn *turns = arena_alloc(&job->arena, sizeof *turns * (size_t)MAX(p->n_turns, 1));
	p->n_turns = turns_clean(&job->arena, p->turns, p->n_turns, provider_speaks, turns);
	p->turns = turns;
	if (p->n_turns > 0)
		return STEP_NEXT;
	err_set(err, ERR_BAD_INPUT, "the message is blank");
	return STEP_FAIL;
}
