#pragma once
/* The HTTP interface of a worker: what there is stands in routes.c. */
#include "worker/services.h"

struct api;

/* True while this worker takes work; else why not, in a few words. Any thread. */
struct api_ready {
	bool (*ask)(void *ctx, char why[static 120]);
	void *ctx;
};

/* NULL where `listen` is empty or cannot be had: that is logged, and the worker works without. Caller owns. */
struct api *api_start(const struct services *, struct api_ready);
void api_stop(struct api *); /* may be NULL */
