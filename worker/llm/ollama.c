/*
 * Ollama's own API: POST /api/chat, newline-delimited JSON, complete with a line that says "done":true. num_ctx is always sent and truncate
 * is off: else a prompt that is too long loses its beginning in silence.
 */
#include "worker/llm/provider.h"

#define NUM_CTX 8192

static void build(const struct prompt *p, struct strbuf *b)
{
	strbuf_char(b, '{');
	json_put_field(b, "model", p->model);
	strbuf_addf(b, ",\"stream\":true,\"truncate\":false,\"options\":{\"num_ctx\":%d",
	            p->context_tokens > 0 ? p->context_tokens : NUM_CTX);
	if (p->max_tokens > 0)
		json_put_int_field(b, "num_predict", p->max_tokens);
	strbuf_str(b, "},\"messages\":[");
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

static int feed(struct reply *r, struct arena *a, const char *name, struct str data, struct err *err)
{
	const struct json *j;
	struct str text;
	bool done = false;
	(void)name;
	if (r->is_complete)
		return 0;
	if (json_parse(a, data, SPLIT_LINE_MAX, &j, err) < 0)
		return err_set(err, ERR_BAD_REPLY, "not JSON: %.60s", err->msg);
	if (json_str(j, "error", &text))
		return err_set(err, ERR_SERVER_ERROR, "in the stream: %.180s", text.ptr);
	if (json_str(j, "model", &text))
		snprintf(r->model, sizeof r->model, "%.79s", text.ptr);
	if (json_str(j, "message.content", &text) && text.len > 0)
		r->on_text(r->ctx, text);
	if (json_bool(j, "done", &done) && done) {
		usage_int(j, "prompt_eval_count", &r->usage.input);
		usage_int(j, "eval_count", &r->usage.output);
		if (json_str(j, "done_reason", &text))
			snprintf(r->finish, sizeof r->finish, "%.31s", text.ptr);
		r->has_finish = r->is_complete = true;
	}
	return 0;
}

static bool error(const struct json *body, struct str *text, struct str *code)
{
	*code = STR("");
	return json_str(body, "error", text);
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
