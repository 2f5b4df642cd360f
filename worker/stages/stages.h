#pragma once
/* The steps of a message, in the order of the story (worker/job.c). None blocks on a model, a person or a clock. */
#include "worker/job.h"

enum step classify(struct job *, struct err *);
enum step generate(struct job *, struct err *);
enum step settle(struct job *, struct err *);
/* A trial's end: its owner is told what was found. */
enum step tell(struct job *, struct err *);
