#pragma once
/* The stages of the pipelines (worker/pipelines.c). No stage blocks on a model, a person, a
 * database or a clock. */
#include "worker/job.h"

enum step stage_context(struct job *, struct err *);
enum step stage_calculate(struct job *, struct err *);
enum step stage_intent(struct job *, struct err *);
enum step stage_prompt(struct job *, struct err *);
enum step stage_tools(struct job *, struct err *);
enum step stage_generate(struct job *, struct err *);
enum step stage_code(struct job *, struct err *);
/* Called when `generate` fails. True: that was the second round of stage_code(), and the first answer is kept; err is cleared. */
bool code_is_kept(struct job *, struct err *);
enum step stage_settle(struct job *, struct err *);
/* The last stage of PIPELINE_CLASSIFY: calls job->on_report, which takes the result. */
enum step stage_report(struct job *, struct err *);
/* RECORD(settled) of worker/records.def. settled_refused() replaces a refused record with one that
 * fails the message and has the reason. */
bool settled_refused(struct record *, const struct err *why);
void settled_written(struct record *const *, int n, usec_t took);
