#pragma once
/* What went wrong with a call, from what the provider answered. Pure. */
#include "worker/llm/provider.h"

/* HTTP status and body to an error; err->wait_ms says how long the provider asks us to wait. retry_after_ms: from its headers, -1: not said.
 * Returns -1. */
int classify_http(const struct provider_ops *, int status, struct str body, int retry_after_ms, struct err *);
/* An event that is an error, inside of a stream whose status was 200. Judged by its code, type and text; ERR_SERVER_ERROR when they say
 * nothing. Returns -1. */
int classify_stream(const struct provider_ops *, struct str event, struct err *);
