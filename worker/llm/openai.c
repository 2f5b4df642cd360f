/*
 * OpenAI's chat completions, which Groq, vLLM and many others speak: POST /v1/chat/completions, server-sent events, complete with a
 * finish_reason and then [DONE]. Usage comes in a chunk without choices (OpenAI), or on the last one (Groq, twice): the last value
 * counts, nothing is added up.
 */
#include "worker/llm/provider.h"

static void build(const struct prompt *p, struct strbuf *b)
{
	strbuf_char(b, '{');
	json_put_field(b, "model", p->model);
	strbuf_str(b, ",\"stream\":true,\"stream_options\":{\"include_usage\":true}");
	if (p->max_tokens > 0)
		json_put_int_field(b, "max_tokens", p->max_tokens);
	strbuf_str(b, ",\"messages\":[");
	if (p->system != NULL) {
		strbuf_str(b, "{\"role\":\"system\",\"content\":");
		json_put_str(b, str_of(p->system));
		strbuf_char(b, '}');
	}
	for (int i = 0; i < p->n_turns; i++) {
		strbuf_addf(b, "%s{\"role\":\"%s\",\"content\":", i > 0 || p->system != NULL ? "," : "", p->turns[i].role);
		json_put_str(b, p->turns[i].content);
		strbuf_char(b, '}');
	}
	strbuf_str(b, "]}");
}

static void read_usage(struct usage *u, const struct json *j)
{
	int total = -1;
	usage_int(j, "prompt_tokens", &u->input);
	usage_int(j, "completion_tokens", &u->output);
	usage_int(j, "total_tokens", &total);
	usage_int(j, "prompt_tokens_details.cached_tokens", &u->cached);
	usage_int(j, "completion_tokens_details.reasoning_tokens", &u->reasoning);
	/* Some servers count reasoning on top of completion_tokens: the total tells. */
	if (total >= 0 && u->input >= 0 && total > u->input && total - u->input > u->output)
		u->output = total - u->input;
}

static int feed(struct reply *r, struct arena *a, const char *name, struct str data, struct err *err)
{
	const struct json *j, *usage;
	struct str text;
	(void)name;
	if (str_eq(data, "[DONE]")) {
		r->is_complete = r->has_finish;
		return r->has_finish ? 0 : err_set(err, ERR_TRUNCATED, "[DONE] without a finish_reason");
	}
	if (json_parse(a, data, SPLIT_LINE_MAX, &j, err) < 0)
		return err_set(err, ERR_BAD_REPLY, "not JSON: %.60s", err->msg);
	if (json_str(j, "error.message", &text) || json_str(j, "error", &text) || json_str(j, "x_groq.error", &text))
		return err_set(err, ERR_SERVER_ERROR, "in the stream: %.180s", text.ptr);
	if (json_is_object(json_get(j, "error")))
		return err_set(err, ERR_SERVER_ERROR, "an error without a message in the stream");
	if (json_str(j, "model", &text))
		snprintf(r->model, sizeof r->model, "%.79s", text.ptr);
	if ((json_str(j, "choices[0].delta.content", &text) || json_str(j, "choices[0].message.content", &text)) && text.len > 0)
		r->on_text(r->ctx, text);
	if (json_str(j, "choices[0].finish_reason", &text)) {
		snprintf(r->finish, sizeof r->finish, "%.31s", text.ptr);
		r->has_finish = true;
		if (json_is_object(json_get(j, "choices[0].message"))) /* a whole body, not a stream: there is no [DONE] */
			r->is_complete = true;
	}
	usage = json_get(j, "usage");
	if (!json_is_object(usage))
		usage = json_get(j, "x_groq.usage");
	if (json_is_object(usage))
		read_usage(&r->usage, usage);
	return 0;
}

static bool error(const struct json *body, struct str *text, struct str *code)
{
	struct str type;
	*code = STR("");
	json_str(body, "error.code", code);
	if (json_str(body, "error.type", &type) && (code->len == 0 || str_eq(type, "insufficient_quota")))
		*code = type;
	return json_str(body, "error.message", text) || json_str(body, "error", text) || json_str(body, "message", text) ||
	       json_str(body, "detail", text);
}

static void path(const struct prompt *p, struct strbuf *b)
{
	(void)p;
	strbuf_str(b, "/v1/chat/completions");
}

const struct provider_ops provider_openai = {
	.protocol = "openai",
	.key_header = "Authorization: Bearer ",
	.path = path,
	.stream = SPLIT_SSE,
	.stream_type = "text/event-stream",
	.build = build,
	.feed = feed,
	.error = error,
};
