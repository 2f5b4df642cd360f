#include "tui/filter.h"

#include "shared/json.h"
#include "shared/settings.h"

static const char *const FIELDS[] = { "agent", "state", "cause", "prov", "model", "worker", "session", "id", "text", "age", "att" };

static bool takes_number(const char *field)
{
	return strcmp(field, "age") == 0 || strcmp(field, "att") == 0;
}

/* The next term, quotes resolved, into buf. NULL at the end. */
static const char *next_term(const char *at, char *buf, size_t size)
{
	size_t n = 0;
	bool quoted = false;
	while (*at == ' ')
		at++;
	if (*at == '\0')
		return NULL;
	for (; *at != '\0' && (quoted || *at != ' '); at++)
		if (*at == '"')
			quoted = !quoted;
		else if (n + 1 < size)
			buf[n++] = *at;
	buf[n] = '\0';
	return at;
}

static int put_value(struct strbuf *out, const char *field, const char *value, size_t len, struct err *err)
{
	char text[300];
	snprintf(text, sizeof text, "%.*s", (int)MIN(len, sizeof text - 1), value);
	if (takes_number(field)) {
		int64_t ms = duration_ms(text);
		if (ms < 0)
			return err_set(err, ERR_BAD_INPUT, "'%.40s' is no %s", text, strcmp(field, "age") == 0 ? "duration such as 5m" : "number");
		snprintf(text, sizeof text, "%g", (double)ms / 1000);
	}
	json_put_str(out, str_of(text));
	return 0;
}

static int put_term(struct strbuf *out, const char *term, struct err *err)
{
	bool is_not = *term == '!';
	const char *field = "text", *op = "=", *value = term + is_not;
	size_t n = strcspn(value, ":<>");
	if (value[n] != '\0' && n > 0) {
		char name[24];
		snprintf(name, sizeof name, "%.*s", (int)MIN(n, sizeof name - 1), value);
		field = NULL;
		for (size_t i = 0; i < ARRAY_SIZE(FIELDS); i++)
			if (strcmp(FIELDS[i], name) == 0)
				field = FIELDS[i];
		if (field == NULL) {
			const char *near = nearest(name, FIELDS, ARRAY_SIZE(FIELDS));
			return err_set(err, ERR_BAD_INPUT, "no filter '%s'%s%s%s", name, near != NULL ? "; did you mean '" : "", near != NULL ? near : "",
			               near != NULL ? "'?" : "");
		}
		op = value[n] == '<' ? "<" : value[n] == '>' ? ">" : "=";
		if ((*op != '=') != takes_number(field))
			return err_set(err, ERR_BAD_INPUT, takes_number(field) ? "'%s' takes < or >" : "'%s' takes a colon", field);
		value += n + 1;
	}
	if (*value == '\0')
		return err_set(err, ERR_BAD_INPUT, "'%.40s' has no value", term);
	strbuf_addf(out, "%s{\"field\":\"%s\",\"op\":\"%s\",\"not\":%s,\"values\":[", out->len > 1 ? "," : "", field, op, is_not ? "true" : "false");
	for (bool first = true; *value != '\0'; first = false) {
		size_t len = strcspn(value, "|");
		if (!first)
			strbuf_char(out, ',');
		if (put_value(out, field, value, len, err) < 0)
			return -1;
		value += len + (value[len] == '|');
	}
	strbuf_str(out, "]}");
	return 0;
}

int filter_to_json(const char *text, struct strbuf *out, struct err *err)
{
	char term[400];
	strbuf_char(out, '[');
	for (const char *at = text; (at = next_term(at, term, sizeof term)) != NULL;)
		if (put_term(out, term, err) < 0)
			return -1;
	strbuf_char(out, ']');
	return out->broken ? err_set(err, ERR_TOO_BIG, "the filter is too long") : 0;
}
