/*
 * OpenAI's chat completions, which Groq, vLLM and many others speak: POST /v1/chat/completions,
 * server-sent events; the end is a finish_reason, then [DONE], but many servers send only one of
 * the two. Usage comes in a chunk without choices (OpenAI), in the last chunk (Groq, twice) or
 * inside of its choice (Kimi). The last value counts; values are not added up.
 */
#include "worker/llm/embed.h"
#include "worker/llm/wire.h"

/* ---- the request */

/* True for models that think: they refuse max_tokens and a temperature. Other servers do not know
 * max_completion_tokens. */
static bool is_thinker(const char *model)
{
	static const char *const NAMES[] = { "o1", "o3", "o4", "gpt-5" };
	for (size_t i = 0; i < ARRAY_SIZE(NAMES); i++)
		if (strncmp(model, NAMES[i], strlen(NAMES[i])) == 0)
			return true;
	return false;
}

static void put_calls(const struct turn *t, struct strbuf *b)
{
	strbuf_str(b, ",\"tool_calls\":[");
	for (int i = 0; i < t->n_calls; i++) {
		struct str arguments = t->calls[i].arguments;
		strbuf_str(b, i > 0 ? ",{\"id\":" : "{\"id\":");
		wire_put_id(b, t->calls[i].id);
		strbuf_str(b, ",\"type\":\"function\",\"function\":{");
		json_put_field(b, "name", t->calls[i].name);
		json_put_key(b, "arguments");
		json_put_str(b, arguments.len > 0 ? arguments : STR("{}"));
		strbuf_str(b, "}}");
	}
	strbuf_char(b, ']');
}

static void openai_put_turn(const struct turn *t, struct strbuf *b)
{
	strbuf_addf(b, "{\"role\":\"%s\"", t->role);
	if (strcmp(t->role, "tool") == 0) {
		json_put_key(b, "tool_call_id");
		wire_put_id(b, t->call_id);
	}
	json_put_key(b, "content");
	if (t->n_calls > 0 && t->content.len == 0)
		strbuf_str(b, "null");
	else
		json_put_str(b, t->content);
	if (t->n_calls > 0)
		put_calls(t, b);
	strbuf_char(b, '}');
}

static void put_options(const struct prompt *p, struct strbuf *b)
{
	if (p->max_tokens > 0)
		json_put_int_field(b, is_thinker(p->model) ? "max_completion_tokens" : "max_tokens", p->max_tokens);
	if (p->is_exact && !is_thinker(p->model))
		json_put_int_field(b, "temperature", 0);
	if (!p->is_exact)
		wire_put_sampling(p, b, "temperature", "top_p");
	if (p->set.reasoning != NULL && !p->is_exact)
		json_put_field(b, "reasoning_effort", wire_effort(p->set.reasoning));
	if (p->schema.len > 0) {
		strbuf_str(b, ",\"response_format\":{\"type\":\"json_schema\",\"json_schema\":{\"name\":\"answer\",\"schema\":");
		strbuf_add(b, p->schema.ptr, p->schema.len);
		strbuf_str(b, "}}");
	}
	if (p->n_tools > 0)
		wire_put_functions(p, b);
}

static void openai_build(const struct prompt *p, struct strbuf *b)
{
	strbuf_char(b, '{');
	json_put_field(b, "model", p->model);
	strbuf_str(b, ",\"stream\":true,\"stream_options\":{\"include_usage\":true}");
	put_options(p, b);
	wire_put_messages(p, b, openai_put_turn);
	strbuf_char(b, '}');
}

/* ---- the reply */

#define COST_MAX 1e6 /* USD; a higher cost is ignored */

/* Reads the counts; servers use different names for the same count. */
static void openai_read_usage(struct reply *r, const struct json *j)
{
	struct usage *u = &r->usage;
	int64_t total = -1;
	double cost;
	usage_count(j, "input_tokens", &u->input); /* gateways that use Anthropic's names */
	usage_count(j, "output_tokens", &u->output);
	usage_count(j, "prompt_tokens", &u->input);
	usage_count(j, "completion_tokens", &u->output);
	usage_count(j, "total_tokens", &total);
	usage_count(j, "cached_tokens", &u->cached);           /* Kimi */
	usage_count(j, "cache_read_input_tokens", &u->cached); /* gateways to Anthropic */
	usage_count(j, "prompt_cache_hit_tokens", &u->cached); /* DeepSeek */
	usage_count(j, "prompt_tokens_details.cached_tokens", &u->cached);
	usage_count(j, "cache_creation_input_tokens", &u->cache_write); /* gateways to Anthropic */
	usage_count(j, "prompt_tokens_details.cache_write_tokens", &u->cache_write);
	usage_count(j, "prompt_tokens_details.audio_tokens", &u->audio_in);
	usage_count(j, "completion_tokens_details.audio_tokens", &u->audio_out);
	usage_count(j, "completion_tokens_details.reasoning_tokens", &u->reasoning);
	if (json_double(j, "cost", &cost) && cost >= 0 && cost < COST_MAX) /* OpenRouter, in USD */
		u->cost_pico = (int64_t)(cost * 1e12 + 0.5);
	/* Some servers leave reasoning out of completion_tokens: the total shows it. */
	wire_check_total(r, total);
}

struct state {
	struct parts parts;
	bool has_delta; /* the answer comes as deltas */
};

static struct state *openai_state_of(struct reply *r)
{
	if (r->state == NULL)
		r->state = arena_alloc(r->arena, sizeof(struct state));
	return r->state;
}

/* The tool call that a piece belongs to; NULL: a new one. An id counts more than an index, because
 * some servers give every call the index 0. A piece with neither continues the last call; but a
 * piece with a name begins a new one when the last call is whole. */
static struct part *find_part(const struct parts *parts, struct str id, int64_t index, struct str name)
{
	struct part *found = NULL;
	if (id.len > 0) {
		for (struct part *p = parts->first; p != NULL && found == NULL; p = p->next)
			found = str_eq(id, p->id) ? p : NULL;
		return found;
	}
	if (index >= 0) { /* the last call with it: an index may be given twice */
		for (struct part *p = parts->first; p != NULL; p = p->next)
			found = p->index == index ? p : found;
		return found;
	}
	found = parts->last;
	return found != NULL && name.len > 0 && part_is_whole(found) ? NULL : found;
}

/* Reads a piece of a tool call. The arguments are a string in pieces; some servers send a JSON
 * object instead. */
static int openai_read_call(struct reply *r, struct str raw, const struct json *j, struct err *err)
{
	struct parts *parts = &openai_state_of(r)->parts;
	struct str id = STR(""), name = STR(""), arguments = STR("");
	int64_t index = -1;
	json_str(j, "id", &id);
	json_str(j, "function.name", &name);
	json_int(j, "index", &index);
	if (!json_str(j, "function.arguments", &arguments) && json_is_object(json_get(j, "function.arguments")))
		raw_get(raw, "function.arguments", &arguments);
	struct part *p = find_part(parts, id, index, name);
	if (p == NULL) {
		struct str made = id.len > 0 ? id : wire_make_id(r, raw, parts->n);
		p = parts_new(r, parts, index, made, name, err);
	} else if (p->name[0] == '\0' && name.len > 0) {
		p->name = arena_dup(r->arena, name.ptr, name.len);
	}
	return p != NULL ? part_add(r->arena, p, arguments, err) : -1;
}

static int openai_read_calls(struct reply *r, struct str data, const char *list, const struct json *j, struct err *err)
{
	for (struct wire_list l = wire_list(j, data, list); wire_next(&l);)
		if (openai_read_call(r, l.raw, l.j, err) < 0)
			return -1;
	return 0;
}

static int openai_end(struct reply *r, struct err *err)
{
	return r->state != NULL ? parts_settle(r, &openai_state_of(r)->parts, err) : 0;
}

static bool has_text(const struct json *j)
{
	struct str text;
	return json_str(j, "", &text) && text.len > 0;
}

/* Reads a delta, or the message of a body that came as one document (`said`); calls: the path of
 * its tool calls in j. */
static int read_message(struct reply *r, struct str data, const struct json *j, const struct json *said, const char *calls,
                        struct err *err)
{
	enum { REFUSAL, REASONING_CONTENT, REASONING, CONTENT, TOOL_CALLS, N };
	static const char *const NAMES[N] = { "refusal", "reasoning_content", "reasoning", "content", "tool_calls" };
	const struct json *m[N];
	json_find(said, NAMES, N, m);
	if (has_text(m[REFUSAL])) {
		r->is_refused = true;
		wire_put_text(r, m[REFUSAL], "");
	}
	r->has_thought |= has_text(m[REASONING_CONTENT]) || has_text(m[REASONING]);
	wire_put_text(r, m[CONTENT], "");
	return m[TOOL_CALLS] != NULL ? openai_read_calls(r, data, calls, j, err) : 0;
}

/* Reads the members beside the choice. */
static const struct json *read_top(struct reply *r, const struct json *j)
{
	enum { CHOICES, MODEL, ID, TIER, GROQ, USAGE, N };
	static const char *const NAMES[N] = { "choices", "model", "id", "service_tier", "x_groq", "usage" };
	const struct json *m[N];
	json_find(j, NAMES, N, m);
	const struct json *choice = json_get(m[CHOICES], "[0]");
	const struct json *const usage[] = { json_get(m[GROQ], "usage"), json_get(choice, "usage"), m[USAGE] };
	wire_keep(r->model, sizeof r->model, m[MODEL], "");
	wire_keep(r->id, sizeof r->id, m[ID], "");
	wire_keep(r->usage.tier, sizeof r->usage.tier, m[TIER], "");
	for (size_t i = 0; i < ARRAY_SIZE(usage); i++)
		if (json_is_object(usage[i]))
			openai_read_usage(r, usage[i]);
	return choice;
}

static int openai_feed(struct reply *r, struct arena *a, const char *name, struct str data, struct err *err)
{
	enum { DELTA, MESSAGE, TEXT, FINISH_REASON, N };
	static const char *const PAYLOAD[] = { "choices", "usage", NULL };
	static const char *const NAMES[N] = { "delta", "message", "text", "finish_reason" };
	const struct json *j, *m[N];
	if (wire_event(a, name, data, PAYLOAD, &j, err) < 0)
		return -1;
	struct state *state = openai_state_of(r);
	json_find(read_top(r, j), NAMES, N, m);
	wire_keep_finish(r, m[FINISH_REASON], "");
	wire_keep_finish(r, m[FINISH_REASON], "type"); /* sglang */
	state->has_delta |= json_is_object(m[DELTA]);
	if (!state->has_delta)
		wire_put_text(r, m[TEXT], "");
	if (read_message(r, data, j, m[DELTA], "choices[0].delta.tool_calls", err) < 0)
		return -1;
	/* Once deltas have come, `message` is ignored: MiniMax sends the whole message again after
	 * them, Perplexity all text so far beside each of them. */
	if (state->has_delta || !json_is_object(m[MESSAGE]))
		return 0;
	r->is_document = true;
	return read_message(r, data, j, m[MESSAGE], "choices[0].message.tool_calls", err);
}

static void openai_path(const struct prompt *p, struct strbuf *b)
{
	(void)p;
	strbuf_str(b, "/chat/completions");
}

/* ---- embeddings */

static void openai_embed_path(const struct embed_request *r, struct strbuf *b)
{
	(void)r;
	strbuf_str(b, "/embeddings");
}

static void openai_embed_build(const struct embed_request *r, struct strbuf *b)
{
	strbuf_char(b, '{');
	json_put_field(b, "model", r->model);
	embed_put_texts(r, b);
	json_put_field(b, "encoding_format", r->is_packed ? "base64" : "float");
	strbuf_char(b, '}');
}

static const struct embed_ops EMBED = { 2048, openai_embed_path, openai_embed_build, "data", "embedding" };

/* ---- the vendor's own words */

static const struct error_word ERROR_WORDS[] = {
	{ "insufficient_quota", 402 },
	{ "billing_hard_limit_reached", 402 },
	{ "billing_not_active", 402 },
	{ "context_length_exceeded", 413 },
	{ "invalid_api_key", 401 },
	{ "model_not_found", 404 },
	{ "rate_limit_exceeded", 429 },
	{ "requests", 429 },
	{ "tokens", 429 },
	{ "server_error", 500 },
	{ NULL, 0 },
};

const struct provider_ops provider_openai = {
	.protocol = "openai",
	.key_header = "Authorization: Bearer ",
	.version = "/v1",
	.is_version_in_base = true,
	.path = openai_path,
	.build = openai_build,
	.feed = openai_feed,
	.end = openai_end,
	.embed = &EMBED,
	.error_words = ERROR_WORDS,
};
