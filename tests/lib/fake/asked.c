/* What a request asks for, in four protocols; and vectors, which are made of the texts' words by a hash: no model made them. */
#include "tests/lib/fake/fake.h"

#include <ctype.h>
#include <math.h>

#define DIMENSIONS 64
#define DIMENSIONS_MAX 4096
#define TEXTS_MAX 4096

static void say(struct strbuf *b, struct str text)
{
	strbuf_clear(b);
	strbuf_add(b, text.ptr, text.len);
}

static void add_result(struct asked *q, struct str text)
{
	strbuf_add(&q->results, text.ptr, text.len);
	strbuf_char(&q->results, '\n');
}

/* Content is a text, or a list of parts. */
static void read_content(struct asked *q, const struct json *content, bool is_user)
{
	struct str text;
	if (json_is_string(content)) {
		if (is_user)
			say(&q->message, json_value(content));
		else if (q->is_after_tool)
			add_result(q, json_value(content));
		return;
	}
	for (const struct json *part = json_first(content); part != NULL; part = json_next(part)) {
		bool is_result = (json_str(part, "type", &text) && str_eq(text, "tool_result")) ||
		                 json_get(part, "functionResponse") != NULL;
		if (is_result && (json_str(part, "content", &text) || json_str(part, "functionResponse.response.output", &text) ||
		                  json_str(part, "functionResponse.response.error", &text)))
			add_result(q, text);
		else if (!is_result && is_user && json_str(part, "text", &text))
			say(&q->message, text);
		q->is_after_tool |= is_result;
	}
}

static void read_turns(struct asked *q, const struct json *j)
{
	const struct json *list = json_get(j, q->protocol == GEMINI ? "contents" : "messages");
	struct str role;
	for (const struct json *m = json_first(list); m != NULL; m = json_next(m), q->turns++) {
		role = STR("user");
		json_str(m, "role", &role);
		bool was_after_tool = q->is_after_tool;
		q->is_after_tool = str_eq(role, "tool");
		read_content(q, json_get(m, q->protocol == GEMINI ? "parts" : "content"), str_eq(role, "user"));
		q->rounds += q->is_after_tool && !was_after_tool;
		if (str_eq(role, "user") && !q->is_after_tool) {
			q->rounds = 0;
			strbuf_clear(&q->results);
		}
	}
}

/* Arguments that fit the tool's schema: something for all that it requires. */
static void put_arguments(struct asked *q, const struct json *schema)
{
	char path[120];
	struct str type, name;
	strbuf_char(&q->arguments, '{');
	for (const struct json *r = json_first(json_get(schema, "required")); r != NULL; r = json_next(r)) {
		name = json_value(r);
		type = STR("string");
		snprintf(path, sizeof path, "properties.%.60s.type", name.ptr);
		json_str(schema, path, &type);
		json_put_key(&q->arguments, name.ptr);
		strbuf_str(&q->arguments, str_eq(type, "boolean")  ? "true"
		                          : str_eq(type, "array")  ? "[]"
		                          : str_eq(type, "object") ? "{}"
		                          : str_eq(type, "string") ? "\"practice\""
		                                                   : "1");
	}
	strbuf_char(&q->arguments, '}');
}

static void read_tool(struct asked *q, const struct json *j)
{
	static const char *const NAME[] = { "tools[0].function.name", "tools[0].function.name", "tools[0].name",
		                            "tools[0].functionDeclarations[0].name" };
	static const char *const SCHEMA[] = { "tools[0].function.parameters", "tools[0].function.parameters",
		                              "tools[0].input_schema", "tools[0].functionDeclarations[0].parametersJsonSchema" };
	struct str name = STR("practice_tool");
	json_str(j, NAME[q->protocol], &name);
	snprintf(q->tool, sizeof q->tool, "%.79s", name.ptr);
	put_arguments(q, json_get(j, SCHEMA[q->protocol]));
}

/* ---- vectors */

static void add_word(double *v, int n, const char *word, size_t len)
{
	uint64_t h = 1469598103934665603u;
	for (size_t i = 0; i < len; i++)
		h = (h ^ (unsigned char)tolower(word[i])) * 1099511628211u;
	h ^= h >> 29;
	v[h % (uint64_t)n] += h >> 40 & 1 ? 1 : -1;
}

/* Texts that share words are near each other; the same text is the same vector in every run. */
static void hash_vector(struct str text, double *v, int n)
{
	double sum = 0;
	memset(v, 0, sizeof *v * (size_t)n);
	for (size_t i = 0; i < text.len;) {
		size_t from = i;
		while (i < text.len && (isalnum((unsigned char)text.ptr[i]) || text.ptr[i] & 0x80))
			i++;
		if (i > from)
			add_word(v, n, text.ptr + from, i - from);
		else
			i++;
	}
	for (int i = 0; i < n; i++)
		sum += v[i] * v[i];
	if (sum == 0)
		v[0] = sum = 1;
	for (int i = 0; i < n; i++)
		v[i] /= sqrt(sum);
}

static void put_packed(struct strbuf *b, const double *v, int n)
{
	static const char ALPHABET[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	static unsigned char bytes[DIMENSIONS_MAX * 4 + 3];
	memset(bytes, 0, sizeof bytes);
	for (int i = 0; i < n; i++) {
		float f = (float)v[i];
		memcpy(bytes + i * 4, &f, 4);
	}
	strbuf_char(b, '"');
	for (int i = 0; i < n * 4; i += 3) {
		unsigned w = (unsigned)bytes[i] << 16 | (unsigned)bytes[i + 1] << 8 | bytes[i + 2];
		for (int k = 0; k < 4; k++)
			strbuf_char(b, i + k - 1 < n * 4 ? ALPHABET[w >> (18 - 6 * k) & 63] : '=');
	}
	strbuf_char(b, '"');
}

static void put_vector(struct asked *q, struct str text)
{
	static const char *const BEFORE[] = { "", "{\"object\":\"embedding\",\"index\":%d,\"embedding\":", "", "{\"values\":" };
	static double v[DIMENSIONS_MAX];
	struct strbuf *b = &q->vectors;
	int n = q->dimensions;
	if (q->n_texts++ > 0)
		strbuf_char(b, ',');
	strbuf_addf(b, BEFORE[q->protocol], q->n_texts - 1);
	hash_vector(text, v, n);
	if (q->is_packed) {
		put_packed(b, v, n);
	} else {
		for (int i = 0; i < n; i++)
			strbuf_addf(b, v[i] == 0 ? "%s0" : "%s%.7g", i > 0 ? "," : "[", v[i]);
		strbuf_char(b, ']');
	}
	strbuf_str(b, q->protocol == OLLAMA ? "" : "}");
}

static void read_texts(struct asked *q, const struct json *j)
{
	const struct json *input = json_get(j, q->protocol == GEMINI ? "requests" : "input");
	int64_t n = DIMENSIONS;
	struct str text;
	q->is_packed = q->protocol == OPENAI && json_str(j, "encoding_format", &text) && str_eq(text, "base64");
	json_int(j, q->protocol == GEMINI ? "requests[0].outputDimensionality" : "dimensions", &n);
	q->dimensions = (int)(n < 1 ? 1 : n > DIMENSIONS_MAX ? DIMENSIONS_MAX : n);
	if (json_is_string(input)) {
		put_vector(q, json_value(input));
		return;
	}
	for (const struct json *t = json_first(input); t != NULL && q->n_texts < TEXTS_MAX; t = json_next(t))
		put_vector(q, q->protocol != GEMINI                         ? json_value(t)
		              : json_str(t, "content.parts[0].text", &text) ? text
		                                                            : STR(""));
}

static void read_path(struct asked *q, const char *path)
{
	const char *model = strstr(path, "/models/"), *end = model != NULL ? strrchr(model, ':') : NULL;
	bool is_gemini = end != NULL && (strstr(end, "enerateContent") != NULL || strstr(end, "mbedContents") != NULL);
	q->protocol = is_gemini                              ? GEMINI
	              : strstr(path, "/v1/messages") != NULL ? ANTHROPIC
	              : strstr(path, "/v1/") != NULL         ? OPENAI
	                                                     : OLLAMA;
	q->is_embedding =
		strstr(path, "/embeddings") != NULL || strstr(path, "/api/embed") != NULL || strstr(path, "mbedContents") != NULL;
	snprintf(q->path, sizeof q->path, "%s", path);
	snprintf(q->model, sizeof q->model, "practice");
	if (is_gemini)
		snprintf(q->model, sizeof q->model, "%.*s", (int)MIN(end - model - 8, 79), model + 8);
}

bool read_asked(struct asked *q, const char *path, struct str body)
{
	struct arena a = ARENA_INIT;
	struct err err;
	const struct json *j;
	struct str model;
	*q = (struct asked){ .message = STRBUF_INIT(REQUEST_MAX),
		             .arguments = STRBUF_INIT(1u << 20),
		             .results = STRBUF_INIT(REQUEST_MAX),
		             .vectors = STRBUF_INIT(REQUEST_MAX) };
	read_path(q, path);
	bool is_json = json_parse(&a, body, REQUEST_MAX, &j, &err) == 0;
	if (is_json) {
		if (q->protocol != GEMINI && json_str(j, "model", &model))
			snprintf(q->model, sizeof q->model, "%.79s", model.ptr);
		q->prompt_tokens = (int)(body.len / 4);
		if (q->is_embedding)
			read_texts(q, j);
		else
			read_turns(q, j);
		read_tool(q, j);
	}
	arena_release(&a);
	return is_json;
}

void asked_release(struct asked *q)
{
	strbuf_release(&q->message);
	strbuf_release(&q->arguments);
	strbuf_release(&q->results);
	strbuf_release(&q->vectors);
}
