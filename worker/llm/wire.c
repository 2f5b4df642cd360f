#include "worker/llm/wire.h"

#include "shared/utf8.h"
#include "worker/llm/classify.h"
#include "worker/llm/text.h"
#include "worker/llm/verdict.h"

int wire_parse(struct arena *a, struct str text, size_t cap, const struct json **out, struct err *err)
{
	struct err why;
	if (json_parse_piece(a, text, cap, out, &why) == 0)
		return 0;
	return err_set(err, why.code == ERR_TOO_BIG ? ERR_TOO_BIG : ERR_BAD_REPLY, "not JSON: %.90s", why.msg);
}

int wire_event(struct arena *a, const char *name, struct str data, const char *const *payload, const struct json **out,
               struct err *err)
{
	if (wire_parse(a, data, SPLIT_LINE_MAX, out, err) < 0)
		return -1;
	return is_error_event(*out, name, payload) ? classify_event(data, *out, err) : 0;
}

/* ---- raw JSON. The text was parsed before, so it is known to be well formed. */

static size_t wire_skip_blank(struct str s, size_t at)
{
	while (at < s.len && strchr(" \t\r\n", s.ptr[at]) != NULL)
		at++;
	return at;
}

static size_t skip_string(struct str s, size_t at)
{
	for (at++; at < s.len && s.ptr[at] != '"'; at++)
		at += s.ptr[at] == '\\';
	return MIN(at + 1, s.len);
}

static size_t skip_value(struct str s, size_t at)
{
	int depth = 0;
	do {
		char c = s.ptr[at];
		if (c == '"') {
			at = skip_string(s, at);
			continue;
		}
		if (c == '{' || c == '[')
			depth++;
		else if (c == '}' || c == ']')
			depth--;
		else if (depth == 0) { /* a number, true, false or null */
			while (at < s.len && strchr(",]} \t\r\n", s.ptr[at]) == NULL)
				at++;
			return at;
		}
		at++;
	} while (at < s.len && depth > 0);
	return at;
}

bool raw_next(struct str *rest, struct str *key, struct str *value)
{
	struct str s = *rest;
	size_t at = wire_skip_blank(s, 0), end;
	*key = STR("");
	if (at >= s.len || strchr("{[,", s.ptr[at]) == NULL)
		return false;
	bool is_first = s.ptr[at] != ',';
	at = wire_skip_blank(s, at + 1);
	if (at >= s.len || (is_first && (s.ptr[at] == '}' || s.ptr[at] == ']')))
		return false;
	if (s.ptr[at] == '"') {
		end = skip_string(s, at);
		size_t colon = wire_skip_blank(s, end);
		if (colon < s.len && s.ptr[colon] == ':') {
			*key = (struct str){ s.ptr + at + 1, end - at - 2 };
			at = wire_skip_blank(s, colon + 1);
		}
	}
	end = MIN(skip_value(s, at), s.len);
	*value = (struct str){ s.ptr + at, end - at };
	*rest = (struct str){ s.ptr + end, s.len - end };
	return true;
}

/* True when the raw name of a member is `name` (n plain characters); JSON may write any of them as
 * \u00XX. */
static bool is_named(struct str key, const char *name, size_t n)
{
	size_t at = 0;
	for (size_t i = 0; i < n; i++) {
		long c = at < key.len ? (unsigned char)key.ptr[at] : 0;
		if (c == '\\' && at + 6 <= key.len && key.ptr[at + 1] == 'u') {
			char hex[5] = { key.ptr[at + 2], key.ptr[at + 3], key.ptr[at + 4], key.ptr[at + 5] };
			c = strtol(hex, NULL, 16);
			at += 5;
		}
		if (c != (unsigned char)name[i])
			return false;
		at++;
	}
	return at == key.len;
}

bool raw_get(struct str json, const char *path, struct str *out)
{
	struct str key, value = json;
	while (*path != '\0') {
		struct str rest = value;
		bool is_index = *path == '[', found = false;
		size_t n = is_index ? strcspn(path, "]") + 1 : strcspn(path, ".[");
		int at = is_index ? atoi(path + 1) : 0;
		size_t start = wire_skip_blank(rest, 0);
		if (start >= rest.len || rest.ptr[start] != (is_index ? '[' : '{'))
			return false;
		for (int i = 0; !found && raw_next(&rest, &key, &value); i++)
			found = is_index ? i == at : is_named(key, path, n);
		if (!found)
			return false;
		path += n;
		path += *path == '.';
	}
	*out = value;
	return true;
}

bool wire_is_strict(struct str json)
{
	struct arena a = ARENA_INIT;
	const struct json *j;
	struct err ignored;
	bool is = json_parse(&a, json, WIRE_NATIVE_MAX, &j, &ignored) == 0;
	arena_release(&a);
	return is;
}

struct wire_list wire_list(const struct json *j, struct str text, const char *path)
{
	struct wire_list l = { .next = json_first(json_get(j, path)) };
	if (l.next != NULL) /* most events have no such list: their text is not searched */
		raw_get(text, path, &l.rest);
	return l;
}

bool wire_next(struct wire_list *l)
{
	struct str key;
	l->j = l->next;
	if (l->j == NULL || !raw_next(&l->rest, &key, &l->raw))
		return false;
	l->next = json_next(l->j);
	return true;
}

/* ---- text that grows */

void grow_add(struct arena *a, struct grow *g, struct str more)
{
	if (g->len + more.len + 1 > g->size) {
		size_t size = MAX(g->len + more.len + 1, MAX(g->size * 2, 64u));
		char *ptr = arena_alloc(a, size);
		if (g->len > 0)
			memcpy(ptr, g->ptr, g->len);
		g->ptr = ptr;
		g->size = size;
	}
	memcpy(g->ptr + g->len, more.ptr, more.len);
	g->len += more.len;
	g->ptr[g->len] = '\0';
}

/* ---- calls */

struct part *parts_new(struct reply *r, struct parts *parts, int64_t index, struct str id, struct str name, struct err *err)
{
	if (parts->n >= WIRE_CALLS_MAX) {
		err_set(err, ERR_BAD_REPLY, "over %d tool calls in one reply", WIRE_CALLS_MAX);
		return NULL;
	}
	struct part *p = arena_alloc(r->arena, sizeof *p);
	*p = (struct part){ .index = index,
		            .id = arena_dup(r->arena, id.ptr, id.len),
		            .name = arena_dup(r->arena, name.ptr, name.len) };
	if (parts->last != NULL)
		parts->last->next = p;
	else
		parts->first = p;
	parts->last = p;
	r->n_begun = ++parts->n;
	return p;
}

int part_add(struct arena *a, struct part *p, struct str piece, struct err *err)
{
	if (p->arguments.len + piece.len > WIRE_ARGUMENTS_MAX)
		return err_set(err, ERR_BAD_REPLY, "the arguments of a tool call are over %u bytes", WIRE_ARGUMENTS_MAX);
	grow_add(a, &p->arguments, piece);
	return 0;
}

static bool is_object(struct str text)
{
	struct arena a = ARENA_INIT;
	const struct json *j;
	struct err ignored;
	bool is = json_parse(&a, text, WIRE_ARGUMENTS_MAX, &j, &ignored) == 0 && json_is_object(j);
	arena_release(&a);
	return is;
}

bool part_is_whole(struct part *p)
{
	struct str text = grow_str(&p->arguments);
	if (!brackets_closed(&p->seen))
		p->seen_bytes += brackets_follow(&p->seen, (struct str){ text.ptr + p->seen_bytes, text.len - p->seen_bytes });
	return p->name[0] != '\0' && brackets_closed(&p->seen);
}

/* Joins characters that came in two pieces; all pieces have come by now. */
static struct str whole_text(struct arena *a, struct str text)
{
	struct strbuf b = STRBUF_INIT(text.len * 3);
	if (utf8_valid(text))
		return text;
	utf8_repair(&b, text);
	text = (struct str){ arena_dup(a, strbuf_text(&b), b.len), b.len };
	strbuf_release(&b);
	return text;
}

int parts_settle(struct reply *r, const struct parts *parts, struct err *err)
{
	struct tool_call *calls;
	int n = 0;
	r->calls = NULL;
	r->n_calls = 0;
	if (parts->n == 0)
		return 0;
	calls = arena_alloc(r->arena, sizeof *calls * (size_t)parts->n);
	for (const struct part *p = parts->first; p != NULL; p = p->next) {
		struct str arguments = p->arguments.len > 0 ? whole_text(r->arena, grow_str(&p->arguments)) : STR("{}");
		if (p->name[0] == '\0')
			return err_set(err, ERR_NO_ANSWER, "a tool call without a name");
		bool is_bad = !is_object(arguments);
		if (is_bad && !r->is_offered)
			return err_set(err, ERR_NO_ANSWER, "the arguments of tool call %.60s are no JSON object", p->name);
		calls[n] = (struct tool_call){ .id = p->id, .name = p->name, .arguments = is_bad ? STR("{}") : arguments };
		if (is_bad)
			calls[n].bad = arguments;
		n++;
	}
	r->calls = calls;
	r->n_calls = n;
	return 0;
}

/* FNV-1a */
static uint64_t hash(uint64_t h, struct str s)
{
	for (size_t i = 0; i < s.len; i++)
		h = (h ^ (unsigned char)s.ptr[i]) * 1099511628211u;
	return h;
}

struct str wire_make_id(const struct reply *r, struct str call, int n)
{
	uint64_t h = hash(hash(14695981039346656037u, str_of(r->id)), call);
	return str_of(arena_strf(r->arena, WIRE_MADE_ID "%016llx_%d", (unsigned long long)h, n));
}

/* ---- requests */

void wire_put_sampling(const struct prompt *p, struct strbuf *b, const char *temperature_key, const char *top_p_key)
{
	if (p->set.temperature != NULL) {
		json_put_key(b, temperature_key);
		strbuf_str(b, p->set.temperature);
	}
	if (p->set.top_p != NULL) {
		json_put_key(b, top_p_key);
		strbuf_str(b, p->set.top_p);
	}
}

/* Efforts in rising order, with the budgets (tokens) that vendors' own documents give for such
 * words. */
static const struct {
	const char *word;
	int64_t tokens;
} EFFORTS[] = { { "none", 0 }, { "minimal", 1024 }, { "low", 2048 }, { "medium", 8192 }, { "high", 24576 } };

const char *wire_effort(const char *reasoning)
{
	if (*reasoning < '0' || *reasoning > '9')
		return reasoning;
	size_t i = 0;
	while (i + 1 < ARRAY_SIZE(EFFORTS) && atoll(reasoning) > EFFORTS[i].tokens)
		i++;
	return EFFORTS[i].word;
}

int64_t wire_budget(const char *reasoning)
{
	for (size_t i = 0; i < ARRAY_SIZE(EFFORTS); i++)
		if (strcmp(reasoning, EFFORTS[i].word) == 0)
			return EFFORTS[i].tokens;
	return atoll(reasoning);
}

void wire_put_raw(struct strbuf *b, struct str json, const char *when_empty)
{
	if (json.len > 0)
		strbuf_add(b, json.ptr, json.len);
	else
		strbuf_str(b, when_empty);
}

static void put_tool(struct strbuf *b, const struct tool *t, const char *schema_key, const char *no_schema)
{
	strbuf_char(b, '{');
	json_put_field(b, "name", t->name);
	if (t->description != NULL)
		json_put_field(b, "description", t->description);
	if (t->schema.len > 0 || no_schema != NULL) {
		json_put_key(b, schema_key);
		wire_put_raw(b, t->schema, no_schema);
	}
	strbuf_char(b, '}');
}

void wire_put_tools(const struct prompt *p, struct strbuf *b, const char *schema_key, const char *no_schema)
{
	strbuf_char(b, '[');
	for (int i = 0; i < p->n_tools; i++) {
		if (i > 0)
			strbuf_char(b, ',');
		put_tool(b, &p->tools[i], schema_key, no_schema);
	}
	strbuf_char(b, ']');
}

void wire_put_functions(const struct prompt *p, struct strbuf *b)
{
	strbuf_str(b, ",\"tools\":[");
	for (int i = 0; i < p->n_tools; i++) {
		strbuf_str(b, i > 0 ? ",{\"type\":\"function\",\"function\":" : "{\"type\":\"function\",\"function\":");
		put_tool(b, &p->tools[i], "parameters", WIRE_NO_SCHEMA);
		strbuf_char(b, '}');
	}
	strbuf_char(b, ']');
}

void wire_put_messages(const struct prompt *p, struct strbuf *b, void (*put_turn)(const struct turn *, struct strbuf *))
{
	strbuf_str(b, ",\"messages\":[");
	bool has_system = p->system != NULL && !text_is_blank(str_of(p->system));
	if (has_system) {
		strbuf_str(b, "{\"role\":\"system\",\"content\":");
		json_put_str(b, str_of(p->system));
		strbuf_char(b, '}');
	}
	for (int i = 0; i < p->n_turns; i++) {
		if (i > 0 || has_system)
			strbuf_char(b, ',');
		put_turn(&p->turns[i], b);
	}
	strbuf_char(b, ']');
}

void wire_next_part(struct wire_turns *w, const char *role)
{
	if (w->role != NULL && strcmp(w->role, role) == 0) {
		strbuf_char(w->b, ',');
		return;
	}
	if (w->role != NULL)
		strbuf_str(w->b, "]},");
	strbuf_addf(w->b, "{\"role\":\"%s\",\"%s\":[", role, w->parts_key);
	w->role = role;
}

bool wire_put_native(struct wire_turns *w, const char *role, const struct turn *t, const char *protocol)
{
	w->is_native = t->own_protocol != NULL && strcmp(t->own_protocol, protocol) == 0 && t->native.len > 2;
	if (!w->is_native)
		return false;
	wire_next_part(w, role);
	strbuf_add(w->b, t->native.ptr + 1, t->native.len - 2); /* without the array's brackets */
	return true;
}

void wire_end_turns(struct wire_turns *w)
{
	if (w->role != NULL)
		strbuf_str(w->b, "]}");
}

static bool is_plain(char c)
{
	return (c >= '0' && c <= '9') || ((c | 32) >= 'a' && (c | 32) <= 'z') || c == '_' || c == '-';
}

void wire_put_path(struct strbuf *b, const char *name)
{
	for (const char *p = name; *p != '\0'; p++)
		strbuf_addf(b, is_plain(*p) || *p == '.' ? "%c" : "%%%02X", (unsigned char)*p);
}

void wire_put_id(struct strbuf *b, const char *id)
{
	strbuf_char(b, '"');
	for (const char *p = id != NULL ? id : ""; *p != '\0'; p++)
		strbuf_char(b, is_plain(*p) ? *p : '_');
	strbuf_char(b, '"');
}

void wire_put_text(struct reply *r, const struct json *j, const char *path)
{
	const struct json *content = json_get(j, path);
	struct str text = json_value(content), type;
	if (text.len > 0)
		r->on_text(r->ctx, text);
	if (!json_is_array(content))
		return;
	for (const struct json *part = json_first(content); part != NULL; part = json_next(part)) {
		bool is_text = !json_str(part, "type", &type) || str_eq(type, "text") || str_eq(type, "output_text");
		r->has_thought |= !is_text && (str_has_nocase(type, "think") || str_has_nocase(type, "reason"));
		if (is_text && (json_str(part, "text", &text) || json_str(part, "", &text)) && text.len > 0)
			r->on_text(r->ctx, text);
	}
}

void wire_keep(char *out, size_t size, const struct json *j, const char *path)
{
	struct str s;
	if (!json_str(j, path, &s) || s.len == 0)
		return;
	size_t n = MIN(s.len, size - 1);
	memcpy(out, s.ptr, n);
	out[n] = '\0';
}

void wire_keep_finish(struct reply *r, const struct json *j, const char *path)
{
	struct str word;
	if (json_str(j, path, &word))
		wire_set_finish(r, word.ptr);
}

void wire_set_finish(struct reply *r, const char *word)
{
	enum finish_kind kind = finish_kind(word);
	/* A word that proves nothing does not replace one that does. */
	if (kind == FINISH_NONE || (kind == FINISH_UNKNOWN && reply_is_whole(r)))
		return;
	struct strbuf safe = STRBUF_INIT(4 * 1024);
	utf8_safe(&safe, (struct str){ word, strnlen(word, sizeof r->finish) }, false);
	snprintf(r->finish, sizeof r->finish, "%s", strbuf_text(&safe));
	strbuf_release(&safe);
}

void wire_check_total(struct reply *r, int64_t total)
{
	struct usage *u = &r->usage;
	if (total < 0 || u->input < 0)
		return;
	r->is_mismatched = u->output >= 0 && u->input + u->output != total;
	if (u->cached > 0 && u->output >= 0 && u->input + u->cached + u->output == total)
		u->input += u->cached; /* `cached` was counted beside the input */
	else if (total - u->input > u->output)
		u->output = total - u->input;
}
