#pragma once
/* How the database describes a route (routes_for.sql, intent_spec.sql). */
#include "worker/job.h"

struct json;

/* Strings stay where the document is; what it does not name is NULL, 0 or false. */
struct route route_read(const struct json *);
