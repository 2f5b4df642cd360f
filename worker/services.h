#pragma once
/* The modules that stages may use, set up by main.c. */
#include "worker/options.h"

struct jobs;
struct contexts;
struct writer;
struct engine;
struct breakers;
struct lacks;
struct counts;
struct tally;
struct runs;
struct sandbox;
struct sql_tools;
struct cache;
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
	struct vectors *vectors; /* vectors of agents' labels */
	struct counts *counts;   /* telemetry/count.h; may be NULL, as in tests */
	struct tally *tally;     /* api/tally.h; NULL if there is no HTTP */
	struct sandbox *sandbox; /* tools/sandbox.h; for the threads that run code: they exist where there is one */
	struct runs *runs;       /* code of messages; runs.h */
	struct sql_tools *sql_tools; /* toolbox/toolbox.h */
	struct cache *cache;     /* results of calculations; calculate/cache.h */
	struct trace *trace;     /* telemetry/trace.h; NULL if no spans are collected */
	char worker_key[40];     /* of the first incarnation; the current one: lease_key() */
	const char *worker_name;
};
