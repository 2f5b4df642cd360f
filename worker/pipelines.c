/* The stages of each kind of job. */
#include "worker/job.h"
#include "worker/stages/stages.h"

/* An attempt at a message. */
const struct pipeline PIPELINE_MESSAGE = { .is_message = true,
	                                   .stages = {
						   /* parks for the database: agent and turns */
						   { "context", stage_context },
						   /* parks for the sandbox, if it is a calculation */
						   { "calculate", stage_calculate },
						   /* parks for a small model, if not known yet */
						   { "intent", stage_intent },
						   /* makes the turns valid for every vendor */
						   { "prompt", stage_prompt },
						   /* parks for the calls of tools that the model asked for */
						   { "tools", stage_tools },
						   /* parks for the model; back to `tools` if it asks for some */
						   { "generate", stage_generate },
						   /* parks for the sandbox, if the answer has code */
						   { "code", stage_code },
						   /* parks for the writer: the one commit */
						   { "settle", stage_settle },
					   } };

/* A text that is only classified (worker/work/evaluate.c): there is no message, so nothing is
 * settled. */
const struct pipeline PIPELINE_CLASSIFY = { .stages = {
						    { "intent", stage_intent },
						    { "report", stage_report },
					    } };
