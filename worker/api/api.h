#pragma once
/* The HTTP interface of a worker. routes.def lists its endpoints. */
#include "worker/services.h"

struct api;

/* ask() is true while this worker takes work; else `why` has the reason, in a few words. Any
 * thread. */
struct api_ready {
	bool (*ask)(void *ctx, char why[static 120]);
	void *ctx;
};

/* NULL if the setting `listen` is empty, or if the address cannot be bound: then that is logged,
 * and the worker runs without HTTP. The caller owns the result. */
struct api *api_start(const struct services *, struct api_ready);
void api_stop(struct api *); /* may be NULL */
