/* A stage to see what a stage takes. */
#include "worker/stages/stages.h"

enum step stage_example(struct job *job, struct err *err)
{
	(void)job;
	(void)err;
	return STEP_NEXT;
}
