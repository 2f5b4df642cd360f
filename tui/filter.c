#include "tui/filter.h"

#include "shared/json.h"
#include "shared/settings.h"

#define TERM_MAX 400

static const char *const FIELDS[] = {
	"agent", "state", "cause", "prov", "model", "worker", "session", "id", "text", "age", "att"
};

static bool takes_number(const char *field)
{
	return strcmp(field, "age") == 0 || strcmp(field, "att") == 0;
}

/* The next term, quotes resolved, into buf; NULL at the end. A word that does not fit is cut and *cut set.
 * *is_text: it began with a quote; *open: which did not end. */
static const char *next_term(const char *at, char *buf, size_t size, bool *cut, bool *is_text, bool *open)
{
	size_t n = 0;
	bool quoted = false;
	while (*at == ' ')
		at++;
	if (*at == '\0')
		return NULL;
	*is_text = *at == '"';
	for (; *at != '\0' && (quoted || *at != ' '); at++)
		if (*at == '"')
			quoted = !quoted;
		else if (n + 1 < size)
			buf[n++] = *at;
		else
			*cut = true;
	buf[n] = '\0';
	*open = quoted;
	return at;
}

static int put_value(struct strbuf *out, const char *field, const char *value, size_t len, struct err *err)
{
	char text[TERM_MAX];
	snprintf(text, sizeof text, "%.*s", (int)MIN(len, sizeof text - 1), value);
	if (takes_number(field)) {
		bool digits = text[0] != '\0' && strspn(text, "0123456789") == strlen(text);
		int64_t ms = strcmp(field, "age") == 0 || digits ? duration_ms(text) : -1;
		if (ms < 0)
			return err_set(err, ERR_BAD_INPUT, "'%.40s' is no %s", text,
			               strcmp(field, "age") == 0 ? "duration such as 5m" : "number");
		snprintf(text, sizeof text, "%g", (double)ms / 1000);
	}
	json_put_str(out, str_of(text));
	return 0;
}

static int put_term(struct strbuf *out, const char *term, bool is_text, struct err *err)
{
	bool is_not = *term == '!';
	const char *field = "text", *op = "=", *value = term + is_not;
	size_t n = strcspn(value, ":<>");
	if (value[n] != '\0' && n > 0 && !is_text) {
		char name[24];
		snprintf(name, sizeof name, "%.*s", (int)MIN(n, sizeof name - 1), value);
		field = NULL;
		for (size_t i = 0; i < ARRAY_SIZE(FIELDS); i++)
			if (strcmp(FIELDS[i], name) == 0)
				field = FIELDS[i];
		if (field == NULL) {
			const char *near = nearest(name, FIELDS, ARRAY_SIZE(FIELDS));
			return err_set(err, ERR_BAD_INPUT, "no filter '%s'%s%s%s", name, near != NULL ? "; did you mean '" : "",
			               near != NULL ? near : "", near != NULL ? "'?" : "");
		}
		op = value[n] == '<' ? "<" : value[n] == '>' ? ">" : "=";
		if ((*op != '=') != takes_number(field))
			return err_set(err, ERR_BAD_INPUT, takes_number(field) ? "'%s' takes < or >" : "'%s' takes a colon",
			               field);
		value += n + 1;
	}
	if (*value == '\0')
		return err_set(err, ERR_BAD_INPUT, "'%.40s' has no value", term);
	strbuf_addf(out, "%s{\"field\":\"%s\",\"op\":\"%s\",\"not\":%s,\"values\":[", out->len > 1 ? "," : "", field, op,
	            is_not ? "true" : "false");
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
	char term[TERM_MAX];
	bool cut = false, is_text, open = false;
	strbuf_char(out, '[');
	for (const char *at = text; (at = next_term(at, term, sizeof term, &cut, &is_text, &open)) != NULL;) {
		if (cut)
			return err_set(err, ERR_TOO_BIG, "a word of the filter is over %d bytes", TERM_MAX - 1);
		if (open)
			return err_set(err, ERR_BAD_INPUT, "a quote is not closed");
		if (put_term(out, term, is_text, err) < 0)
			return -1;
	}
	strbuf_char(out, ']');
	return out->broken ? err_set(err, ERR_TOO_BIG, "the filter is too long") : 0;
}
