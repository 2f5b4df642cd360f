#pragma once
/*
 * Dispatches messages that are the first of a new session: what most requests are. One thread with one connection; what
 * comes while a statement runs goes into the next one, all of a token and an agent together, in one commit. What cannot go
 * so (a limit, a bound thread, a refused content) is dispatched by itself, and for some seconds the desks do that.
 */
#include "worker/api/routes.h"

struct dispatcher *dispatcher_start(struct api *);
/* Answers what has not been dispatched with 503. */
void dispatcher_stop(struct dispatcher *);
/* True: it takes the request, which is parked (ROUTE_PARKED), with a copy of what is in `in`, and will answer it. False: the
 * caller sends the message (send_message()). Any thread. */
bool dispatcher_add(struct dispatcher *, struct request *, const struct sending *, usec_t wait, struct reply_http *);
