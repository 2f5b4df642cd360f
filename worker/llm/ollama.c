/*
 * Ollama's own API: POST /api/chat, newline-delimited JSON, complete with a line that says "done":true. num_ctx is always sent and truncate
 * is off: else a prompt that is too long loses its beginning in silence.
 */
#include "worker/llm/classify.h"
#include "worker/llm/wire.h"

#define NUM_CTX 8192

static void put_turn(const struct prompt_turn *t, struct strbuf *b)
{
	strbuf_addf(b, "{\"role\":\"%s\",\"content\":", t->role);
	json_put_str(b, t->content);
	if (strcmp(t->role, "tool") == 0) {
		json_put_field(b, "tool_name", t->call_name != NULL ? t->call_name : "");
		json_put_key(b, "tool_call_id");
		wire_put_id(b, t->call_id);
	}
	if (t->n_calls > 0)
		strbuf_str(b, ",\"tool_calls\":[");
	for (int i = 0; i < t->n_calls; i++) {
		strbuf_str(b, i > 0 ? ",{\"id\":" : "{\"id\":");
		wire_put_id(b, t->calls[i].id);
		strbuf_addf(b, ",\"function\":{\"index\":%d", i);
		json_put_field(b, "name", t->calls[i].name);
		json_put_key(b, "arguments");
		wire_put_raw(b, t->calls[i].arguments, "{}");
		strbuf_str(b, "}}");
	}
	strbuf_str(b, t->n_calls > 0 ? "]}" : "}");
}

static void build(const struct prompt *p, struct strbuf *b)
{
	strbuf_char(b, '{');
	json_put_field(b, "model", p->model);
	strbuf_addf(b, ",\"stream\":true,\"truncate\":false,\"options\":{\"num_ctx\":%d",
	            p->context_tokens > 0 ? p->context_tokens : NUM_CTX);
	if (p->max_tokens > 0)
		json_put_int_field(b, "num_predict", p->max_tokens);
	if (p->is_exact)
		json_put_int_field(b, "temperature", 0);
	strbuf_char(b, '}');
	if (p->schema.len > 0) {
		json_put_key(b, "format");
		strbuf_add(b, p->schema.ptr, p->schema.len);
	}
	if (p->n_tools > 0)
		wire_put_functions(p, b);
	wire_put_messages(p, b, put_turn);
	strbuf_char(b, '}');
}

/* Calls come whole; older servers give them no id. */
static int read_calls(struct reply *r, struct str data, const struct json *j, struct err *err)
{
	for (struct wire_list l = wire_list(j, data, "message.tool_calls"); wire_next(&l);) {
		struct str id = STR(""), name = STR(""), arguments = STR("");
		if (r->state == NULL)
			r->state = arena_alloc(r->arena, sizeof(struct parts));
		struct parts *parts = r->state;
		json_str(l.j, "function.name", &name);
		if (!json_str(l.j, "function.arguments", &arguments))
			raw_get(l.raw, "function.arguments", &arguments);
		if (!json_str(l.j, "id", &id) || id.len == 0)
			id = wire_make_id(r->arena, data, parts->n);
		struct part *p = parts_new(r->arena, parts, -1, id, name, err);
		if (p == NULL || part_add(r->arena, p, str_eq(arguments, "null") ? STR("") : arguments, err) < 0)
			return -1;
	}
	return 0;
}

static int feed(struct reply *r, struct arena *a, const char *name, struct str data, struct err *err)
{
	const struct json *j;
	struct str text;
	bool done = false;
	(void)name;
	if (r->is_complete)
		return 0;
	if (wire_parse(a, data, SPLIT_LINE_MAX, &j, err) < 0)
		return -1;
	if (wire_is_error(j))
		return classify_stream(&provider_ollama, data, err);
	wire_keep(r->model, sizeof r->model, j, "model");
	if (json_str(j, "message.content", &text) && text.len > 0)
		r->on_text(r->ctx, text);
	if (read_calls(r, data, j, err) < 0)
		return -1;
	if (json_bool(j, "done", &done) && done) {
		usage_int(j, "prompt_eval_count", &r->usage.input);
		usage_int(j, "eval_count", &r->usage.output);
		wire_keep(r->finish, sizeof r->finish, j, "done_reason");
		r->has_finish = true;
		if (r->state != NULL && reply_ended(r) == FINISH_WHOLE && parts_settle(r, r->state, err) < 0)
			return -1;
		r->is_complete = true;
	}
	return 0;
}

static bool error(const struct json *body, struct str *text, struct str *code)
{
	*code = STR("");
	return json_str(body, "error", text) || json_str(body, "error.message", text);
}

static void path(const struct prompt *p, struct strbuf *b)
{
	(void)p;
	strbuf_str(b, "/api/chat");
}

const struct provider_ops provider_ollama = {
	.protocol = "ollama",
	.key_header = "Authorization: Bearer ",
	.path = path,
	.stream = SPLIT_LINES,
	.stream_type = "application/x-ndjson",
	.build = build,
	.feed = feed,
	.error = error,
};
