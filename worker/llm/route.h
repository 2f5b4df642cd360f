#pragma once
/* Reads a route as the database describes it (routes_for.sql, intent_spec.sql). */
#include "worker/job.h"

struct json;

/* Strings live as long as the parsed document; members that it does not have are NULL, 0 or
 * false. */
struct route route_read(const struct json *);
