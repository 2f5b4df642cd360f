/* What each protocol says: a piece of text, a tool's call, the end, an error, a whole body. */
#include "tests/lib/fake/fake.h"

/* ---- errors, in the words by which a client tells them apart */

static const struct {
	int status;
	const char *code; /* OpenAI: code; Anthropic: type; Gemini: status */
	const char *text, *details;
} ERRORS[N_PROTOCOLS][N_FAILURES] = {
	[OLLAMA] = { [FAIL_ASKED] = { 500, "", "asked to fail", NULL },
	             [FAIL_QUOTA] = { 429, "", "you have reached your weekly usage limit", NULL },
	             [FAIL_OVERLOADED] = { 503, "", "server busy, please try again.  maximum pending requests exceeded", NULL },
	             [FAIL_AUTH] = { 401, "", "unauthorized", NULL },
	             [FAIL_TOO_LONG] = { 400, "", "input length exceeds the context length", NULL },
	             [FAIL_DOWN] = { 503, "", "down", NULL } },
	[OPENAI] = { [FAIL_ASKED] = { 500, "practice", "asked to fail", NULL },
	             [FAIL_QUOTA] = { 429, "insufficient_quota", "You exceeded your current quota", NULL },
	             [FAIL_OVERLOADED] = { 503, "server_error", "The engine is currently overloaded, please try again later",
	                                   NULL },
	             [FAIL_AUTH] = { 401, "invalid_api_key", "Incorrect API key provided", NULL },
	             [FAIL_TOO_LONG] = { 400, "context_length_exceeded", "This model's maximum context length is 8192 tokens.",
	                                 NULL },
	             [FAIL_DOWN] = { 503, "service_unavailable", "down", NULL } },
	[ANTHROPIC] = { [FAIL_ASKED] = { 500, "api_error", "asked to fail", NULL },
	                [FAIL_QUOTA] = { 400, "invalid_request_error",
	                                 "You have reached your specified API usage limits. You will regain access on 2027-01-01.",
	                                 NULL },
	                [FAIL_OVERLOADED] = { 529, "overloaded_error", "Overloaded", NULL },
	                [FAIL_AUTH] = { 401, "authentication_error", "invalid x-api-key", NULL },
	                [FAIL_TOO_LONG] = { 400, "invalid_request_error", "prompt is too long: 210000 tokens > 200000 maximum",
	                                    NULL },
	                [FAIL_DOWN] = { 503, "api_error", "down", NULL } },
	[GEMINI] = { [FAIL_ASKED] = { 500, "INTERNAL", "asked to fail", NULL },
	             [FAIL_QUOTA] = { 429, "RESOURCE_EXHAUSTED", "You exceeded your current quota. Please retry in 10h17m5.7s.",
	                              "{\"@type\":\"type.googleapis.com/google.rpc.QuotaFailure\",\"violations\":[{\"quotaId\":"
	                              "\"GenerateRequestsPerDayPerProjectPerModel-FreeTier\",\"quotaValue\":\"20\"}]},"
	                              "{\"@type\":\"type.googleapis.com/google.rpc.RetryInfo\",\"retryDelay\":\"37025.7s\"}" },
	             [FAIL_OVERLOADED] = { 503, "UNAVAILABLE", "The model is overloaded. Please try again later.", NULL },
	             [FAIL_AUTH] = { 400, "INVALID_ARGUMENT", "API key not valid. Please pass a valid API key.",
	                             "{\"@type\":\"type.googleapis.com/google.rpc.ErrorInfo\",\"reason\":\"API_KEY_INVALID\"}" },
	             [FAIL_TOO_LONG] = { 400, "INVALID_ARGUMENT",
	                                 "The input token count (1200000) exceeds the maximum number of tokens allowed (1048576).",
	                                 NULL },
	             [FAIL_DOWN] = { 503, "UNAVAILABLE", "down", NULL } },
};

int error_status(enum protocol p, enum failure f)
{
	return ERRORS[p][f].status;
}

void put_error(struct strbuf *b, enum protocol p, enum failure f, int status)
{
	char text[300];
	snprintf(text, sizeof text, "practice: %s", ERRORS[p][f].text);
	if (p == OLLAMA) {
		strbuf_char(b, '{');
		json_put_field(b, "error", text);
		strbuf_char(b, '}');
		return;
	}
	strbuf_str(b, p == ANTHROPIC ? "{\"type\":\"error\",\"error\":{" : "{\"error\":{");
	if (p == GEMINI)
		json_put_int_field(b, "code", status);
	json_put_field(b, "message", text);
	json_put_field(b, p == GEMINI ? "status" : "type", ERRORS[p][f].code);
	if (p == OPENAI)
		json_put_field(b, "code", ERRORS[p][f].code);
	if (ERRORS[p][f].details != NULL)
		strbuf_addf(b, ",\"details\":[%s]", ERRORS[p][f].details);
	strbuf_str(b, "}}");
}

void speak_error(struct conn *c)
{
	struct strbuf b = STRBUF_INIT(1u << 20);
	enum failure f = c->script.failure != FAIL_NONE ? c->script.failure : FAIL_ASKED;
	put_error(&b, c->asked.protocol, f, error_status(c->asked.protocol, f));
	event(c, "error", &b);
	strbuf_release(&b);
}

/* ---- counts */

int completion_tokens(const struct conn *c)
{
	return c->asked.is_embedding ? 0 : MAX(1, c->word);
}

int cached_tokens(const struct conn *c)
{
	return c->asked.protocol == OLLAMA ? 0 : MIN(c->script.cached, c->asked.prompt_tokens);
}

static void put_usage(struct strbuf *b, const struct conn *c)
{
	int in = c->asked.prompt_tokens, out = completion_tokens(c), cached = cached_tokens(c);
	if (c->script.no_usage)
		return;
	if (c->asked.protocol == OLLAMA)
		strbuf_addf(b, ",\"prompt_eval_count\":%d,\"eval_count\":%d,\"total_duration\":1000000", in, out);
	else if (c->asked.protocol == OPENAI)
		strbuf_addf(b,
		            ",\"usage\":{\"prompt_tokens\":%d,\"completion_tokens\":%d,\"total_tokens\":%d,"
		            "\"prompt_tokens_details\":{\"cached_tokens\":%d}}",
		            in, out, in + out, cached);
	else if (c->asked.protocol == ANTHROPIC)
		strbuf_addf(b, ",\"usage\":{\"input_tokens\":%d,\"cache_read_input_tokens\":%d,\"output_tokens\":%d}",
		            in - cached, cached, out);
	else
		strbuf_addf(b,
		            ",\"usageMetadata\":{\"promptTokenCount\":%d,\"candidatesTokenCount\":%d,\"totalTokenCount\":%d,"
		            "\"cachedContentTokenCount\":%d}",
		            in, out, in + out, cached);
}

/* ---- the stream */

const char *stream_type(enum protocol p)
{
	return p == OLLAMA ? "application/x-ndjson" : "text/event-stream";
}

/* {"model":… and the answer's id, under the names that the protocol has for them. */
static void open_event(struct conn *c, struct strbuf *b)
{
	char id[40];
	snprintf(id, sizeof id, "%spractice-%d", c->asked.protocol == ANTHROPIC ? "msg_" : "", c->number);
	strbuf_clear(b);
	strbuf_char(b, '{');
	json_put_field(b, c->asked.protocol == GEMINI ? "modelVersion" : "model", c->asked.model);
	if (c->asked.protocol != OLLAMA)
		json_put_field(b, c->asked.protocol == GEMINI ? "responseId" : "id", id);
}

/* Anthropic opens a message before its first block, and blocks before their text. */
static void begin(struct conn *c, struct strbuf *b)
{
	if (c->asked.protocol != ANTHROPIC || c->has_begun)
		return;
	c->has_begun = true;
	strbuf_addf(
		b,
		"{\"type\":\"message_start\",\"message\":{\"id\":\"msg_practice-%d\",\"type\":\"message\",\"role\":\"assistant\"",
		c->number);
	json_put_field(b, "model", c->asked.model);
	strbuf_str(b, ",\"content\":[]");
	if (!c->script.no_usage)
		strbuf_addf(b, ",\"usage\":{\"input_tokens\":%d,\"cache_read_input_tokens\":%d,\"output_tokens\":1}",
		            c->asked.prompt_tokens - cached_tokens(c), cached_tokens(c));
	strbuf_str(b, "}}");
	event(c, "message_start", b);
	strbuf_clear(b);
	strbuf_str(b, "{\"type\":\"content_block_start\",\"index\":0,\"content_block\":{\"type\":\"text\",\"text\":\"\"}}");
	event(c, "content_block_start", b);
	strbuf_clear(b);
}

void speak_piece(struct conn *c, struct str text)
{
	static const char *const BEFORE[] = {
		",\"message\":{\"role\":\"assistant\",\"content\":",
		",\"choices\":[{\"index\":0,\"delta\":{\"content\":",
		"{\"type\":\"content_block_delta\",\"index\":0,\"delta\":{\"type\":\"text_delta\",\"text\":",
		",\"candidates\":[{\"index\":0,\"content\":{\"role\":\"model\",\"parts\":[{\"text\":",
	};
	static const char *const AFTER[] = { "},\"done\":false}", "},\"finish_reason\":null}]}", "}}", "}]}}]}" };
	struct strbuf b = STRBUF_INIT(1u << 20);
	begin(c, &b);
	if (c->asked.protocol != ANTHROPIC)
		open_event(c, &b);
	strbuf_str(&b, BEFORE[c->asked.protocol]);
	json_put_str(&b, text);
	if (c->asked.protocol == GEMINI && c->script.is_signed)
		json_put_field(&b, "thoughtSignature", "cHJhY3RpY2U=");
	strbuf_str(&b, AFTER[c->asked.protocol]);
	event(c, "content_block_delta", &b);
	strbuf_release(&b);
}

/* The call alone, as it stands in a list of calls, parts or blocks. */
static void put_call(struct conn *c, int i, struct strbuf *b)
{
	struct str arguments = { strbuf_text(&c->asked.arguments), c->asked.arguments.len };
	if (c->asked.protocol == GEMINI)
		strbuf_addf(
			b,
			"{\"functionCall\":{\"id\":\"practice-call-%d-%d\",\"name\":\"%s\",\"args\":%s},\"thoughtSignature\":\"cHJhY3RpY2U=\"}",
			c->number, i, c->asked.tool, arguments.ptr);
	else if (c->asked.protocol == ANTHROPIC)
		strbuf_addf(b, "{\"type\":\"tool_use\",\"id\":\"toolu_practice_%d_%d\",\"name\":\"%s\",\"input\":%s}", c->number,
		            i, c->asked.tool, c->script.whole ? arguments.ptr : "{}");
	else
		strbuf_addf(
			b,
			"{\"index\":%d,\"id\":\"call_practice_%d_%d\",\"type\":\"function\",\"function\":{\"name\":\"%s\",\"arguments\":",
			i, c->number, i, c->asked.tool);
	if (c->asked.protocol == OPENAI)
		json_put_str(b, arguments);
	if (c->asked.protocol == OLLAMA)
		strbuf_str(b, arguments.ptr);
	if (c->asked.protocol == OPENAI || c->asked.protocol == OLLAMA)
		strbuf_str(b, "}}");
}

static void speak_call(struct conn *c, int i)
{
	struct strbuf b = STRBUF_INIT(1u << 20);
	static const char *const BEFORE[] = { ",\"message\":{\"role\":\"assistant\",\"content\":\"\",\"tool_calls\":[",
		                              ",\"choices\":[{\"index\":0,\"delta\":{\"tool_calls\":[", "",
		                              ",\"candidates\":[{\"index\":0,\"content\":{\"role\":\"model\",\"parts\":[" };
	static const char *const AFTER[] = { "]},\"done\":false}", "]},\"finish_reason\":null}]}", "}", "]}}]}" };
	begin(c, &b);
	if (c->asked.protocol != ANTHROPIC)
		open_event(c, &b);
	else
		strbuf_addf(&b, "{\"type\":\"content_block_start\",\"index\":%d,\"content_block\":", i + 1);
	strbuf_str(&b, BEFORE[c->asked.protocol]);
	put_call(c, i, &b);
	strbuf_str(&b, AFTER[c->asked.protocol]);
	event(c, "content_block_start", &b);
	if (c->asked.protocol == ANTHROPIC) {
		strbuf_clear(&b);
		strbuf_addf(
			&b,
			"{\"type\":\"content_block_delta\",\"index\":%d,\"delta\":{\"type\":\"input_json_delta\",\"partial_json\":",
			i + 1);
		json_put_str(&b, (struct str){ strbuf_text(&c->asked.arguments), c->asked.arguments.len });
		strbuf_str(&b, "}}");
		event(c, "content_block_delta", &b);
		strbuf_clear(&b);
		strbuf_addf(&b, "{\"type\":\"content_block_stop\",\"index\":%d}", i + 1);
		event(c, "content_block_stop", &b);
	}
	c->word++;
	strbuf_release(&b);
}

void speak_tools(struct conn *c)
{
	for (int i = 0; pick_call(c, i); i++)
		speak_call(c, i);
}

static const char *reason(const struct conn *c)
{
	static const char *const STOP[] = { "stop", "stop", "end_turn", "STOP" }, *const CALLS[] = { "stop", "tool_calls",
		                                                                                     "tool_use", "STOP" };
	return (asks_for_tools(c) ? CALLS : STOP)[c->asked.protocol];
}

static void last_of_anthropic(struct conn *c, struct strbuf *b)
{
	begin(c, b);
	strbuf_str(b, "{\"type\":\"content_block_stop\",\"index\":0}");
	event(c, "content_block_stop", b);
	strbuf_clear(b);
	strbuf_addf(b, "{\"type\":\"message_delta\",\"delta\":{\"stop_reason\":\"%s\",\"stop_sequence\":null}", reason(c));
	put_usage(b, c);
	strbuf_char(b, '}');
	event(c, "message_delta", b);
	strbuf_clear(b);
	strbuf_str(b, "{\"type\":\"message_stop\"}");
	event(c, "message_stop", b);
}

void speak_last(struct conn *c)
{
	static const char *const ENDS[] = {
		",\"message\":{\"role\":\"assistant\",\"content\":\"\"},\"done\":true,\"done_reason\":\"%s\"",
		",\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"%s\"}]", "",
		",\"candidates\":[{\"index\":0,\"content\":{\"role\":\"model\",\"parts\":[{\"text\":\"\"}]},"
		"\"finishReason\":\"%s\"}]"
	};
	struct strbuf b = STRBUF_INIT(1u << 20);
	if (c->asked.protocol == ANTHROPIC) {
		last_of_anthropic(c, &b);
	} else {
		open_event(c, &b);
		strbuf_addf(&b, ENDS[c->asked.protocol], reason(c));
		if (c->asked.protocol != OPENAI)
			put_usage(&b, c);
		strbuf_char(&b, '}');
		event(c, "", &b);
	}
	if (c->asked.protocol == OPENAI) {
		open_event(c, &b);
		strbuf_str(&b, ",\"choices\":[]");
		put_usage(&b, c);
		strbuf_char(&b, '}');
		event(c, "", &b);
		strbuf_clear(&b);
		strbuf_str(&b, "[DONE]");
		event(c, "", &b);
	}
	strbuf_release(&b);
}

/* ---- one body */

void put_whole(struct conn *c, struct strbuf *b)
{
	static const char *const BEFORE[] = {
		",\"message\":{\"role\":\"assistant\",\"content\":",
		",\"choices\":[{\"index\":0,\"message\":{\"role\":\"assistant\",\"content\":",
		",\"type\":\"message\",\"role\":\"assistant\",\"content\":[{\"type\":\"text\",\"text\":",
		",\"candidates\":[{\"index\":0,\"content\":{\"role\":\"model\",\"parts\":[{\"text\":"
	};
	static const char *const CALL[] = { ",\"tool_calls\":[", ",\"tool_calls\":[", "},", "}," };
	static const char *const AFTER[] = { "%s},\"done\":true,\"done_reason\":\"%s\"", "%s},\"finish_reason\":\"%s\"}]",
		                             "%s],\"stop_reason\":\"%s\"", "%s]},\"finishReason\":\"%s\"}]" };
	bool with_tool = asks_for_tools(c) && pick_call(c, 0), is_list = c->asked.protocol <= OPENAI;
	open_event(c, b);
	strbuf_str(b, BEFORE[c->asked.protocol]);
	json_put_str(b, (struct str){ strbuf_text(&c->text), c->text.len });
	if (with_tool) {
		strbuf_str(b, CALL[c->asked.protocol]);
		put_call(c, 0, b);
	}
	strbuf_addf(b, AFTER[c->asked.protocol], with_tool ? (is_list ? "]" : "") : is_list ? "" : "}", reason(c));
	put_usage(b, c);
	strbuf_char(b, '}');
}

void put_embeddings(const struct conn *c, struct strbuf *b)
{
	strbuf_str(b, "{\"practice\":\"hashes of the words; no model made these\"");
	if (c->asked.protocol != GEMINI)
		json_put_field(b, "model", c->asked.model);
	strbuf_addf(b, c->asked.protocol == OPENAI ? ",\"object\":\"list\",\"data\":[%s]" : ",\"embeddings\":[%s]",
	            strbuf_text(&c->asked.vectors));
	if (c->asked.protocol == OLLAMA && !c->script.no_usage)
		strbuf_addf(b, ",\"prompt_eval_count\":%d", c->asked.prompt_tokens);
	if (c->asked.protocol == OPENAI && !c->script.no_usage)
		strbuf_addf(b, ",\"usage\":{\"prompt_tokens\":%d,\"total_tokens\":%d}", c->asked.prompt_tokens,
		            c->asked.prompt_tokens);
	strbuf_char(b, '}');
}
