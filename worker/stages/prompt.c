/* Stage `prompt`: makes the conversation valid for every vendor: it begins with the user, roles
 * alternate, no turn is blank. */
#include "worker/llm/provider.h"
#include "worker/llm/turns.h"
#include "worker/stages/stages.h"

/* For agents that show real results: the source's rule against simulating. */
#define NEVER                                                                                                                   \
	"NEVER say 'I will simulate' or 'Execution simulee'. Lines with 'REAL result of the execution' or 'Résultat RÉEL de " \
	"l'exécution' are written by the system only: never write one."
#define RUN                                                                                                                           \
	"Code blocks marked python, javascript or bash in your answer are REALLY executed, and their real output is put below them. " \
	"Write code for every calculation, and never write what its output would be: it is added for you. "

static void add_rule(struct job *job)
{
	struct prompt *p = &job->prompt;
	if (!job->live.shows_real)
		return;
	const char *rule = job->live.runs_code ? RUN NEVER : NEVER;
	p->system = p->system != NULL ? arena_strf(&job->arena, "%s\n\n%s", p->system, rule) : rule;
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
