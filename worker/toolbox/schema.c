#include "worker/toolbox/schema.h"

#include <math.h>
#include <stdarg.h>

#include "shared/utf8.h"

#define UNIQUE_MAX 1000 /* items that must differ: each is compared with each */

/* Where the judging is: the way from the arguments to the value, and what was found. */
struct judging {
	char path[80];
	char *why; /* NULL: nobody wants to know, as inside of anyOf */
};

static bool fits(const struct json *schema, const struct json *value, struct judging *g);

static bool PRINTF(2, 3) is_not(struct judging *g, const char *fmt, ...)
{
	if (g->why != NULL && g->why[0] == '\0') {
		va_list args;
		int n = snprintf(g->why, SCHEMA_WHY_MAX, "%s ", g->path[0] != '\0' ? g->path : "the arguments");
		va_start(args, fmt);
		vsnprintf(g->why + n, (size_t)(SCHEMA_WHY_MAX - n), fmt, args);
		va_end(args);
		size_t len = strlen(g->why);
		g->why[len - utf8_unfinished((struct str){ g->why, len })] = '\0';
	}
	return false;
}

/* Judges a part of the value, under its name. */
static bool fits_in(const struct json *schema, const struct json *value, const char *name, struct judging *g)
{
	struct judging inner = { .why = g->why };
	int n = snprintf(inner.path, sizeof inner.path, "%s%s%.40s", g->path, g->path[0] != '\0' ? "." : "", name);
	if (n >= (int)sizeof inner.path)
		inner.path[sizeof inner.path - 1 - utf8_unfinished((struct str){ inner.path, sizeof inner.path - 1 })] = '\0';
	return fits(schema, value, &inner);
}

static bool judge_silently(const struct json *schema, const struct json *value)
{
	return fits(schema, value, &(struct judging){ .why = NULL });
}

/* ---------------------------------------------------------------- kinds of values */

static bool is_any_number(const struct json *j)
{
	double d;
	return json_double(j, "", &d);
}

static bool is_integer(const struct json *j)
{
	double d;
	return json_double(j, "", &d) && trunc(d) == d;
}

static bool is_boolean(const struct json *j)
{
	bool b;
	return json_bool(j, "", &b);
}

static bool is_null(const struct json *j)
{
	return json_is_null(j, "");
}

static const struct {
	const char *name;
	bool (*is)(const struct json *);
} TYPES[] = { { "object", json_is_object }, { "array", json_is_array }, { "string", json_is_string }, { "number", is_any_number },
	      { "integer", is_integer },    { "boolean", is_boolean },  { "null", is_null } };

static bool is_type(const struct json *value, struct str name)
{
	for (size_t i = 0; i < ARRAY_SIZE(TYPES); i++)
		if (str_eq(name, TYPES[i].name))
			return TYPES[i].is(value);
	return true; /* a type that nobody knows */
}

static bool equal(const struct json *a, const struct json *b);

static const struct json *member_of(const struct json *object, const char *name)
{
	const struct json *m = json_first(object);
	while (m != NULL && strcmp(json_key(m), name) != 0)
		m = json_next(m);
	return m;
}

static bool equal_lists(const struct json *a, const struct json *b)
{
	const struct json *y = json_first(b);
	if (json_count(a) != json_count(b))
		return false;
	for (const struct json *x = json_first(a); x != NULL; x = json_next(x), y = json_next(y))
		if (!equal(x, y))
			return false;
	return true;
}

static bool equal_objects(const struct json *a, const struct json *b)
{
	if (json_count(a) != json_count(b))
		return false;
	for (const struct json *x = json_first(a); x != NULL; x = json_next(x)) {
		const struct json *y = member_of(b, json_key(x));
		if (y == NULL || !equal(x, y))
			return false;
	}
	return true;
}

static bool equal(const struct json *a, const struct json *b)
{
	bool p, q;
	double x, y;
	if (json_is_object(a))
		return json_is_object(b) && equal_objects(a, b);
	if (json_is_array(a))
		return json_is_array(b) && equal_lists(a, b);
	if (json_is_string(a))
		return json_is_string(b) && strcmp(json_value(a).ptr, json_value(b).ptr) == 0;
	if (json_double(a, "", &x))
		return json_double(b, "", &y) && !(x < y) && !(x > y);
	if (json_bool(a, "", &p))
		return json_bool(b, "", &q) && p == q;
	return is_null(b);
}

/* ---------------------------------------------------------------- keywords */

static bool fits_type(const struct json *type, const struct json *value, struct judging *g)
{
	if (json_is_string(type))
		return is_type(value, json_value(type)) || is_not(g, "must be of type %s", json_value(type).ptr);
	for (const struct json *t = json_first(type); t != NULL; t = json_next(t))
		if (json_is_object(t) ? judge_silently(t, value) : is_type(value, json_value(t)))
			return true;
	return json_count(type) == 0 || is_not(g, "is of another type than it must be");
}

static bool fits_enum(const struct json *list, const struct json *value, struct judging *g)
{
	for (const struct json *x = json_first(list); x != NULL; x = json_next(x))
		if (equal(x, value))
			return true;
	return is_not(g, "is none of the values that it may have");
}

/* True when the bound exists and d is beyond it. */
static bool is_beyond(const struct json *s, const char *bound, const char *exclusive, double d, int sign)
{
	double limit;
	bool is_exclusive = false;
	json_bool(s, exclusive, &is_exclusive); /* draft 4 */
	if (json_double(s, bound, &limit) && (sign * (d - limit) > 0 || (is_exclusive && !(sign * (d - limit) < 0))))
		return true;
	return json_double(s, exclusive, &limit) && !(sign * (d - limit) < 0); /* draft 6 */
}

static bool fits_number(const struct json *s, double d, struct judging *g)
{
	double step;
	if (is_beyond(s, "minimum", "exclusiveMinimum", d, -1))
		return is_not(g, "is too small");
	if (is_beyond(s, "maximum", "exclusiveMaximum", d, 1))
		return is_not(g, "is too large");
	if (json_double(s, "multipleOf", &step) && step > 0) {
		double q = d / step;
		if (!isfinite(q) || fabs(q - round(q)) > 1e-9 * fmax(1, fabs(q)))
			return is_not(g, "is no multiple of what it must be one of");
	}
	return true;
}

/* True when n is within the two limits, where they are given. */
static bool is_within(const struct json *s, const char *min, const char *max, size_t n)
{
	double limit;
	return !(json_double(s, min, &limit) && (double)n < limit) && !(json_double(s, max, &limit) && (double)n > limit);
}

static bool fits_list(const struct json *s, const struct json *value, struct judging *g)
{
	const struct json *items = member_of(s, "items"), *more = member_of(s, "additionalItems"),
			  *one = json_is_array(items) ? json_first(items) : items;
	bool is_unique = false;
	int i = 0;
	char at[24];
	if (!is_within(s, "minItems", "maxItems", (size_t)json_count(value)))
		return is_not(g, "has too few or too many items");
	for (const struct json *x = json_first(value); x != NULL; x = json_next(x), i++) {
		snprintf(at, sizeof at, "[%d]", i);
		if (!fits_in(json_is_array(items) && one == NULL ? more : one, x, at, g))
			return false;
		if (json_is_array(items) && one != NULL)
			one = json_next(one);
	}
	if (!json_bool(s, "uniqueItems", &is_unique) || !is_unique)
		return true;
	if (i > UNIQUE_MAX)
		return is_not(g, "has over %d items", UNIQUE_MAX);
	for (const struct json *x = json_first(value); x != NULL; x = json_next(x))
		for (const struct json *y = json_next(x); y != NULL; y = json_next(y))
			if (equal(x, y))
				return is_not(g, "has an item twice");
	return true;
}

/* Drafts 4 and later list what is required; in draft 3 each property says so. */
static bool has_required(const struct json *s, const struct json *value, struct judging *g)
{
	const struct json *list = member_of(s, "required"), *properties = member_of(s, "properties");
	for (const struct json *name = json_is_array(list) ? json_first(list) : NULL; name != NULL; name = json_next(name))
		if (member_of(value, json_value(name).ptr) == NULL)
			return is_not(g, "lacks %.60s", json_value(name).ptr);
	for (const struct json *p = json_is_object(properties) ? json_first(properties) : NULL; p != NULL; p = json_next(p)) {
		bool is_required = false;
		if (json_bool(member_of(p, "required"), "", &is_required) && is_required && member_of(value, json_key(p)) == NULL)
			return is_not(g, "lacks %.60s", json_key(p));
	}
	return true;
}

static bool fits_object(const struct json *s, const struct json *value, struct judging *g)
{
	const struct json *properties = member_of(s, "properties"), *more = member_of(s, "additionalProperties"),
			  *patterns = member_of(s, "patternProperties");
	if (!has_required(s, value, g))
		return false;
	if (!is_within(s, "minProperties", "maxProperties", (size_t)json_count(value)))
		return is_not(g, "has too few or too many members");
	for (const struct json *m = json_first(value); m != NULL; m = json_next(m)) {
		const struct json *own = json_is_object(properties) ? member_of(properties, json_key(m)) : NULL;
		bool may_be_more = true;
		if (own != NULL) {
			if (!fits_in(own, m, json_key(m), g))
				return false;
		} else if (patterns == NULL && json_bool(more, "", &may_be_more) && !may_be_more) {
			return is_not(g, "must not have %.60s", json_key(m));
		} else if (patterns == NULL && !fits_in(more, m, json_key(m), g)) {
			return false;
		}
	}
	return true;
}

static bool fits_several(const struct json *s, const struct json *value, struct judging *g)
{
	const struct json *all = member_of(s, "allOf"), *any = member_of(s, "anyOf"), *one = member_of(s, "oneOf"),
			  *none = member_of(s, "not");
	int n = 0;
	for (const struct json *x = json_first(all); x != NULL; x = json_next(x))
		if (!fits(x, value, g))
			return false;
	for (const struct json *x = json_first(any); x != NULL; x = json_next(x))
		n += judge_silently(x, value);
	if (json_count(any) > 0 && n == 0)
		return is_not(g, "is none of what it may be");
	n = 0;
	for (const struct json *x = json_first(one); x != NULL; x = json_next(x))
		n += judge_silently(x, value);
	if (json_count(one) > 0 && n != 1)
		return is_not(g, "must be exactly one of what it may be");
	return none == NULL || !judge_silently(none, value) || is_not(g, "is what it must not be");
}

static bool fits(const struct json *s, const struct json *value, struct judging *g)
{
	bool is_allowed;
	double d;
	if (json_bool(s, "", &is_allowed))
		return is_allowed || is_not(g, "must not be there");
	if (!json_is_object(s) || value == NULL)
		return true;
	const struct json *type = member_of(s, "type"), *list = member_of(s, "enum"), *constant = member_of(s, "const");
	if (type != NULL && !fits_type(type, value, g))
		return false;
	if (json_is_array(list) && !fits_enum(list, value, g))
		return false;
	if (constant != NULL && !equal(constant, value))
		return is_not(g, "is not the value that it must have");
	if (json_double(value, "", &d) && !fits_number(s, d, g))
		return false;
	if (json_is_string(value) && !is_within(s, "minLength", "maxLength", utf8_count(json_value(value))))
		return is_not(g, "is too short or too long");
	if (json_is_array(value) && !fits_list(s, value, g))
		return false;
	if (json_is_object(value) && !fits_object(s, value, g))
		return false;
	return fits_several(s, value, g);
}

bool schema_fits(const struct json *schema, const struct json *value, char why[static SCHEMA_WHY_MAX])
{
	struct judging g = { .why = why };
	why[0] = '\0';
	return fits(schema, value, &g);
}
