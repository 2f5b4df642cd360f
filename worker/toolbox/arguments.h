#pragma once
/*
 * The arguments of a tool's call, as a model gave them, and what is bound to the call instead of asked of the
 * model. Pure. Arguments travel as the bytes that the model wrote; members are only ever left out.
 */
#include "shared/arena.h"
#include "shared/json.h"

#define ARGUMENTS_MEMBERS_MAX 256

struct arguments {
	struct str text;  /* a JSON object; valid as long as the arena */
	const char *note; /* names that were dropped; NULL: none */
	char why[240];    /* of a refusal, in words for the model */
};

/* Leaves out members that are bound to the call, in any spelling (case, _ and - do not count): the names of
 * `payload`, and the fields that it may name. Refuses arguments that are no object, that have a member twice
 * (also in two spellings of case), that spell a property of the schema in another case, and those that the
 * schema does not take. Then appends the defaults that the schema has for members that are not there. False:
 * refused. schema (schema_text, parsed) and payload may be NULL. */
bool arguments_check(struct arena *, struct str schema_text, const struct json *schema, const char *payload, struct str given,
                     struct arguments *out);

/* Writes the members that `payload` names ("NAME NAME=FIELD …") with their values from `bound`, an object, as
 * JSON members without braces: a value that is not there is null. */
void arguments_put_bound(struct strbuf *, const char *payload, const struct json *bound);
/* Writes one object: what is bound, then the members of `arguments`, an object, as they stand. */
void arguments_put_body(struct strbuf *, const char *payload, const struct json *bound, struct str arguments);
/* Writes the members as NAME=VALUE&…, for a query: strings as they are, other values as JSON; percent-encoded. */
void arguments_put_query(struct strbuf *, const char *payload, const struct json *bound, struct str arguments);
