#pragma once
/* The rooms that stages may use, wired by main.c. */
#include "worker/options.h"

struct jobs;
struct writer;
struct engine;
struct breakers;

struct services {
	const struct options *options;
	struct jobs *jobs;
	struct writer *writer;
	struct engine *engine;
	struct breakers *breakers;
	char worker_id[40]; /* this incarnation */
	const char *worker_name;
};
