/*
 * Anthropic's messages: POST /v1/messages, named server-sent events; the end is a message_delta
 * with a stop_reason, then message_stop. Everything is addressed by the index of its block. Unknown
 * blocks, deltas and events are kept or skipped; they are no errors.
 */
#include <ctype.h>

#include "worker/llm/text.h"
#include "worker/llm/wire.h"

#define MAX_TOKENS 4096   /* default: the protocol requires a number */
#define THINKING_MIN 1024 /* tokens: the smallest budget that the vendor accepts */

struct block {
	struct block *next;
	int64_t index;
	struct str start;      /* raw text of content_block */
	const char *type, *id; /* id: "" where it has none */
	bool is_stopped;       /* it has ended: its index may be used again */
	struct grow text, thinking, signature, input, citations;
};

struct state {
	struct block *first, *last, *found; /* found: the block that was used last */
	int n_blocks;
	size_t bytes; /* bytes kept of all blocks */
	int64_t input, cache_read, cache_write;
};

/* ---- the request */

static void anthropic_put_text(struct wire_turns *w, const char *role, struct str text)
{
	if (text_is_blank(text)) /* the vendor refuses a blank block */
		return;
	wire_next_part(w, role);
	strbuf_str(w->b, "{\"type\":\"text\",\"text\":");
	json_put_str(w->b, text);
	strbuf_char(w->b, '}');
}

static void put_assistant(struct wire_turns *w, const struct turn *t)
{
	if (wire_put_native(w, "assistant", t, "anthropic"))
		return;
	anthropic_put_text(w, "assistant", t->content);
	for (int i = 0; i < t->n_calls; i++) {
		wire_next_part(w, "assistant");
		strbuf_str(w->b, "{\"type\":\"tool_use\",\"id\":");
		wire_put_id(w->b, t->calls[i].id);
		json_put_field(w->b, "name", t->calls[i].name);
		json_put_key(w->b, "input");
		wire_put_raw(w->b, t->calls[i].arguments, "{}");
		strbuf_char(w->b, '}');
	}
}

static void anthropic_put_turn(struct wire_turns *w, const struct turn *t)
{
	if (strcmp(t->role, "assistant") == 0) {
		put_assistant(w, t);
	} else if (strcmp(t->role, "tool") == 0) {
		wire_next_part(w, "user");
		strbuf_str(w->b, "{\"type\":\"tool_result\",\"tool_use_id\":");
		wire_put_id(w->b, t->call_id);
		json_put_key(w->b, "content");
		json_put_str(w->b, t->content);
		strbuf_addf(w->b, ",\"is_error\":%s}", t->is_error ? "true" : "false");
	} else {
		anthropic_put_text(w, "user", t->content);
	}
}

/* True for older models. Newer models refuse a temperature that we set, and choose themselves how
 * long they think. */
static bool is_older(const char *model)
{
	static const char *const NAMES[] = { "claude-3", "claude-2", "-4-2", "-4-0", "-4-1", "-4-5", "-4-6" };
	for (size_t i = 0; i < ARRAY_SIZE(NAMES); i++)
		if (strstr(model, NAMES[i]) != NULL)
			return true;
	return false;
}

static int max_tokens_of(const struct prompt *p)
{
	return p->max_tokens > 0 ? p->max_tokens : MAX_TOKENS;
}

static bool has_effort(const struct prompt *p)
{
	const char *set = p->set.reasoning;
	return set != NULL && !p->is_exact && !isdigit((unsigned char)set[0]) && strcmp(set, "none") != 0 && !is_older(p->model);
}

/* Budget for thinking in tokens. It is a part of max_tokens and must leave something for the
 * answer. 0: the model is not asked to think. */
static int64_t budget_of(const struct prompt *p)
{
	int64_t most = max_tokens_of(p) - THINKING_MIN / 2;
	if (p->set.reasoning == NULL || has_effort(p) || most < THINKING_MIN)
		return 0;
	int64_t wanted = wire_budget(p->set.reasoning);
	return wanted == 0 ? 0 : MIN(MAX(wanted, THINKING_MIN), most);
}

/* Writes thinking or sampling: a model that thinks accepts no temperature but its default. */
static void put_sampling(const struct prompt *p, struct strbuf *b)
{
	int64_t budget = budget_of(p);
	struct prompt one = *p;
	if (one.set.temperature != NULL && strstr(p->model, "claude-3") == NULL)
		one.set.top_p = NULL; /* since Claude 4.1 the two together are refused */
	if (has_effort(p))
		strbuf_str(b, ",\"thinking\":{\"type\":\"adaptive\"}");
	else if (budget > 0)
		strbuf_addf(b, ",\"thinking\":{\"type\":\"enabled\",\"budget_tokens\":%lld}", (long long)budget);
	else
		wire_put_sampling(&one, b, "temperature", "top_p");
}

static void put_output(const struct prompt *p, struct strbuf *b)
{
	if (p->schema.len == 0 && !has_effort(p))
		return;
	json_put_key(b, "output_config");
	strbuf_char(b, '{');
	if (has_effort(p))
		json_put_field(b, "effort", strcmp(p->set.reasoning, "minimal") == 0 ? "low" : p->set.reasoning);
	if (p->schema.len > 0) {
		json_put_key(b, "format");
		strbuf_str(b, "{\"type\":\"json_schema\",\"schema\":");
		strbuf_add(b, p->schema.ptr, p->schema.len);
		strbuf_char(b, '}');
	}
	strbuf_char(b, '}');
}

static void anthropic_build(const struct prompt *p, struct strbuf *b)
{
	struct wire_turns w = { .b = b, .parts_key = "content" };
	strbuf_char(b, '{');
	json_put_field(b, "model", p->model);
	json_put_int_field(b, "max_tokens", max_tokens_of(p));
	strbuf_str(b, ",\"stream\":true");
	if (p->is_exact && is_older(p->model))
		strbuf_str(b, ",\"temperature\":0");
	if (!p->is_exact)
		put_sampling(p, b);
	if (p->system != NULL && !text_is_blank(str_of(p->system))) {
		strbuf_str(b, ",\"system\":[{\"type\":\"text\",\"text\":");
		json_put_str(b, str_of(p->system));
		/* A loop with tools sends the same beginning again within the minutes that the
		 * cache keeps it. */
		strbuf_str(b, p->n_tools > 0 ? ",\"cache_control\":{\"type\":\"ephemeral\"}}]" : "}]");
	}
	if (p->n_tools > 0) {
		json_put_key(b, "tools");
		wire_put_tools(p, b, "input_schema", WIRE_NO_SCHEMA);
	}
	put_output(p, b);
	strbuf_str(b, ",\"messages\":[");
	for (int i = 0; i < p->n_turns; i++)
		anthropic_put_turn(&w, &p->turns[i]);
	wire_end_turns(&w);
	strbuf_str(b, "]}");
}

/* ---- the reply */

static struct state *anthropic_state_of(struct reply *r)
{
	if (r->state == NULL) {
		struct state *s = arena_alloc(r->arena, sizeof *s);
		*s = (struct state){ .input = -1, .cache_read = -1, .cache_write = -1 };
		r->state = s;
	}
	return r->state;
}

/* Counts are cumulative: a later count replaces an earlier one. `input_tokens` has only the tokens
 * that were neither read from the cache nor written to it. */
static void anthropic_read_usage(struct reply *r, const struct json *u, bool with_output)
{
	struct state *s = anthropic_state_of(r);
	int64_t five = -1;
	if (!json_is_object(u))
		return;
	usage_count(u, "input_tokens", &s->input);
	usage_count(u, "cache_read_input_tokens", &s->cache_read);
	usage_count(u, "cache_creation.ephemeral_5m_input_tokens", &five);
	usage_count(u, "cache_creation.ephemeral_1h_input_tokens", &r->usage.cache_write_1h);
	if (five >= 0)
		s->cache_write = five + MAX(r->usage.cache_write_1h, 0);
	usage_count(u, "cache_creation_input_tokens", &s->cache_write);
	if (with_output)
		usage_count(u, "output_tokens", &r->usage.output);
	usage_count(u, "output_tokens_details.thinking_tokens", &r->usage.reasoning);
	wire_keep(r->usage.tier, sizeof r->usage.tier, u, "service_tier");
	if (s->input >= 0)
		r->usage.input = s->input + MAX(s->cache_read, 0) + MAX(s->cache_write, 0);
	r->usage.cached = s->cache_read;
	r->usage.cache_write = s->cache_write;
}

static int start_message(struct reply *r, const struct json *j, struct err *err)
{
	struct str id = STR("");
	json_str(j, "message.id", &id);
	if (r->id[0] != '\0' && !str_eq(id, r->id))
		return err_set(err, ERR_BAD_REPLY, "two messages in one stream: %.40s and %.40s", r->id, id.ptr);
	if (r->id[0] != '\0')
		return 0;
	wire_keep(r->id, sizeof r->id, j, "message.id");
	wire_keep(r->model, sizeof r->model, j, "message.model");
	anthropic_read_usage(r, json_get(j, "message.usage"), false); /* its output_tokens is a placeholder */
	return 0;
}

/* Counts bytes that are kept. A turn is kept whole, with its thinking, so it has a limit. */
static int count_kept(struct state *s, size_t n, struct err *err)
{
	s->bytes += n;
	return s->bytes <= WIRE_NATIVE_MAX ? 0 : err_set(err, ERR_TOO_BIG, "a turn over %u bytes", WIRE_NATIVE_MAX);
}

/* The newest block with this index: proxies reuse the index of a block that has ended. */
static struct block *find_block(struct state *s, int64_t index)
{
	if (s->found != NULL && s->found->index == index)
		return s->found;
	struct block *found = NULL;
	for (struct block *b = s->first; b != NULL; b = b->next)
		found = b->index == index ? b : found;
	return s->found = found;
}

/* Adds a block; `raw` is its raw content_block. NULL with err when there are too many blocks or
 * bytes. */
static struct block *add_block(struct reply *r, int64_t index, struct str raw, struct str type, struct str id, struct err *err)
{
	struct state *s = anthropic_state_of(r);
	if (++s->n_blocks > WIRE_BLOCKS_MAX) {
		err_set(err, ERR_BAD_REPLY, "over %d blocks in one reply", WIRE_BLOCKS_MAX);
		return NULL;
	}
	if (count_kept(s, raw.len, err) < 0)
		return NULL;
	struct block *b = arena_alloc(r->arena, sizeof *b);
	*b = (struct block){ .index = index,
		             .start = { arena_dup(r->arena, raw.ptr, raw.len), raw.len },
		             .type = arena_dup(r->arena, type.ptr, type.len),
		             .id = arena_dup(r->arena, id.ptr, id.len) };
	if (s->last != NULL)
		s->last->next = b;
	else
		s->first = b;
	s->last = s->found = b;
	r->n_begun += str_eq(type, "tool_use");
	r->has_thought |= str_has_nocase(type, "thinking");
	return b;
}

/* Begins a block; `j` is its parsed content_block. A block that is begun twice is one block. */
static int start_block(struct reply *r, int64_t index, struct str raw, const struct json *j, struct err *err)
{
	struct str type = STR(""), id = STR(""), text;
	json_str(j, "type", &type);
	json_str(j, "id", &id);
	struct block *b = find_block(anthropic_state_of(r), index);
	if (b != NULL && !b->is_stopped && str_eq(type, b->type) && str_eq(id, b->id))
		return 0;
	b = add_block(r, index, raw, type, id, err);
	if (b == NULL)
		return -1;
	if (strcmp(b->type, "text") == 0 && json_str(j, "text", &text) && text.len > 0) {
		grow_add(r->arena, &b->text, text);
		r->on_text(r->ctx, text);
	}
	return 0;
}

/* The text block that a piece of text belongs to. A new one is made when the block with this index
 * is not a text block. */
static struct block *text_block(struct reply *r, struct block *b, int64_t index, struct err *err)
{
	if (b != NULL && strcmp(b->type, "text") == 0)
		return b;
	return add_block(r, index, STR("{\"type\":\"text\",\"text\":\"\"}"), STR("text"), STR(""), err);
}

static int grow_block(struct reply *r, struct grow *g, struct str text, struct err *err)
{
	if (count_kept(r->state, text.len, err) < 0)
		return -1;
	grow_add(r->arena, g, text);
	return 0;
}

static int feed_delta(struct reply *r, struct str data, const struct json *j, struct err *err)
{
	struct str text, raw;
	int64_t index = -1;
	json_int(j, "index", &index);
	struct block *b = find_block(anthropic_state_of(r), index);
	if (json_str(j, "delta.text", &text)) {
		b = text_block(r, b, index, err);
		if (b != NULL && text.len > 0)
			r->on_text(r->ctx, text);
		return b != NULL ? grow_block(r, &b->text, text, err) : -1;
	}
	if (b == NULL)
		return 0;
	if (json_str(j, "delta.partial_json", &text)) {
		if (b->input.len + text.len > WIRE_ARGUMENTS_MAX)
			return err_set(err, ERR_BAD_REPLY, "the arguments of a tool call are over %u bytes", WIRE_ARGUMENTS_MAX);
		return grow_block(r, &b->input, text, err);
	}
	if (json_str(j, "delta.thinking", &text))
		return grow_block(r, &b->thinking, text, err);
	if (json_str(j, "delta.signature", &text))
		return grow_block(r, &b->signature, text, err);
	if (!raw_get(data, "delta.citation", &raw))
		return 0;
	grow_add(r->arena, &b->citations, b->citations.len > 0 ? STR(",") : STR(""));
	return grow_block(r, &b->citations, raw, err);
}

static void put_grown(struct strbuf *own, const char *key, struct str text)
{
	json_put_key(own, key);
	json_put_str(own, text);
}

/* Writes one block as if it had come whole: what the deltas brought replaces what it began with. */
static void put_block(struct strbuf *own, const struct block *b)
{
	struct str rest = b->start, key, value;
	strbuf_char(own, '{');
	while (raw_next(&rest, &key, &value)) {
		if ((b->text.len > 0 && str_eq(key, "text")) || (b->thinking.len > 0 && str_eq(key, "thinking")) ||
		    (b->signature.len > 0 && str_eq(key, "signature")) || (b->input.len > 0 && str_eq(key, "input")) ||
		    (b->citations.len > 0 && str_eq(key, "citations")))
			continue;
		strbuf_addf(own, "%s\"%.*s\":", own->ptr[own->len - 1] == '{' ? "" : ",", (int)key.len, key.ptr);
		strbuf_add(own, value.ptr, value.len);
	}
	if (b->text.len > 0)
		put_grown(own, "text", grow_str(&b->text));
	if (b->thinking.len > 0)
		put_grown(own, "thinking", grow_str(&b->thinking));
	if (b->signature.len > 0)
		put_grown(own, "signature", grow_str(&b->signature));
	if (b->input.len > 0) {
		json_put_key(own, "input");
		strbuf_add(own, b->input.ptr, b->input.len);
	}
	if (b->citations.len > 0) {
		json_put_key(own, "citations");
		strbuf_addf(own, "[%s]", b->citations.ptr);
	}
	strbuf_char(own, '}');
}

/* Thinking without a signature: from another vendor that uses this protocol, or cut. */
static bool is_unsigned(const struct block *b)
{
	struct str signature = STR("");
	return strcmp(b->type, "thinking") == 0 && b->signature.len == 0 &&
	       (!raw_get(b->start, "signature", &signature) || str_eq(signature, "\"\""));
}

/* Keeps the turn's native form when it has more than text. */
static int keep_own(struct reply *r, struct err *err)
{
	const struct state *s = r->state;
	bool is_plain = true;
	for (const struct block *b = s->first; b != NULL; b = b->next)
		is_plain &= strcmp(b->type, "text") == 0 && b->citations.len == 0;
	strbuf_clear(&r->native);
	if (is_plain)
		return 0;
	r->native.cap = WIRE_NATIVE_MAX;
	strbuf_char(&r->native, '[');
	for (const struct block *b = s->first; b != NULL; b = b->next) {
		/* The vendor refuses text without a character, and thinking without a signature. */
		if ((strcmp(b->type, "text") == 0 && b->text.len == 0) || is_unsigned(b))
			continue;
		if (r->native.len > 1)
			strbuf_char(&r->native, ',');
		put_block(&r->native, b);
	}
	strbuf_char(&r->native, ']');
	if (r->native.broken)
		return err_set(err, ERR_TOO_BIG, "a turn over %u bytes", WIRE_NATIVE_MAX);
	/* Unknown blocks may contain anything. A native form that is not strict JSON cannot be sent
	 * back unchanged: it is dropped, and the turn is built from its fields. */
	if (!wire_is_strict((struct str){ strbuf_text(&r->native), r->native.len }))
		strbuf_clear(&r->native);
	return 0;
}

static int add_call(struct reply *r, struct parts *parts, const struct block *b, struct err *err)
{
	struct arena a = ARENA_INIT;
	struct str id = STR(""), name = STR(""), input = grow_str(&b->input);
	const struct json *j;
	int result = wire_parse(&a, b->start, SPLIT_LINE_MAX, &j, err);
	if (result == 0) {
		if (input.len == 0)
			raw_get(b->start, "input", &input);
		json_str(j, "id", &id);
		json_str(j, "name", &name);
		struct part *p = parts_new(r, parts, b->index, id, name, err);
		result = p != NULL ? part_add(r->arena, p, input, err) : -1;
	}
	arena_release(&a);
	return result;
}

static int anthropic_end(struct reply *r, struct err *err)
{
	const struct state *s = anthropic_state_of(r);
	struct parts parts = { .n = 0 };
	for (const struct block *b = s->first; b != NULL; b = b->next)
		if (strcmp(b->type, "tool_use") == 0 && add_call(r, &parts, b, err) < 0)
			return -1;
	return parts_settle(r, &parts, err) < 0 ? -1 : keep_own(r, err);
}

/* Reads a body that came as one document although a stream was requested. */
static int feed_whole(struct reply *r, struct str data, const struct json *j, struct err *err)
{
	int64_t index = 0;
	wire_keep(r->id, sizeof r->id, j, "id");
	wire_keep(r->model, sizeof r->model, j, "model");
	for (struct wire_list l = wire_list(j, data, "content"); wire_next(&l);)
		if (start_block(r, index++, l.raw, l.j, err) < 0)
			return -1;
	anthropic_read_usage(r, json_get(j, "usage"), true);
	wire_keep_finish(r, j, "stop_reason");
	r->is_document = true;
	return 0;
}

static int anthropic_feed(struct reply *r, struct arena *a, const char *name, struct str data, struct err *err)
{
	static const char *const PAYLOAD[] = { "type", "delta", "content_block", "content", NULL };
	const struct json *j;
	struct str type = str_of(name), raw;
	struct block *block;
	int64_t index = -1;
	if (wire_event(a, name, data, PAYLOAD, &j, err) < 0)
		return -1;
	json_str(j, "type", &type);
	json_int(j, "index", &index);
	if (str_eq(type, "message"))
		return feed_whole(r, data, j, err);
	if (str_eq(type, "message_start"))
		return start_message(r, j, err);
	if (str_eq(type, "content_block_start") && raw_get(data, "content_block", &raw))
		return start_block(r, index, raw, json_get(j, "content_block"), err);
	if (str_eq(type, "content_block_delta"))
		return feed_delta(r, data, j, err);
	if (str_eq(type, "content_block_stop") && (block = find_block(anthropic_state_of(r), index)) != NULL)
		block->is_stopped = true;
	if (str_eq(type, "message_delta")) {
		wire_keep_finish(r, j, "delta.stop_reason");
		anthropic_read_usage(r, json_get(j, "usage"), true);
	}
	r->has_mark |= str_eq(type, "message_stop");
	return 0;
}

static bool anthropic_is_call(const struct json *part)
{
	struct str type = STR("");
	return json_str(part, "type", &type) && str_eq(type, "tool_use");
}

static void anthropic_path(const struct prompt *p, struct strbuf *b)
{
	(void)p;
	strbuf_str(b, "/messages");
}

static const char *const HEADERS[] = { "anthropic-version: 2023-06-01", NULL };

/* ---- the vendor's own words */

static const struct ending ENDINGS[] = {
	{ "pause_turn", FINISH_LENGTH },
	{ "model_context_window_exceeded", FINISH_LENGTH },
	{ NULL, FINISH_NONE },
};

static const struct error_word ERROR_WORDS[] = {
	{ "billing_error", 402 },
	{ "request_too_large", 413 },
	{ "authentication_error", 401 },
	{ "permission_error", 403 },
	{ "not_found_error", 404 },
	{ "rate_limit_error", 429 },
	{ "overloaded_error", 529 },
	{ "timeout_error", 504 },
	{ "api_error", 500 },
	{ NULL, 0 },
};

const struct provider_ops provider_anthropic = {
	.protocol = "anthropic",
	.key_header = "x-api-key: ",
	.headers = HEADERS,
	.version = "/v1",
	.path = anthropic_path,
	.build = anthropic_build,
	.feed = anthropic_feed,
	.end = anthropic_end,
	.is_call = anthropic_is_call,
	.endings = ENDINGS,
	.error_words = ERROR_WORDS,
};
