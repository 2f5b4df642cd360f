#include "tui/cli/confusion.h"

#include "shared/arena.h"
#include "shared/json.h"

#define LINE_MAX_BYTES (1u << 20)

void confusion_add(struct confusion *c, int is, int taken, int best, bool is_failed)
{
	c->total++;
	c->right += taken == is;
	c->wrong += taken != is && taken != CONFUSION_NONE;
	c->failed += is_failed;
	c->unsure += taken == CONFUSION_NONE && !is_failed;
	c->best += best == is;
	c->cells[is][taken == CONFUSION_NONE ? c->n : taken]++;
}

struct quality confusion_quality(const struct confusion *c, int label)
{
	int taken = 0, is = 0, right = c->cells[label][label];
	for (int i = 0; i < c->n; i++)
		taken += c->cells[i][label];
	for (int i = 0; i <= c->n; i++)
		is += c->cells[label][i];
	struct quality q = { .precision = taken > 0 ? (double)right / taken : -1,
		             .recall = is > 0 ? (double)right / is : -1,
		             .texts = is };
	q.f1 = taken + is > 0 ? 2.0 * right / (taken + is) : -1;
	return q;
}

double confusion_accuracy(const struct confusion *c)
{
	return c->total > 0 ? (double)c->right / c->total : -1;
}

/* Reads one field of a CSV line; *p moves past its comma. */
static struct str csv_field(struct arena *a, const char **p, const char *end)
{
	char *out = arena_alloc(a, (size_t)(end - *p) + 1);
	size_t n = 0;
	bool is_quoted = *p < end && **p == '"';
	*p += is_quoted;
	while (*p < end && (is_quoted || **p != ',')) {
		if (is_quoted && **p == '"') {
			if (*p + 1 < end && (*p)[1] == '"')
				(*p)++;
			else
				is_quoted = false;
			if (!is_quoted) {
				(*p)++;
				continue;
			}
		}
		out[n++] = *(*p)++;
	}
	*p += *p < end;
	return (struct str){ out, n };
}

static bool is_blank(struct str s)
{
	for (size_t i = 0; i < s.len; i++)
		if (strchr(" \t\r", s.ptr[i]) == NULL)
			return false;
	return true;
}

static bool confusion_read_line(struct arena *a, struct str line, struct labelled *out)
{
	const struct json *j;
	struct err err;
	const char *p = line.ptr, *end = line.ptr + line.len;
	if (line.ptr[0] == '{')
		return json_parse(a, line, LINE_MAX_BYTES, &j, &err) == 0 && json_str(j, "text", &out->text) &&
		       out->text.len > 0 && (json_str(j, "label", &out->label) || json_get(j, "label") == NULL);
	out->text = csv_field(a, &p, end);
	out->label = csv_field(a, &p, end);
	return out->text.len > 0 && p == end;
}

bool labelled_next(struct arena *a, struct str *rest, int *number, struct labelled *out, bool *bad)
{
	*bad = false;
	while (rest->len > 0) {
		const char *end = memchr(rest->ptr, '\n', rest->len);
		struct str line = { rest->ptr, end != NULL ? (size_t)(end - rest->ptr) : rest->len };
		rest->ptr += line.len + (end != NULL);
		rest->len -= line.len + (end != NULL);
		++*number;
		while (line.len > 0 && (line.ptr[line.len - 1] == '\r' || line.ptr[line.len - 1] == ' '))
			line.len--;
		if (is_blank(line) || (*number == 1 && str_eq(line, "text,label")))
			continue;
		*out = (struct labelled){ .label = STR("") };
		*bad = !confusion_read_line(a, line, out);
		return true;
	}
	return false;
}
