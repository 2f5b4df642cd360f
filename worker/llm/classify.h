#pragma once
/* Turns a provider's answer into the error that it means. The words of all vendors are tried for
 * each provider, because gateways pass on the errors of other vendors. Pure functions. */
#include "shared/err.h"
#include "shared/json.h"

#define ERROR_BODY_MAX 65536 /* bytes; more of an error's body is not read */

/* Turns an HTTP status and body into an error. err->wait_ms: how long the provider asks us to wait.
 * retry_after_ms: the wait in its headers, -1: not stated. Returns -1. */
int classify_http(int status, struct str body, int retry_after_ms, struct err *err);
/* The error for a redirect. Redirects are not followed: the text names the address that base_url
 * should have. Returns -1. */
int classify_redirect(int status, const char *location, struct err *err);

/* True when an event, or a whole body, is an error although the status was 200: it has a non-empty
 * `error`, or its name or type is an error's, or it has no member of `payload` (NULL-terminated)
 * but has a text where vendors put error messages. name: the event's name. */
bool is_error_event(const struct json *, const char *name, const char *const *payload);
/* Turns such an event into an error, by its code, type and text; ERR_SERVER_ERROR when these say
 * nothing. `event` is its raw text, the json the same, parsed. Returns -1. */
int classify_event(struct str event, const struct json *, struct err *err);
