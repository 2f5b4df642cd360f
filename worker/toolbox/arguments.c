#include "worker/toolbox/arguments.h"

#include <ctype.h>
#include <stdarg.h>
#include <strings.h>

#include "worker/llm/wire.h"
#include "worker/toolbox/schema.h"

/* What is always bound to a call, and never asked of a model: who the user is must not come from it (seed
 * 002). */
static const char *const ALWAYS_BOUND[] = { "user_id", "collection_name", "thread_key" };

/* ---------------------------------------------------------------- names */

/* True when both are the same name, but for case, _ and -. */
static bool is_spelling_of(const char *name, struct str of)
{
	size_t i = 0;
	for (const char *c = name; *c != '\0'; c++) {
		if (*c == '_' || *c == '-')
			continue;
		while (i < of.len && (of.ptr[i] == '_' || of.ptr[i] == '-'))
			i++;
		if (i >= of.len || tolower((unsigned char)*c) != tolower((unsigned char)of.ptr[i]))
			return false;
		i++;
	}
	while (i < of.len && (of.ptr[i] == '_' || of.ptr[i] == '-'))
		i++;
	return i == of.len;
}

/* The next NAME or NAME=FIELD of a payload. False: there is none. */
static bool next_bound(const char **at, struct str *name, struct str *field)
{
	*at += strspn(*at, " ,\t\n");
	size_t n = strcspn(*at, " ,\t\n"), k = 0;
	if (n == 0)
		return false;
	while (k < n && (*at)[k] != '=')
		k++;
	*name = (struct str){ *at, k };
	*field = k < n ? (struct str){ *at + k + 1, n - k - 1 } : *name;
	*at += n;
	return true;
}

static bool is_bound(const char *name, const char *payload)
{
	struct str bound, field;
	for (size_t i = 0; i < ARRAY_SIZE(ALWAYS_BOUND); i++)
		if (is_spelling_of(name, str_of(ALWAYS_BOUND[i])))
			return true;
	for (const char *at = payload; at != NULL && next_bound(&at, &bound, &field);)
		if (is_spelling_of(name, bound) || is_spelling_of(name, field))
			return true;
	return false;
}

/* ---------------------------------------------------------------- what is refused */

static bool refuse_arguments(struct arguments *out, const char *fmt, ...) PRINTF(2, 3);
static bool refuse_arguments(struct arguments *out, const char *fmt, ...)
{
	va_list args;
	va_start(args, fmt);
	vsnprintf(out->why, sizeof out->why, fmt, args);
	va_end(args);
	return false;
}

/* Programs that read names without case take the last of two, others the first. */
static bool has_no_double(const struct json *object, struct arguments *out)
{
	for (const struct json *m = json_first(object); m != NULL; m = json_next(m))
		for (const struct json *o = json_next(m); o != NULL; o = json_next(o))
			if (strcasecmp(json_key(m), json_key(o)) == 0)
				return refuse_arguments(out, "the arguments have %.60s twice", json_key(o));
	return true;
}

static bool has_right_case(const struct json *schema, const struct json *object, struct arguments *out)
{
	const struct json *properties = json_get(schema, "properties");
	for (const struct json *m = json_first(object); m != NULL && json_is_object(properties); m = json_next(m)) {
		const struct json *other = NULL, *p = json_first(properties);
		for (; p != NULL && strcmp(json_key(p), json_key(m)) != 0; p = json_next(p))
			if (strcasecmp(json_key(p), json_key(m)) == 0)
				other = p;
		if (p == NULL && other != NULL)
			return refuse_arguments(out, "the arguments have %.60s: its name is %.60s", json_key(m), json_key(other));
	}
	return true;
}

/* The object without the members that are bound, and a note of their names. */
static void drop_bound(struct arena *a, const char *payload, const struct json *object, struct arguments *out)
{
	struct strbuf b = STRBUF_INIT(out->text.len + 2), note = STRBUF_INIT(400);
	struct str rest = out->text, key, value;
	strbuf_char(&b, '{');
	for (const struct json *m = json_first(object); m != NULL && raw_next(&rest, &key, &value); m = json_next(m)) {
		if (is_bound(json_key(m), payload)) {
			strbuf_addf(&note, "%s%.60s", note.len > 0 ? ", " : "dropped: ", json_key(m));
			continue;
		}
		if (b.len > 1)
			strbuf_char(&b, ',');
		/* from its quote to the end of its value, as the model wrote it */
		strbuf_add(&b, key.ptr - 1, (size_t)(value.ptr + value.len - (key.ptr - 1)));
	}
	strbuf_char(&b, '}');
	if (note.len > 0) {
		out->text = (struct str){ arena_dup(a, strbuf_text(&b), b.len), b.len };
		out->note = arena_dup(a, strbuf_text(&note), note.len);
	}
	strbuf_release(&b);
	strbuf_release(&note);
}

/* Appends the defaults that the schema has for members that are not there. */
static void add_defaults(struct arena *a, struct str schema, const struct json *object, struct arguments *out)
{
	struct strbuf b = STRBUF_INIT(out->text.len + schema.len + 2);
	struct str properties, key, value, standard;
	bool is_empty = json_first(object) == NULL;
	size_t end = out->text.len;
	while (end > 0 && out->text.ptr[end - 1] != '}')
		end--;
	strbuf_add(&b, out->text.ptr, end - 1);
	size_t before = b.len;
	if (!raw_get(schema, "properties", &properties))
		properties = STR("");
	while (raw_next(&properties, &key, &value)) {
		const struct json *m = json_first(object);
		while (m != NULL && !str_eq(key, json_key(m)))
			m = json_next(m);
		if (m != NULL || !raw_get(value, "default", &standard))
			continue;
		strbuf_addf(&b, "%s\"%.*s\":", is_empty ? "" : ",", (int)key.len, key.ptr);
		strbuf_add(&b, standard.ptr, standard.len);
		is_empty = false;
	}
	strbuf_char(&b, '}');
	if (b.len > before + 1)
		out->text = (struct str){ arena_dup(a, strbuf_text(&b), b.len), b.len };
	strbuf_release(&b);
}

bool arguments_check(struct arena *a, struct str schema_text, const struct json *schema, const char *payload, struct str given,
                     struct arguments *out)
{
	const struct json *object;
	struct err err = { .code = ERR_OK };
	char why[SCHEMA_WHY_MAX];
	*out = (struct arguments){ .text = given };
	if (json_parse(a, given, WIRE_ARGUMENTS_MAX, &object, &err) < 0 || !json_is_object(object))
		return refuse_arguments(out, "the arguments are no JSON object%s%.160s", err.code != ERR_OK ? ": " : "",
		                        err.code != ERR_OK ? err.msg : "");
	if (json_count(object) > ARGUMENTS_MEMBERS_MAX)
		return refuse_arguments(out, "the arguments have over %d members", ARGUMENTS_MEMBERS_MAX);
	if (!has_no_double(object, out))
		return false;
	drop_bound(a, payload, object, out);
	/* denser than it was, it may be over the limits of json_parse */
	if (out->note != NULL && json_parse(a, out->text, WIRE_ARGUMENTS_MAX, &object, &err) < 0)
		return refuse_arguments(out, "the arguments cannot be read: %.160s", err.msg);
	if (!has_right_case(schema, object, out))
		return false;
	if (!schema_fits(schema, object, why))
		return refuse_arguments(out, "%.200s", why);
	if (schema != NULL)
		add_defaults(a, schema_text, object, out);
	return true;
}

/* ---------------------------------------------------------------- what is sent */

static const struct json *bound_value(const struct json *bound, struct str field)
{
	const struct json *m = json_first(bound);
	while (m != NULL && !str_eq(field, json_key(m)))
		m = json_next(m);
	return m;
}

void arguments_put_bound(struct strbuf *b, const char *payload, const struct json *bound)
{
	struct str name, field;
	bool is_first = true;
	for (const char *at = payload; at != NULL && next_bound(&at, &name, &field); is_first = false) {
		const struct json *value = bound_value(bound, field);
		if (!is_first)
			strbuf_char(b, ',');
		json_put_str(b, name);
		strbuf_char(b, ':');
		if (json_is_string(value))
			json_put_str(b, json_value(value));
		else
			strbuf_str(b, "null");
	}
}

void arguments_put_body(struct strbuf *b, const char *payload, const struct json *bound, struct str arguments)
{
	if (payload == NULL) {
		strbuf_add(b, arguments.ptr, arguments.len);
		return;
	}
	struct str rest = arguments, key, value;
	strbuf_char(b, '{');
	arguments_put_bound(b, payload, bound);
	while (raw_next(&rest, &key, &value)) {
		if (b->len > 1)
			strbuf_char(b, ',');
		strbuf_add(b, key.ptr - 1, (size_t)(value.ptr + value.len - (key.ptr - 1)));
	}
	strbuf_char(b, '}');
}

static void put_encoded(struct strbuf *b, struct str text)
{
	for (size_t i = 0; i < text.len; i++) {
		unsigned char c = (unsigned char)text.ptr[i];
		if (isalnum(c) || strchr("-._~", c) != NULL)
			strbuf_char(b, (char)c);
		else
			strbuf_addf(b, "%%%02X", c);
	}
}

void arguments_put_query(struct strbuf *b, const char *payload, const struct json *bound, struct str arguments)
{
	struct strbuf body = STRBUF_INIT(WIRE_ARGUMENTS_MAX * 2);
	struct arena a = ARENA_INIT;
	const struct json *object;
	struct err err;
	arguments_put_body(&body, payload, bound, arguments);
	struct str rest = { strbuf_text(&body), body.len }, key, value;
	if (json_parse(&a, rest, WIRE_ARGUMENTS_MAX * 2, &object, &err) < 0)
		object = NULL; /* too many values: it is said by `broken` */
	b->broken |= object == NULL;
	bool is_first = true;
	for (const struct json *m = json_first(object); m != NULL && raw_next(&rest, &key, &value);
	     m = json_next(m), is_first = false) {
		if (!is_first)
			strbuf_char(b, '&');
		put_encoded(b, str_of(json_key(m)));
		strbuf_char(b, '=');
		put_encoded(b, json_is_string(m) ? json_value(m) : value);
	}
	arena_release(&a);
	strbuf_release(&body);
}
