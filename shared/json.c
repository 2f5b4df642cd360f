#include "shared/json.h"

#include <cjson/cJSON.h>
#include <math.h>
#include <pthread.h>

#include "shared/utf8.h"

#define DEPTH_MAX 64
/* A JSON value takes about 100 bytes of memory, and as few as two bytes of text. Text with more
 * than VALUES_FREE values needs at least BYTES_PER_VALUE bytes per value: denser text has no use
 * and only costs memory (a number of an embedding takes ten bytes). */
#define VALUES_FREE 4096
#define BYTES_PER_VALUE 6

/* cJSON's allocation hooks have no context argument: each thread sets the arena that it parses
 * into. */
static _Thread_local struct arena *parse_arena;

static void *hook_malloc(size_t size)
{
	return arena_alloc(parse_arena, size);
}

static void hook_free(void *p)
{
	(void)p; /* the arena owns it */
}

static void set_hooks(void)
{
	cJSON_InitHooks(&(cJSON_Hooks){ hook_malloc, hook_free });
}

static const cJSON *node_of(const struct json *j)
{
	return (const cJSON *)j;
}

/* ---- the grammar (RFC 8259): cJSON accepts more than that, and we send on what we accept */

struct grammar {
	const char *at, *end;
	size_t n_values;
	bool has_nul, has_half; /* seen: \u0000, single halves of a surrogate pair */
	const char *wrong;
};

static bool is_wrong(struct grammar *g, const char *what)
{
	if (g->wrong == NULL)
		g->wrong = what;
	return false;
}

static void json_skip_blank(struct grammar *g)
{
	while (g->at < g->end && (*g->at == ' ' || *g->at == '\t' || *g->at == '\n' || *g->at == '\r'))
		g->at++;
}

/* The value of the four hex digits after \u; -1 if they are not hex digits. */
static int hex4(const char *at, const char *end)
{
	int n = 0;
	for (int i = 0; i < 4; i++, at++) {
		if (at >= end)
			return -1;
		char c = (char)(*at | 32);
		if (*at >= '0' && *at <= '9')
			n = n * 16 + (*at - '0');
		else if (c >= 'a' && c <= 'f')
			n = n * 16 + (c - 'a' + 10);
		else
			return -1;
	}
	return n;
}

static bool is_high(int unit)
{
	return unit >= 0xD800 && unit < 0xDC00;
}

static bool is_low(int unit)
{
	return unit >= 0xDC00 && unit < 0xE000;
}

/* The UTF-16 code unit of a \u escape at `at`; -1 if there is no escape. */
static int escaped_unit(const char *at, const char *end)
{
	return end - at >= 6 && at[0] == '\\' && at[1] == 'u' ? hex4(at + 2, end) : -1;
}

static bool check_escape(struct grammar *g)
{
	if (g->end - g->at < 2)
		return is_wrong(g, "a string without its end");
	if (g->at[1] != 'u') {
		if (strchr("\"\\/bfnrt", g->at[1]) == NULL || g->at[1] == '\0')
			return is_wrong(g, "an unknown escape");
		g->at += 2;
		return true;
	}
	int unit = escaped_unit(g->at, g->end);
	if (unit < 0)
		return is_wrong(g, "an unknown escape");
	g->has_nul |= unit == 0;
	g->at += 6;
	if (is_high(unit) && is_low(escaped_unit(g->at, g->end)))
		g->at += 6;
	else
		g->has_half |= is_high(unit) || is_low(unit);
	return true;
}

static bool check_string(struct grammar *g)
{
	for (g->at++; g->at < g->end && *g->at != '"';) {
		if ((unsigned char)*g->at < 0x20)
			return is_wrong(g, "a control character in a string");
		if (*g->at != '\\')
			g->at++;
		else if (!check_escape(g))
			return false;
	}
	if (g->at >= g->end)
		return is_wrong(g, "a string without its end");
	g->at++;
	return true;
}

static bool check_digits(struct grammar *g)
{
	const char *start = g->at;
	while (g->at < g->end && *g->at >= '0' && *g->at <= '9')
		g->at++;
	return g->at > start || is_wrong(g, "a number that is none");
}

static bool check_number(struct grammar *g)
{
	g->at += *g->at == '-';
	bool is_zero = g->at < g->end && *g->at == '0';
	const char *start = g->at;
	if (!check_digits(g))
		return false;
	if (is_zero && g->at > start + 1)
		return is_wrong(g, "a number that begins with 0");
	if (g->at < g->end && *g->at == '.') {
		g->at++;
		if (!check_digits(g))
			return false;
	}
	if (g->at < g->end && (*g->at == 'e' || *g->at == 'E')) {
		g->at++;
		g->at += g->at < g->end && (*g->at == '+' || *g->at == '-');
		return check_digits(g);
	}
	return true;
}

static bool check_word(struct grammar *g, const char *word)
{
	size_t n = strlen(word);
	if ((size_t)(g->end - g->at) < n || memcmp(g->at, word, n) != 0)
		return is_wrong(g, "no value");
	g->at += n;
	return true;
}

static bool check_value(struct grammar *g, int depth);

/* Checks the members of an object or the elements of an array, up to and including `close`. */
static bool check_list(struct grammar *g, char close, int depth)
{
	g->at++;
	json_skip_blank(g);
	if (g->at < g->end && *g->at == close) {
		g->at++;
		return true;
	}
	for (;;) {
		json_skip_blank(g);
		if (close == '}') {
			if (g->at >= g->end || *g->at != '"' || !check_string(g))
				return is_wrong(g, "a member without a name");
			json_skip_blank(g);
			if (g->at >= g->end || *g->at++ != ':')
				return is_wrong(g, "a member without a value");
		}
		if (!check_value(g, depth))
			return false;
		json_skip_blank(g);
		if (g->at >= g->end || (*g->at != ',' && *g->at != close))
			return is_wrong(g, "a list without its end");
		if (*g->at++ == close)
			return true;
	}
}

static bool check_value(struct grammar *g, int depth)
{
	json_skip_blank(g);
	g->n_values++;
	switch (g->at < g->end ? *g->at : '\0') {
	case '{':
		return depth < DEPTH_MAX ? check_list(g, '}', depth + 1) : is_wrong(g, "nested too deep");
	case '[':
		return depth < DEPTH_MAX ? check_list(g, ']', depth + 1) : is_wrong(g, "nested too deep");
	case '"':
		return check_string(g);
	case 't':
		return check_word(g, "true");
	case 'f':
		return check_word(g, "false");
	case 'n':
		return check_word(g, "null");
	case '\0':
		return is_wrong(g, "no value");
	default:
		return check_number(g);
	}
}

/* Replaces escapes that cJSON misreads: \u0000 becomes U+FFFD; half a surrogate pair becomes U+FFFD
 * or, with keep_halves, its three-byte encoding. */
static struct str mended(struct arena *a, struct str text, bool keep_halves)
{
	char *copy = arena_alloc(a, text.len + 1), *to = copy;
	const char *at = text.ptr, *end = text.ptr + text.len;
	while (at < end) {
		int unit = escaped_unit(at, end);
		if (*at != '\\') {
			*to++ = *at++;
		} else if (unit < 0) {
			*to++ = *at++;
			*to++ = *at++;
		} else if (is_high(unit) && is_low(escaped_unit(at + 6, end))) {
			memcpy(to, at, 12);
			to += 12;
			at += 12;
		} else if (keep_halves && (is_high(unit) || is_low(unit))) {
			*to++ = (char)0xED;
			*to++ = (char)(0x80 | ((unit >> 6) & 0x3F));
			*to++ = (char)(0x80 | (unit & 0x3F));
			at += 6;
		} else {
			memcpy(to, unit == 0 || is_high(unit) || is_low(unit) ? "\\uFFFD" : at, 6);
			to += 6;
			at += 6;
		}
	}
	*to = '\0';
	return (struct str){ copy, (size_t)(to - copy) };
}

static int parse(struct arena *a, struct str text, size_t cap, bool keep_halves, const struct json **out, struct err *err)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	struct grammar g = { .at = text.ptr, .end = text.ptr + text.len };
	pthread_once(&once, set_hooks);
	if (text.len > cap)
		return err_set(err, ERR_TOO_BIG, "JSON of %zu bytes, over %zu", text.len, cap);
	if (!keep_halves && !utf8_valid(text))
		return err_set(err, ERR_BAD_INPUT, "JSON is not valid UTF-8");
	if (check_value(&g, 0)) {
		json_skip_blank(&g);
		if (g.at < g.end)
			is_wrong(&g, "something after its end");
	}
	if (g.wrong != NULL)
		return err_set(err, ERR_BAD_INPUT, "malformed JSON: %s, at byte %zu", g.wrong, (size_t)(g.at - text.ptr));
	if (g.n_values > VALUES_FREE && g.n_values > text.len / BYTES_PER_VALUE)
		return err_set(err, ERR_TOO_BIG, "JSON of %zu values in %zu bytes", g.n_values, text.len);
	/* cJSON needs a NUL at the end to reject trailing garbage. */
	if (g.has_nul || g.has_half)
		text = mended(a, text, keep_halves);
	else
		text.ptr = arena_dup(a, text.ptr, text.len);
	parse_arena = a;
	const cJSON *root = cJSON_ParseWithLengthOpts(text.ptr, text.len + 1, NULL, 1);
	parse_arena = NULL;
	if (root == NULL)
		return err_set(err, ERR_BAD_INPUT, "malformed JSON");
	*out = (const struct json *)root;
	return 0;
}

int json_parse(struct arena *a, struct str text, size_t cap, const struct json **out, struct err *err)
{
	return parse(a, text, cap, false, out, err);
}

int json_parse_piece(struct arena *a, struct str text, size_t cap, const struct json **out, struct err *err)
{
	return parse(a, text, cap, true, out, err);
}

/* The first member whose name is the n bytes at `name`. cJSON_GetObjectItem needs a NUL-terminated
 * copy and calls a function for each member: that took a tenth of the worker's time. */
static const cJSON *member(const cJSON *object, const char *name, size_t n)
{
	const cJSON *m = cJSON_IsObject(object) ? object->child : NULL;
	for (; m != NULL; m = m->next) {
		size_t i = 0;
		while (i < n && m->string[i] == name[i])
			i++;
		if (i == n && m->string[n] == '\0')
			break;
	}
	return m;
}

void json_find(const struct json *object, const char *const *names, size_t n, const struct json **out)
{
	memset(out, 0, sizeof *out * n);
	for (const cJSON *m = cJSON_IsObject(node_of(object)) ? node_of(object)->child : NULL; m != NULL; m = m->next)
		for (size_t i = 0; i < n; i++)
			if (m->string[0] == names[i][0] && out[i] == NULL && strcmp(m->string, names[i]) == 0) {
				out[i] = (const struct json *)m;
				break;
			}
}

const struct json *json_get(const struct json *j, const char *path)
{
	const cJSON *node = node_of(j);
	while (node != NULL && *path != '\0') {
		if (*path == '[') {
			int at = 0;
			for (path++; *path >= '0' && *path <= '9'; path++)
				at = at * 10 + (*path - '0');
			node = cJSON_IsArray(node) ? cJSON_GetArrayItem(node, at) : NULL;
			path += *path == ']';
		} else {
			size_t n = 0;
			while (path[n] != '\0' && path[n] != '.' && path[n] != '[')
				n++;
			node = n > 0 ? member(node, path, n) : NULL;
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

bool json_is_array(const struct json *j)
{
	return cJSON_IsArray(node_of(j));
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
	strbuf_char(b, '"');
	strbuf_str(b, key);
	strbuf_add(b, "\":", 2);
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
	strbuf_int(b, value);
}
