#include "shared/json.h"

#include <cjson/cJSON.h>
#include <math.h>
#include <pthread.h>

#include "shared/utf8.h"

#define DEPTH_MAX 64

/* cJSON's allocation hooks take no context: each thread says which arena it parses into. */
static _Thread_local struct arena *parse_arena;

static void *hook_malloc(size_t size)
{
	return arena_alloc(parse_arena, size);
}

static void hook_free(void *p)
{
	(void)p; /* the arena's */
}

static void set_hooks(void)
{
	cJSON_InitHooks(&(cJSON_Hooks){ hook_malloc, hook_free });
}

static const cJSON *node_of(const struct json *j)
{
	return (const cJSON *)j;
}

/* Depth of nesting, and whether \u0000 occurs, outside and inside of strings respectively. */
static int scan(struct str text, bool *has_nul)
{
	int depth = 0, deepest = 0;
	bool in_string = false;
	for (size_t i = 0; i < text.len; i++) {
		char c = text.ptr[i];
		if (in_string) {
			if (c == '\\') {
				*has_nul |= text.len - i >= 6 && memcmp(text.ptr + i, "\\u0000", 6) == 0;
				i++;
			} else if (c == '"') {
				in_string = false;
			}
		} else if (c == '"') {
			in_string = true;
		} else if (c == '{' || c == '[') {
			depth++;
			deepest = MAX(deepest, depth);
		} else if (c == '}' || c == ']') {
			depth--;
		}
	}
	return deepest;
}

static struct str without_nul(struct arena *a, struct str text)
{
	char *copy = arena_dup(a, text.ptr, text.len);
	for (size_t i = 0; i + 1 < text.len; i++)
		if (copy[i] == '\\') {
			if (text.len - i >= 6 && memcmp(copy + i, "\\u0000", 6) == 0)
				memcpy(copy + i, "\\uFFFD", 6);
			i++;
		}
	return (struct str){ copy, text.len };
}

int json_parse(struct arena *a, struct str text, size_t cap, const struct json **out, struct err *err)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	bool has_nul = false;
	pthread_once(&once, set_hooks);
	if (text.len > cap)
		return err_set(err, ERR_TOO_BIG, "JSON of %zu bytes, over %zu", text.len, cap);
	if (!utf8_valid(text))
		return err_set(err, ERR_BAD_INPUT, "JSON is not valid UTF-8");
	if (scan(text, &has_nul) > DEPTH_MAX)
		return err_set(err, ERR_BAD_INPUT, "JSON is nested deeper than %d", DEPTH_MAX);
	/* cJSON wants a NUL at the end to refuse trailing garbage. */
	text = has_nul ? without_nul(a, text) : (struct str){ arena_dup(a, text.ptr, text.len), text.len };
	parse_arena = a;
	const cJSON *root = cJSON_ParseWithLengthOpts(text.ptr, text.len + 1, NULL, 1);
	parse_arena = NULL;
	if (root == NULL)
		return err_set(err, ERR_BAD_INPUT, "malformed JSON");
	*out = (const struct json *)root;
	return 0;
}

const struct json *json_get(const struct json *j, const char *path)
{
	const cJSON *node = node_of(j);
	while (node != NULL && *path != '\0') {
		if (*path == '[') {
			node = cJSON_IsArray(node) ? cJSON_GetArrayItem(node, atoi(path + 1)) : NULL;
			path += strcspn(path, "]") + 1;
		} else {
			char key[64];
			size_t n = strcspn(path, ".[");
			if (n >= sizeof key)
				return NULL;
			memcpy(key, path, n);
			key[n] = '\0';
			node = cJSON_GetObjectItemCaseSensitive(node, key);
			path += n;
		}
		path += *path == '.';
	}
	return (const struct json *)node;
}

bool json_str(const struct json *j, const char *path, struct str *out)
{
	const cJSON *node = node_of(json_get(j, path));
	if (!cJSON_IsString(node))
		return false;
	*out = str_of(node->valuestring);
	return true;
}

const char *json_text(const struct json *j, const char *path)
{
	struct str s = { NULL, 0 };
	json_str(j, path, &s);
	return s.ptr;
}

bool json_double(const struct json *j, const char *path, double *out)
{
	const cJSON *node = node_of(json_get(j, path));
	if (!cJSON_IsNumber(node))
		return false;
	*out = node->valuedouble;
	return true;
}

bool json_int(const struct json *j, const char *path, int64_t *out)
{
	double d;
	if (!json_double(j, path, &d) || fabs(d) > 9007199254740991.0 || trunc(d) != d)
		return false;
	*out = (int64_t)d;
	return true;
}

bool json_bool(const struct json *j, const char *path, bool *out)
{
	const cJSON *node = node_of(json_get(j, path));
	if (!cJSON_IsBool(node))
		return false;
	*out = cJSON_IsTrue(node);
	return true;
}

bool json_is_null(const struct json *j, const char *path)
{
	return cJSON_IsNull(node_of(json_get(j, path)));
}

bool json_is_object(const struct json *j)
{
	return cJSON_IsObject(node_of(j));
}

bool json_is_string(const struct json *j)
{
	return cJSON_IsString(node_of(j));
}

const struct json *json_first(const struct json *j)
{
	return j != NULL ? (const struct json *)node_of(j)->child : NULL;
}

const struct json *json_next(const struct json *j)
{
	return (const struct json *)node_of(j)->next;
}

int json_count(const struct json *j)
{
	return cJSON_GetArraySize(node_of(j));
}

const char *json_key(const struct json *j)
{
	return node_of(j)->string;
}

struct str json_value(const struct json *j)
{
	struct str s = { "", 0 };
	json_str(j, "", &s);
	return s;
}

void json_put_str(struct strbuf *b, struct str s)
{
	if (!utf8_valid(s)) {
		struct strbuf whole = STRBUF_INIT(s.len * 3 + 1);
		utf8_repair(&whole, s);
		json_put_str(b, (struct str){ strbuf_text(&whole), whole.len });
		strbuf_release(&whole);
		return;
	}
	strbuf_char(b, '"');
	size_t plain = 0;
	for (size_t i = 0; i < s.len; i++) {
		unsigned char c = (unsigned char)s.ptr[i];
		if (c >= 0x20 && c != '"' && c != '\\' && c != 0x7F)
			continue;
		strbuf_add(b, s.ptr + plain, i - plain);
		plain = i + 1;
		if (c == '"' || c == '\\')
			strbuf_addf(b, "\\%c", c);
		else if (c == '\n')
			strbuf_str(b, "\\n");
		else
			strbuf_addf(b, "\\u%04x", c);
	}
	strbuf_add(b, s.ptr + plain, s.len - plain);
	strbuf_char(b, '"');
}

void json_put_key(struct strbuf *b, const char *key)
{
	if (b->len > 0 && b->ptr[b->len - 1] != '{' && b->ptr[b->len - 1] != '[')
		strbuf_char(b, ',');
	strbuf_addf(b, "\"%s\":", key);
}

void json_put_field(struct strbuf *b, const char *key, const char *value)
{
	json_put_key(b, key);
	if (value == NULL)
		strbuf_str(b, "null");
	else
		json_put_str(b, str_of(value));
}

void json_put_int_field(struct strbuf *b, const char *key, int64_t value)
{
	json_put_key(b, key);
	strbuf_addf(b, "%lld", (long long)value);
}
