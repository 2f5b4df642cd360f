/* What becomes of each kind of work, stage by stage. */
#include "worker/job.h"
#include "worker/stages/stages.h"

/* An attempt at a message. */
const struct pipeline
	PIPELINE_MESSAGE = { .is_message = true,
	                     .stages = {
				     { "context", stage_context },   /* parks for the database: agent and conversation */
				     { "intent", stage_intent },     /* parks for a small model, where it is not known yet */
				     { "prompt", stage_prompt },     /* what the model is told */
				     { "generate", stage_generate }, /* parks for the model */
				     { "settle", stage_settle },     /* parks for the writer: the one commit that counts */
			     } };

/* A question of nobody's, only to be classified (worker/work.c): nothing is settled. */
const struct pipeline PIPELINE_CLASSIFY = { .stages = {
						    { "intent", stage_intent },
						    { "report", stage_report },
					    } };
