/*
 * Ollama's own API: POST /api/chat, newline-delimited JSON; the reply is complete with a line that
 * has "done":true. num_ctx is always sent and truncate is off, because otherwise the server
 * silently cuts off the beginning of a prompt that is too long.
 */
#include "worker/llm/embed.h"
#include "worker/llm/wire.h"

#define NUM_CTX 8192

static void ollama_put_turn(const struct turn *t, struct strbuf *b)
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

/* Only gpt-oss accepts a level; the other models accept true or false. */
static void put_think(const struct prompt *p, struct strbuf *b)
{
	const char *effort = wire_effort(p->set.reasoning);
	if (str_has_nocase(str_of(p->model), "gpt-oss"))
		json_put_field(b, "think", strcmp(effort, "none") == 0 || strcmp(effort, "minimal") == 0 ? "low" : effort);
	else
		strbuf_addf(b, ",\"think\":%s", strcmp(effort, "none") == 0 ? "false" : "true");
}

static void ollama_build(const struct prompt *p, struct strbuf *b)
{
	strbuf_char(b, '{');
	json_put_field(b, "model", p->model);
	strbuf_addf(b, ",\"stream\":true,\"truncate\":false,\"options\":{\"num_ctx\":%d",
	            p->context_tokens > 0 ? p->context_tokens : NUM_CTX);
	if (p->max_tokens > 0)
		json_put_int_field(b, "num_predict", p->max_tokens);
	if (p->is_exact)
		json_put_int_field(b, "temperature", 0);
	else
		wire_put_sampling(p, b, "temperature", "top_p");
	strbuf_char(b, '}');
	if (p->set.reasoning != NULL && !p->is_exact)
		put_think(p, b);
	if (p->schema.len > 0) {
		json_put_key(b, "format");
		strbuf_add(b, p->schema.ptr, p->schema.len);
	}
	if (p->n_tools > 0)
		wire_put_functions(p, b);
	wire_put_messages(p, b, ollama_put_turn);
	strbuf_char(b, '}');
}

static const struct part *find_same(const struct parts *parts, struct str id)
{
	const struct part *p = parts->first;
	while (p != NULL && !str_eq(id, p->id))
		p = p->next;
	return p;
}

/* Reads one tool call; it comes whole. Older servers send no id, and some servers send a call
 * twice. */
static int ollama_read_call(struct reply *r, const struct wire_list *l, struct err *err)
{
	struct parts *parts = r->state;
	struct str id = STR(""), name = STR(""), arguments = STR("");
	json_str(l->j, "function.name", &name);
	if (!json_str(l->j, "function.arguments", &arguments))
		raw_get(l->raw, "function.arguments", &arguments);
	if (str_eq(arguments, "null"))
		arguments = STR("");
	const struct part *same = json_str(l->j, "id", &id) && id.len > 0 ? find_same(parts, id) : NULL;
	if (same != NULL && str_eq(name, same->name) && str_eq(arguments, grow_str(&same->arguments).ptr))
		return 0;
	if (same != NULL || id.len == 0)
		id = wire_make_id(r, l->raw, parts->n);
	struct part *p = parts_new(r, parts, -1, id, name, err);
	return p != NULL ? part_add(r->arena, p, arguments, err) : -1;
}

static int ollama_read_calls(struct reply *r, struct str data, const struct json *j, struct err *err)
{
	for (struct wire_list l = wire_list(j, data, "message.tool_calls"); wire_next(&l);) {
		if (r->state == NULL)
			r->state = arena_alloc(r->arena, sizeof(struct parts));
		if (ollama_read_call(r, &l, err) < 0)
			return -1;
	}
	return 0;
}

static int ollama_end(struct reply *r, struct err *err)
{
	return r->state != NULL ? parts_settle(r, r->state, err) : 0;
}

static int ollama_feed(struct reply *r, struct arena *a, const char *name, struct str data, struct err *err)
{
	static const char *const PAYLOAD[] = { "message", "done", "response", NULL };
	const struct json *j;
	struct str thinking;
	bool done = false;
	if (wire_event(a, name, data, PAYLOAD, &j, err) < 0)
		return -1;
	wire_keep(r->model, sizeof r->model, j, "model");
	r->has_thought |= json_str(j, "message.thinking", &thinking) && thinking.len > 0;
	wire_put_text(r, j, "message.content");
	if (ollama_read_calls(r, data, j, err) < 0)
		return -1;
	if (json_bool(j, "done", &done) && done) {
		usage_count(j, "prompt_eval_count", &r->usage.input);
		usage_count(j, "eval_count", &r->usage.output);
		wire_keep_finish(r, j, "done_reason");
		r->has_mark = true;
	}
	return 0;
}

static void ollama_path(const struct prompt *p, struct strbuf *b)
{
	(void)p;
	strbuf_str(b, "/chat");
}

/* ---- embeddings */

static void ollama_embed_path(const struct embed_request *r, struct strbuf *b)
{
	(void)r;
	strbuf_str(b, "/embed");
}

/* truncate is off: a text that is too long gives an error, not a vector of its beginning. */
static void ollama_embed_build(const struct embed_request *r, struct strbuf *b)
{
	strbuf_char(b, '{');
	json_put_field(b, "model", r->model);
	embed_put_texts(r, b);
	strbuf_str(b, ",\"truncate\":false}");
}

static const struct embed_ops EMBED = { 512, ollama_embed_path, ollama_embed_build, "embeddings", "" };

/* ---- the vendor's own words */

static const struct ending ENDINGS[] = {
	{ "load", FINISH_FAULT },
	{ "unload", FINISH_FAULT },
	{ NULL, FINISH_NONE },
};

const struct provider_ops provider_ollama = {
	.protocol = "ollama",
	.key_header = "Authorization: Bearer ",
	.version = "/api",
	.path = ollama_path,
	.build = ollama_build,
	.feed = ollama_feed,
	.end = ollama_end,
	.embed = &EMBED,
	.endings = ENDINGS,
};
