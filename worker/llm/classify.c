/*
 * A 429 is three things (a rate, a quota, a day's limit) and a 400 is five (our mistake, a prompt too long, an empty account, a bad key, a
 * missing signature): the body knows better than the status. The order of the questions is the protocols' notes'.
 */
#include "worker/llm/classify.h"

#include <strings.h>

#include "shared/utf8.h"

#define ERROR_BODY_MAX 65536

static bool body_has(struct str body, const char *words)
{
	return str_has_nocase(body, words);
}

/* "Please try again in 21.615s", "1m2.5s", "980ms": to milliseconds; 0 when the text names no wait. */
static int wait_in_text(const char *text)
{
	const char *at = strcasestr(text, "try again in ");
	double ms = 0, n;
	at = at != NULL ? at + 13 : strcasestr(text, "retry in ");
	if (at != NULL && strncasecmp(at, "retry in ", 9) == 0)
		at += 9;
	for (char *end; at != NULL && *at >= '0' && *at <= '9'; at = end) {
		n = strtod(at, &end);
		bool is_ms = strncmp(end, "ms", 2) == 0;
		ms += n * (is_ms ? 1 : *end == 'h' ? 3600000 : *end == 'm' ? 60000 : 1000);
		end += is_ms ? 2 : *end == 'h' || *end == 'm' || *end == 's';
	}
	return ms < 86400000 ? (int)ms : 86400000;
}

int classify_http(const struct provider_ops *ops, int status, struct str body, int retry_after_ms, struct err *err)
{
	struct arena a = ARENA_INIT;
	struct strbuf clean = STRBUF_INIT(512 * 4);
	struct str text = { body.ptr, MIN(body.len, 160) }, code = STR("");
	const struct json *j;
	struct err ignored;
	if (json_parse(&a, body, ERROR_BODY_MAX, &j, &ignored) == 0)
		ops->error(j, &text, &code);
	text.len = MIN(text.len, 160);
	text.len -= utf8_unfinished(text);
	utf8_safe(&clean, text, false);

	enum err_code what = ERR_SERVER_ERROR;
	if (str_eq(code, "insufficient_quota") || status == 402 || body_has(body, "usage limits"))
		what = ERR_QUOTA;
	else if (str_eq(code, "context_length_exceeded") || status == 413 || body_has(body, "exceeds the context length") ||
	         body_has(body, "prompt is too long") || body_has(body, "maximum context length"))
		what = ERR_CONTEXT_LENGTH;
	else if (status == 401 || status == 403)
		what = ERR_AUTH;
	else if (status == 404)
		what = ERR_MODEL_NOT_FOUND;
	else if (status == 429)
		what = ERR_RATE_LIMITED;
	else if (status == 503 || status == 529 || status == 498)
		what = ERR_OVERLOADED;
	else if (status == 408 || status == 409 || status == 425 || status >= 500)
		what = ERR_SERVER_ERROR;
	else if (status >= 400)
		what = ERR_BAD_REQUEST;
	else
		what = ERR_BAD_REPLY;
	err_set(err, what, "HTTP %d%s%s", status, clean.len > 0 ? ": " : "", strbuf_text(&clean));
	err->wait_ms = retry_after_ms >= 0 ? retry_after_ms : wait_in_text(text.ptr);
	strbuf_release(&clean);
	arena_release(&a);
	return -1;
}
