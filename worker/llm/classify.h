#pragma once
/* What went wrong with a call, from what the provider answered, in whatever vendor's words: gateways pass on those of others. Pure. */
#include "shared/err.h"
#include "shared/json.h"

#define ERROR_BODY_MAX 65536 /* of a body that is an error no more is read */

/* HTTP status and body to an error; err->wait_ms says how long the provider asks us to wait. retry_after_ms: from its headers, -1: not said.
 * Returns -1. */
int classify_http(int status, struct str body, int retry_after_ms, struct err *err);
/* A redirect, which is not followed: it points to where base_url should. Returns -1. */
int classify_redirect(int status, const char *location, struct err *err);

/* An event, or a whole body, that is an error although the status was 200: it has an `error` that says something, or says that it is one, or it has
 * nothing of an answer (none of `payload`, NULL-terminated) and a text that can only be a complaint. name: the event's. */
bool is_error_event(const struct json *, const char *name, const char *const *payload);
/* Such an event, as it stands and read. Judged by its code, type and text; ERR_SERVER_ERROR when they say nothing. Returns -1. */
int classify_event(struct str event, const struct json *, struct err *err);
