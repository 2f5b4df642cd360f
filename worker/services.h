#pragma once
/* The rooms that stages may use, wired by main.c. */
#include "worker/options.h"

struct jobs;
struct contexts;
struct writer;
struct engine;
struct breakers;
struct lacks;
struct counts;
struct trace;
struct vectors;

struct services {
	const struct options *options;
	struct jobs *jobs;
	struct contexts *contexts;
	struct writer *writer;
	struct engine *engine;
	struct breakers *breakers;
	struct lacks *lacks;
	struct vectors *vectors; /* of labels */
	struct counts *counts;   /* telemetry/count.h; may be NULL, as in tests */
	struct trace *trace;     /* telemetry/trace.h; NULL when nobody collects */
	char worker_key[40];     /* of the first incarnation; which one it is now: lease_key() */
	const char *worker_name;
};
