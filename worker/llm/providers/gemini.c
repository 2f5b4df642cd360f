/*
 * Gemini's generateContent: POST /v1beta/models/M:streamGenerateContent?alt=sse. Each event is a
 * whole response; the reply is complete with a finishReason, and there is no end mark. The key is
 * sent in a header, because URLs are written to logs. Parts carry signatures that must be sent
 * back.
 */
#include <ctype.h>

#include "worker/llm/text.h"
#include "worker/llm/embed.h"
#include "worker/llm/wire.h"

/* The signature that the vendor defines for calls that another model made: Gemini 3 refuses a call
 * without a signature. */
#define FOREIGN_CALL "skip_thought_signature_validator"

struct state {
	struct parts parts;
	int64_t prompt, tools, candidates, thoughts;
	struct grow native; /* raw parts so far */
	bool has_signed;    /* some parts must be sent back unchanged */
};

/* ---- the request */

static void gemini_put_text(struct wire_turns *w, const char *role, struct str text)
{
	if (text_is_blank(text))
		return;
	wire_next_part(w, role);
	strbuf_str(w->b, "{\"text\":");
	json_put_str(w->b, text);
	strbuf_char(w->b, '}');
}

static void put_model(struct wire_turns *w, const struct turn *t, bool wants_signed)
{
	if (wire_put_native(w, "model", t, "gemini"))
		return;
	gemini_put_text(w, "model", t->content);
	for (int i = 0; i < t->n_calls; i++) {
		wire_next_part(w, "model");
		strbuf_str(w->b, "{\"functionCall\":{");
		json_put_field(w->b, "name", t->calls[i].name);
		json_put_key(w->b, "args");
		wire_put_raw(w->b, t->calls[i].arguments, "{}");
		strbuf_char(w->b, '}');
		if (wants_signed && i == 0)
			json_put_field(w->b, "thoughtSignature", FOREIGN_CALL);
		strbuf_char(w->b, '}');
	}
}

static void gemini_put_turn(struct wire_turns *w, const struct turn *t, bool wants_signed)
{
	if (strcmp(t->role, "assistant") == 0) {
		put_model(w, t, wants_signed);
	} else if (strcmp(t->role, "tool") == 0) {
		wire_next_part(w, "user");
		strbuf_str(w->b, "{\"functionResponse\":{");
		json_put_field(w->b, "name", t->call_name != NULL ? t->call_name : "");
		if (w->is_native && t->call_id != NULL && !str_starts(str_of(t->call_id), WIRE_MADE_ID))
			json_put_field(w->b, "id", t->call_id);
		strbuf_addf(w->b, ",\"response\":{\"%s\":", t->is_error ? "error" : "output");
		json_put_str(w->b, t->content);
		strbuf_str(w->b, "}}}");
	} else {
		gemini_put_text(w, "user", t->content);
	}
}

static bool is_before_3(const char *model)
{
	return str_has_nocase(str_of(model), "gemini-1") || str_has_nocase(str_of(model), "gemini-2");
}

/* Gemini 3 takes a level, older models a number of tokens. A number that the operator set is sent
 * to both as a number. */
static void put_thinking(const struct prompt *p, struct strbuf *b)
{
	const char *effort = wire_effort(p->set.reasoning);
	int64_t budget = wire_budget(p->set.reasoning);
	json_put_key(b, "thinkingConfig");
	if (is_before_3(p->model) || isdigit((unsigned char)p->set.reasoning[0]))
		strbuf_addf(b, "{\"thinkingBudget\":%lld}", (long long)budget);
	else
		strbuf_addf(b, "{\"thinkingLevel\":\"%s\"}", strcmp(effort, "none") == 0 ? "minimal" : effort);
}

static void put_config(const struct prompt *p, struct strbuf *b)
{
	strbuf_str(b, ",\"generationConfig\":{");
	if (p->max_tokens > 0)
		json_put_int_field(b, "maxOutputTokens", p->max_tokens);
	if (p->is_exact)
		json_put_int_field(b, "temperature", 0);
	else
		wire_put_sampling(p, b, "temperature", "topP");
	if (p->set.reasoning != NULL && !p->is_exact)
		put_thinking(p, b);
	if (p->schema.len > 0) {
		json_put_field(b, "responseMimeType", "application/json");
		json_put_key(b, "responseJsonSchema");
		strbuf_add(b, p->schema.ptr, p->schema.len);
	}
	strbuf_char(b, '}');
}

static void gemini_build(const struct prompt *p, struct strbuf *b)
{
	/* Gemini 3 and newer refuse a call without a signature. */
	bool wants_signed = !is_before_3(p->model);
	struct wire_turns w = { .b = b, .parts_key = "parts" };
	strbuf_str(b, "{\"contents\":[");
	for (int i = 0; i < p->n_turns; i++)
		gemini_put_turn(&w, &p->turns[i], wants_signed);
	wire_end_turns(&w);
	strbuf_char(b, ']');
	if (p->system != NULL && !text_is_blank(str_of(p->system))) {
		strbuf_str(b, ",\"systemInstruction\":{\"parts\":[{\"text\":");
		json_put_str(b, str_of(p->system));
		strbuf_str(b, "}]}");
	}
	/* The key is not `parameters`: that knows only a part of JSON schema and refuses the
	 * rest. */
	if (p->n_tools > 0) {
		strbuf_str(b, ",\"tools\":[{\"functionDeclarations\":");
		wire_put_tools(p, b, "parametersJsonSchema", NULL);
		strbuf_str(b, "}]");
	}
	bool is_set = p->set.temperature != NULL || p->set.top_p != NULL || p->set.reasoning != NULL;
	if (p->max_tokens > 0 || p->is_exact || p->schema.len > 0 || is_set)
		put_config(p, b);
	strbuf_char(b, '}');
}

/* ---- the reply */

static struct state *gemini_state_of(struct reply *r)
{
	if (r->state == NULL) {
		struct state *s = arena_alloc(r->arena, sizeof *s);
		*s = (struct state){ .prompt = -1, .tools = -1, .candidates = -1, .thoughts = -1 };
		r->state = s;
	}
	return r->state;
}

/* Reads usage, which is in almost every event and cumulative: the last value counts. Thinking is
 * billed in addition to the text (candidates). */
static void gemini_read_usage(struct reply *r, const struct json *u)
{
	struct state *s = gemini_state_of(r);
	int64_t total = -1;
	usage_count(u, "promptTokenCount", &s->prompt);
	usage_count(u, "toolUsePromptTokenCount", &s->tools);
	usage_count(u, "candidatesTokenCount", &s->candidates);
	usage_count(u, "thoughtsTokenCount", &s->thoughts);
	usage_count(u, "totalTokenCount", &total);
	usage_count(u, "cachedContentTokenCount", &r->usage.cached);
	if (s->prompt >= 0)
		r->usage.input = s->prompt + MAX(s->tools, 0);
	if (s->candidates >= 0 || s->thoughts >= 0)
		r->usage.output = MAX(s->candidates, 0) + MAX(s->thoughts, 0);
	r->usage.reasoning = s->thoughts;
	wire_check_total(r, total); /* the total of this event, which belongs to these counts */
}

static int gemini_read_call(struct reply *r, struct str raw, const struct json *call, struct err *err)
{
	struct state *s = gemini_state_of(r);
	struct str id = STR(""), name = STR(""), arguments = STR("");
	json_str(call, "name", &name);
	if (name.len == 0) /* the end of arguments in pieces, which we never request */
		return err_set(err, ERR_BAD_REPLY, "a tool call without a name");
	if (!json_str(call, "id", &id) || id.len == 0)
		id = wire_make_id(r, raw, s->parts.n);
	raw_get(raw, "args", &arguments);
	struct part *p = parts_new(r, &s->parts, -1, id, name, err);
	return p != NULL ? part_add(r->arena, p, str_eq(arguments, "null") ? STR("") : arguments, err) : -1;
}

/* Reads one part of the model's turn: `raw` is its raw text, `part` the same, parsed. */
static int read_part(struct reply *r, struct str raw, const struct json *part, struct err *err)
{
	struct state *s = gemini_state_of(r);
	struct str text = STR("");
	bool is_thought = false, is_signed = json_is_string(json_get(part, "thoughtSignature"));
	const struct json *call = json_get(part, "functionCall");
	struct str raw_call;
	json_str(part, "text", &text);
	json_bool(part, "thought", &is_thought);
	r->has_thought |= is_thought;
	if (text.len > 0 && !is_thought)
		r->on_text(r->ctx, text);
	bool is_call = json_is_object(call);
	if (is_call && raw_get(raw, "functionCall", &raw_call) && gemini_read_call(r, raw_call, call, err) < 0)
		return -1;
	s->has_signed |= is_signed || is_call;
	if (text.len > 0 || is_signed || is_call || json_get(part, "text") == NULL) {
		if (s->native.len + raw.len > WIRE_NATIVE_MAX - 4)
			return err_set(err, ERR_TOO_BIG, "a turn over %u bytes", WIRE_NATIVE_MAX);
		grow_add(r->arena, &s->native, s->native.len > 0 ? STR(",") : STR("["));
		grow_add(r->arena, &s->native, raw);
	}
	return 0;
}

static int gemini_end(struct reply *r, struct err *err)
{
	struct state *s = gemini_state_of(r);
	if (!s->has_signed)
		return 0;
	if (parts_settle(r, &s->parts, err) < 0)
		return -1;
	r->native.cap = WIRE_NATIVE_MAX;
	strbuf_addf(&r->native, "%s]", s->native.ptr);
	if (!wire_is_strict((struct str){ strbuf_text(&r->native), r->native.len }))
		/* it cannot be sent back: the turn is built from its fields */
		strbuf_clear(&r->native);
	return 0;
}

/* Reads one response: an event, or an element of the array that a server sends when it ignores
 * alt=sse. */
static int gemini_feed(struct reply *r, struct arena *a, const char *name, struct str data, struct err *err)
{
	static const char *const PAYLOAD[] = { "candidates", "promptFeedback", "usageMetadata", "responseId", NULL };
	const struct json *j;
	struct str text;
	if (wire_event(a, name, data, PAYLOAD, &j, err) < 0)
		return -1;
	wire_keep(r->model, sizeof r->model, j, "modelVersion");
	wire_keep(r->id, sizeof r->id, j, "responseId");
	if (json_is_object(json_get(j, "usageMetadata")))
		gemini_read_usage(r, json_get(j, "usageMetadata"));
	for (struct wire_list l = wire_list(j, data, "candidates[0].content.parts"); wire_next(&l);)
		if (read_part(r, l.raw, l.j, err) < 0)
			return -1;
	wire_keep_finish(r, j, "candidates[0].finishReason");
	if (json_get(j, "candidates[0]") == NULL && json_str(j, "promptFeedback.blockReason", &text))
		wire_set_finish(r, arena_strf(a, "blocked: %.38s", text.ptr));
	return 0;
}

static bool gemini_is_call(const struct json *part)
{
	return json_is_object(json_get(part, "functionCall"));
}

static void gemini_path(const struct prompt *p, struct strbuf *b)
{
	const char *model = strncmp(p->model, "models/", 7) == 0 ? p->model + 7 : p->model;
	strbuf_str(b, "/models/");
	wire_put_path(b, model);
	strbuf_str(b, ":streamGenerateContent?alt=sse");
}

/* ---- embeddings */

static const char *gemini_model(const struct embed_request *r)
{
	return strncmp(r->model, "models/", 7) == 0 ? r->model + 7 : r->model;
}

static void gemini_embed_path(const struct embed_request *r, struct strbuf *b)
{
	strbuf_str(b, "/models/");
	wire_put_path(b, gemini_model(r));
	strbuf_str(b, ":batchEmbedContents");
}

static void gemini_embed_build(const struct embed_request *r, struct strbuf *b)
{
	char model[200];
	snprintf(model, sizeof model, "models/%.190s", gemini_model(r));
	strbuf_str(b, "{\"requests\":[");
	for (int i = 0; i < r->n_texts; i++) {
		strbuf_str(b, i > 0 ? ",{" : "{");
		json_put_field(b, "model", model);
		strbuf_str(b, ",\"content\":{\"parts\":[{\"text\":");
		json_put_str(b, r->texts[i]);
		strbuf_str(b, "}]}");
		json_put_field(b, "taskType", r->is_question ? "RETRIEVAL_QUERY" : "RETRIEVAL_DOCUMENT");
		if (r->dimensions > 0)
			json_put_int_field(b, "outputDimensionality", r->dimensions);
		strbuf_char(b, '}');
	}
	strbuf_str(b, "]}");
}

static const struct embed_ops EMBED = { 100, gemini_embed_path, gemini_embed_build, "embeddings", "values" };

/* ---- the vendor's own words */

static const struct ending ENDINGS[] = {
	{ "language", FINISH_FILTERED },
	{ "spii", FINISH_FILTERED },
	{ "image_other", FINISH_FAULT },
	{ "no_image", FINISH_FAULT },
	{ "malformed_function_call", FINISH_FAULT },
	{ "malformed_response", FINISH_FAULT },
	{ "unexpected_tool_call", FINISH_FAULT },
	{ "too_many_tool_calls", FINISH_FAULT },
	{ "missing_thought_signature", FINISH_FAULT },
	{ "other", FINISH_FAULT },
	{ "finish_reason_unspecified", FINISH_NONE },
	{ NULL, FINISH_NONE },
};

static const struct error_word ERROR_WORDS[] = {
	{ "API_KEY_INVALID", 401 },
	{ "PERMISSION_DENIED", 403 },
	{ "UNAUTHENTICATED", 401 },
	{ "NOT_FOUND", 404 },
	{ "INVALID_ARGUMENT", 400 },
	{ "FAILED_PRECONDITION", 400 },
	{ "RESOURCE_EXHAUSTED", 429 },
	{ "UNAVAILABLE", 503 },
	{ "DEADLINE_EXCEEDED", 504 },
	{ "INTERNAL", 500 },
	{ NULL, 0 },
};

const struct provider_ops provider_gemini = {
	.protocol = "gemini",
	.key_header = "x-goog-api-key: ",
	.version = "/v1beta",
	.path = gemini_path,
	.build = gemini_build,
	.feed = gemini_feed,
	.end = gemini_end,
	.is_call = gemini_is_call,
	.embed = &EMBED,
	.endings = ENDINGS,
	.error_words = ERROR_WORDS,
};
