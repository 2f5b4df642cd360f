/* RPC: {"method":…,"args":[],"kwargs":{…}} gives {"ok":true,"result":…} or {"ok":false,"error":{…}}, with the status that
 * the same error has elsewhere. */
#include "worker/api/routes.h"

/* Puts the reply of the route behind it into RPC's form. */
static void wrap(struct reply_http *r, bool is_ok)
{
	struct strbuf b = STRBUF_INIT(r->body.cap);
	struct str text = { strbuf_text(&r->body), r->body.len };
	while (text.len > 0 && text.ptr[text.len - 1] == '\n')
		text.len--;
	if (is_ok) {
		strbuf_str(&b, "{\"ok\":true,\"result\":");
		strbuf_add(&b, text.ptr, text.len);
		strbuf_str(&b, "}\n");
	} else { /* {"error":…} */
		strbuf_str(&b, "{\"ok\":false,");
		strbuf_add(&b, text.ptr + 1, text.len - 1);
		strbuf_char(&b, '\n');
	}
	strbuf_release(&r->body);
	r->body = b;
}

static void call(struct api *api, struct request *request, const struct json *body, struct reply_http *r)
{
	struct sending in = { .agent = api->services->options->rpc_agent };
	const struct field fields[] = { { "user_id", &in.user, NULL, true },
		                        { "collection_name", &in.collection, NULL, true },
		                        { "thread_key", &in.thread, NULL, true },
		                        { "message", &in.content, NULL, true } };
	const struct json *args = json_get(body, "args");
	const char *method = json_text(body, "method");
	char text[160];
	if (method == NULL) {
		reply_error(r, 400, "bad_input", "method: is missing: a string is needed");
	} else if (strcmp(method, "LLM.send_message") != 0) {
		snprintf(text, sizeof text, "no method is called '%.80s'; there is LLM.send_message", method);
		reply_error(r, 404, "unknown_method", text);
	} else if (in.agent[0] == '\0') {
		reply_error(r, 409, "refused", "this worker has no agent for RPC: the setting rpc_agent");
	} else if (args != NULL && !json_is_null(args, "") && json_count(args) > 0) {
		reply_error(r, 400, "bad_input", "args: must be empty; the arguments are members of kwargs");
	} else if (read_fields(json_get(body, "kwargs"), fields, ARRAY_SIZE(fields), r)) {
		in.key = request_header(request, "Idempotency-Key");
		send_message(api, request, &in, 0, r);
	}
}

enum route_end post_rpc(void *ctx, struct request *request, struct reply_http *r)
{
	struct arena a = ARENA_INIT;
	const struct json *body;
	struct err err;
	if (json_parse(&a, request->body, 4u << 20, &body, &err) < 0)
		reply_error(r, 400, "bad_json", err.msg);
	else if (allow_origin(ctx, request, r))
		call(ctx, request, body, r);
	wrap(r, r->status < 300);
	arena_release(&a);
	return ROUTE_DONE;
}
