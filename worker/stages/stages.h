#pragma once
/* The stages of the pipelines (worker/pipelines.c). None blocks on a model, a person, a database or a clock. */
#include "worker/job.h"

enum step stage_context(struct job *, struct err *);
enum step stage_intent(struct job *, struct err *);
enum step stage_prompt(struct job *, struct err *);
enum step stage_generate(struct job *, struct err *);
enum step stage_settle(struct job *, struct err *);
/* The end of PIPELINE_CLASSIFY: its owner is told what was found. */
enum step stage_report(struct job *, struct err *);
/* RECORD(settled) of worker/records.def. A record that is refused becomes one that fails the message and says why. */
bool settled_refused(struct record *, const struct err *why);
void settled_written(struct record *const *, int n, usec_t took);
