#pragma once
/* The steps of a message, in the order of the story (worker/job.c). None blocks on a model, a person or a clock. */
#include "worker/job.h"

enum step generate(struct job *, struct err *);
enum step settle(struct job *, struct err *);
