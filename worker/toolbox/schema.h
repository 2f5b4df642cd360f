#pragma once
/*
 * Whether a value is as a JSON Schema says, for the arguments of tools. Pure. Known, as drafts 4 and 6 have
 * them: type, enum, const, required, properties, additionalProperties, minProperties, maxProperties, items,
 * additionalItems, minItems, maxItems, uniqueItems, minLength, maxLength, minimum, maximum, exclusiveMinimum,
 * exclusiveMaximum (both forms), multipleOf, allOf, anyOf, oneOf, not, true and false. Every other keyword
 * (pattern, format, $ref, …) is for the model only, and is not judged here. Numbers are compared as doubles.
 */
#include "shared/json.h"

#define SCHEMA_WHY_MAX 200

/* False with the first thing that is wrong and where, in words for the model. Either may be NULL (then true).
 * */
bool schema_fits(const struct json *schema, const struct json *value, char why[static SCHEMA_WHY_MAX]);
