#include "tui/filter.h"

#include "shared/json.h"
#include "shared/settings.h"
#include "shared/utf8.h"

#define TERM_MAX 400

static const char *const FIELDS[] = {
	"agent", "state", "cause", "prov", "model", "worker", "session", "id", "text", "age", "att"
};

static bool takes_number(const char *field)
{
	return strcmp(field, "age") == 0 || strcmp(field, "att") == 0;
}

/* One term without its quotes. Quoted characters are literal: no operator, no separator. */
struct term {
	char text[TERM_MAX];
	bool quoted[TERM_MAX]; /* for each byte; false at the end */
	size_t len;
	bool is_not, is_text; /* is_text: began with a quote (after the !): it has no field */
};

/* Reads the next term. Returns where the rest begins; NULL at the end, or with err set. */
static const char *next_term(const char *at, struct term *t, struct err *err)
{
	bool quoted = false;
	at += strspn(at, " ");
	if (*at == '\0')
		return NULL;
	*t = (struct term){ .is_not = *at == '!' };
	at += t->is_not;
	t->is_text = *at == '"';
	for (; *at != '\0' && (quoted || *at != ' '); at++) {
		if (*at == '"') {
			quoted = !quoted;
		} else if (t->len + 1 < sizeof t->text) {
			t->quoted[t->len] = quoted;
			t->text[t->len++] = *at;
		} else {
			err_set(err, ERR_TOO_BIG, "a word of the filter is over %d bytes", TERM_MAX - 1);
			return NULL;
		}
	}
	if (!quoted)
		return at;
	err_set(err, ERR_BAD_INPUT, "a quote is not closed");
	return NULL;
}

/* Number of bytes from `from` up to the first unquoted character that is in `stops`. */
static size_t span(const struct term *t, size_t from, const char *stops)
{
	size_t n = from;
	while (n < t->len && (t->quoted[n] || strchr(stops, t->text[n]) == NULL))
		n++;
	return n - from;
}

static int filter_put_value(struct strbuf *out, const char *field, struct str value, struct err *err)
{
	char text[TERM_MAX];
	snprintf(text, sizeof text, "%.*s", (int)value.len, value.ptr);
	if (takes_number(field)) {
		bool is_age = strcmp(field, "age") == 0, digits = text[0] != '\0' && strspn(text, "0123456789") == strlen(text);
		int64_t ms = is_age || digits ? duration_ms(text) : -1;
		if (ms < 0)
			return err_set(err, ERR_BAD_INPUT, "'%.40s' is no %s", text, is_age ? "duration such as 5m" : "number");
		snprintf(text, sizeof text, "%lld.%03d", (long long)(ms / 1000), (int)(ms % 1000));
		size_t n = strlen(text);
		while (text[n - 1] == '0')
			n--;
		text[n - (text[n - 1] == '.')] = '\0';
	}
	json_put_str(out, str_of(text));
	return 0;
}

/* The field of a term; its operator into *op, the place where its values begin into *at. NULL with
 * err. */
static const char *field_of(const struct term *t, const char **op, size_t *at, struct err *err)
{
	size_t n = span(t, 0, ":<>");
	char name[24];
	*op = "=";
	*at = 0;
	if (n == t->len || n == 0 || t->is_text)
		return "text";
	snprintf(name, sizeof name, "%.*s", (int)MIN(n, sizeof name - 1), t->text);
	const char *field = NULL;
	for (size_t i = 0; i < ARRAY_SIZE(FIELDS); i++)
		if (strcmp(FIELDS[i], name) == 0)
			field = FIELDS[i];
	if (field == NULL) {
		const char *near = nearest(name, FIELDS, ARRAY_SIZE(FIELDS));
		err_set(err, ERR_BAD_INPUT, "no filter '%s'%s%s%s", name, near != NULL ? "; did you mean '" : "",
		        near != NULL ? near : "", near != NULL ? "'?" : "");
		return NULL;
	}
	*op = t->text[n] == '<' ? "<" : t->text[n] == '>' ? ">" : "=";
	*at = n + 1;
	if ((**op != '=') == takes_number(field))
		return field;
	err_set(err, ERR_BAD_INPUT, takes_number(field) ? "'%s' takes < or >" : "'%s' takes a colon", field);
	return NULL;
}

static int put_term(struct strbuf *out, const struct term *t, struct err *err)
{
	const char *op;
	size_t at, n;
	const char *field = field_of(t, &op, &at, err);
	if (field == NULL)
		return -1;
	strbuf_addf(out, "%s{\"field\":\"%s\",\"op\":\"%s\",\"not\":%s,\"values\":[", out->len > 1 ? "," : "", field, op,
	            t->is_not ? "true" : "false");
	for (;; at += n + 1) {
		n = span(t, at, "|");
		if (n == 0) /* an empty value would match every text */
			return err_set(err, ERR_BAD_INPUT, "'%s%.40s' has no value", t->is_not ? "!" : "", t->text);
		if (filter_put_value(out, field, (struct str){ t->text + at, n }, err) < 0)
			return -1;
		if (at + n == t->len)
			break;
		strbuf_char(out, ',');
	}
	strbuf_str(out, "]}");
	return 0;
}

int filter_to_json(const char *text, struct strbuf *out, struct err *err)
{
	struct term term;
	if (!utf8_valid(str_of(text)))
		return err_set(err, ERR_BAD_INPUT, "the filter is not valid UTF-8");
	err->code = ERR_OK;
	strbuf_char(out, '[');
	for (const char *at = text; (at = next_term(at, &term, err)) != NULL;)
		if (put_term(out, &term, err) < 0)
			return -1;
	if (err->code != ERR_OK)
		return -1;
	strbuf_char(out, ']');
	return out->broken ? err_set(err, ERR_TOO_BIG, "the filter is too long") : 0;
}

void filter_term(struct strbuf *terms, const char *field, const char *op, const char *value)
{
	strbuf_addf(terms, "%s{\"field\":\"%s\",\"op\":\"%s\",\"not\":false,\"values\":[", terms->len > 0 ? "," : "", field, op);
	if (value != NULL)
		json_put_str(terms, str_of(value));
	else
		strbuf_str(terms, "null");
	strbuf_str(terms, "]}");
}

const char *filter_and(const char *json, const char *terms, char *buf, size_t size)
{
	size_t n = strlen(json);
	if (terms[0] == '\0')
		return json;
	snprintf(buf, size, "%.*s%s%s]", (int)n - 1, json, n > 2 ? "," : "", terms);
	return buf;
}

int filter_word(struct strbuf *out, const char *field, const char *value, struct err *err)
{
	if (strchr(value, '"') != NULL)
		return err_set(err, ERR_BAD_INPUT, "no filter can name %.60s", value);
	if (strpbrk(value, " |") != NULL || value[0] == '\0')
		strbuf_addf(out, "%s:\"%s\"", field, value);
	else
		strbuf_addf(out, "%s:%s", field, value);
	return 0;
}
