/* Stage `prompt`: makes the conversation valid for every vendor: it begins with the user, roles
 * alternate, no turn is blank. */
#include "sql_embed.h"
#include "worker/llm/provider.h"
#include "worker/llm/turns.h"
#include "worker/stages/stages.h"

/* For agents whose code is run: the source's rule against simulating (autoCodeGenerator, "NEVER say …"). */
#define RULE                                                                                                                          \
	"Code blocks marked python, javascript or bash in your answer are REALLY executed, and their real output is put below them. " \
	"Write code for every calculation. NEVER say 'I will simulate' or 'Execution simulee', and never write what the output "      \
	"would be: it is added for you."

static void add_rule(struct job *job)
{
	struct prompt *p = &job->prompt;
	if (job->columns[COL_CONTEXTS_RUN_CODE] != NULL)
		p->system = p->system != NULL ? arena_strf(&job->arena, "%s\n\n%s", p->system, RULE) : RULE;
}

enum step stage_prompt(struct job *job, struct err *err)
{
	struct prompt *p = &job->prompt;
	add_rule(job);
	struct turn *turns = arena_alloc(&job->arena, sizeof *turns * (size_t)MAX(p->n_turns, 1));
	p->n_turns = turns_clean(&job->arena, p->turns, p->n_turns, provider_speaks, turns);
	p->turns = turns;
	if (p->n_turns > 0)
		return STEP_NEXT;
	err_set(err, ERR_BAD_INPUT, "the message is blank");
	return STEP_FAIL;
}
