#pragma once
/* What the functions of routes.def share. A route is a function of a file here, and its line. */
#include "worker/api/api.h"
#include "worker/api/server.h"

struct api {
	const struct services *services;
	struct api_ready ready;
	struct metrics *metrics;
	struct server *server;
};

/* ctx is the struct api. */
#define ROUTE(method, pattern, scope, body, answers, run) void run(void *ctx, const struct request *, struct reply_http *);
#include "worker/api/routes.def"
#undef ROUTE
