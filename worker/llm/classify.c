/*
 * A 429 is three things (a rate, a quota, a day's limit) and a 400 is five (our mistake, a prompt too long, an empty account, a bad key, a
 * missing signature): the body knows better than the status. The order of the questions is the protocols' notes'.
 */
#include "worker/llm/classify.h"

#include <strings.h>

#include "shared/utf8.h"

#define ERROR_BODY_MAX 65536
#define DAY_MS 86400000
#define QUOTA_WAIT_MS 3600000 /* a rate limit never asks for more */

/* What is known of an error. */
struct facts {
	int status; /* 0: not known */
	struct str text, code;
	double wait_ms; /* said in the details; -1: not said */
	bool is_daily;  /* a limit of the day, or no access at all */
};

/* Codes and types that say as much as a status. */
static const struct {
	const char *word;
	int status;
} WORDS[] = {
	{ "insufficient_quota", 402 },
	{ "billing_error", 402 },
	{ "billing_hard_limit_reached", 402 },
	{ "billing_not_active", 402 },
	{ "insufficient_balance", 402 },
	{ "context_length_exceeded", 413 },
	{ "exceed_context_size_error", 413 },
	{ "request_too_large", 413 },
	{ "API_KEY_INVALID", 401 },
	{ "invalid_api_key", 401 },
	{ "authentication_error", 401 },
	{ "permission_error", 403 },
	{ "PERMISSION_DENIED", 403 },
	{ "UNAUTHENTICATED", 401 },
	{ "model_not_found", 404 },
	{ "not_found_error", 404 },
	{ "NOT_FOUND", 404 },
	{ "invalid_request_error", 400 },
	{ "INVALID_ARGUMENT", 400 },
	{ "FAILED_PRECONDITION", 400 },
	{ "rate_limit_error", 429 },
	{ "rate_limit_exceeded", 429 },
	{ "rate_limited", 429 },
	{ "too_many_requests", 429 },
	{ "RESOURCE_EXHAUSTED", 429 },
	{ "overloaded_error", 529 },
	{ "overloaded", 529 },
	{ "server_overloaded", 529 },
	{ "engine_overloaded", 529 },
	{ "capacity_exceeded", 498 },
	{ "UNAVAILABLE", 503 },
	{ "service_unavailable", 503 },
	{ "timeout_error", 504 },
	{ "DEADLINE_EXCEEDED", 504 },
	{ "api_error", 500 },
	{ "server_error", 500 },
	{ "INTERNAL", 500 },
};

static int status_of(struct str code)
{
	for (size_t i = 0; i < ARRAY_SIZE(WORDS); i++)
		if (str_eq(code, WORDS[i].word))
			return WORDS[i].status;
	return 0;
}

static bool has_any(struct str text, const char *const *words)
{
	for (; *words != NULL; words++)
		if (str_has_nocase(text, *words))
			return true;
	return false;
}

/* "21.615s", "1m2.5s", "10h17m5.7s", "980ms", "2 minutes": to milliseconds; 0 when there is no number. */
static double read_duration(const char *at)
{
	double ms = 0, n;
	for (char *end; *at >= '0' && *at <= '9'; at = end) {
		n = strtod(at, &end);
		end += *end == ' ';
		bool is_ms = strncmp(end, "ms", 2) == 0 || strncmp(end, "mil", 3) == 0;
		ms += n * (is_ms ? 1 : *end == 'h' ? 3600000 : *end == 'm' ? 60000 : 1000);
		while ((*end | 32) >= 'a' && (*end | 32) <= 'z')
			end++;
	}
	return ms;
}

static double wait_in_text(const char *text)
{
	static const char *const WORDS_BEFORE[] = { "try again in ", "retry in ", "retry after " };
	for (size_t i = 0; i < ARRAY_SIZE(WORDS_BEFORE); i++) {
		const char *at = strcasestr(text, WORDS_BEFORE[i]);
		if (at != NULL)
			return read_duration(at + strlen(WORDS_BEFORE[i]));
	}
	return 0;
}

/* "limit: 0", but not "limit: 05" or "limit: 0.5". */
static bool has_limit_zero(const char *text)
{
	for (const char *at = text; (at = strcasestr(at, "limit: 0")) != NULL;) {
		at += 8;
		if (*at != '.' && (*at < '0' || *at > '9'))
			return true;
	}
	return false;
}

/* Google's details: how long to wait, and which quota it was. */
static void read_details(const struct json *body, struct facts *f)
{
	struct str s;
	for (const struct json *d = json_first(json_get(body, "error.details")); d != NULL; d = json_next(d)) {
		if (json_str(d, "retryDelay", &s))
			f->wait_ms = read_duration(s.ptr);
		for (const struct json *v = json_first(json_get(d, "violations")); v != NULL; v = json_next(v))
			f->is_daily |= (json_str(v, "quotaId", &s) && str_has_nocase(s, "PerDay")) ||
			               (json_str(v, "quotaValue", &s) && str_eq(s, "0"));
	}
	f->is_daily |= f->wait_ms > QUOTA_WAIT_MS || has_limit_zero(f->text.ptr);
}

static void read_facts(const struct provider_ops *ops, struct arena *a, struct str body, struct facts *f)
{
	const struct json *j;
	struct str type;
	struct err ignored;
	int64_t code;
	f->text = (struct str){ arena_dup(a, body.ptr, body.len), body.len };
	f->code = STR("");
	f->wait_ms = -1;
	if (json_parse(a, body, ERROR_BODY_MAX, &j, &ignored) < 0)
		return;
	if (json_get(j, "[0]") != NULL) /* Google wraps an error into an array now and then */
		j = json_get(j, "[0]");
	ops->error(j, &f->text, &f->code);
	if (f->status == 0 && json_int(j, "error.code", &code) && code >= 400 && code < 600)
		f->status = (int)code;
	read_details(j, f);
	if (f->status == 0)
		f->status = status_of(f->code);
	if (f->status == 0 && json_str(j, "error.type", &type))
		f->status = status_of(type);
}

static bool is_exhausted(const struct facts *f)
{
	static const char *const SAYS[] = { "usage limit",          "credit balance is too low", "key limit exceeded",
		                            "insufficient credits", "insufficient balance",      NULL };
	return f->status == 402 || status_of(f->code) == 402 || has_any(f->text, SAYS) || (f->status == 429 && f->is_daily);
}

static bool is_too_long(const struct facts *f)
{
	static const char *const SAYS[] = { "exceeds the context length", "prompt is too long",         "prompt too long",
		                            "maximum context length",     "max context length",         "available context size",
		                            "exceed context limit",       "exceeds the context window", NULL };
	return f->status == 413 || status_of(f->code) == 413 || has_any(f->text, SAYS) ||
	       (str_has_nocase(f->text, "input token count") && str_has_nocase(f->text, "exceed"));
}

static enum err_code decide(const struct facts *f)
{
	static const char *const FLAGGED[] = { "flagged", "content management policy", NULL };
	if (is_exhausted(f))
		return ERR_QUOTA;
	if (is_too_long(f))
		return ERR_CONTEXT_LENGTH;
	if (str_eq(f->code, "content_filter") || ((f->status == 400 || f->status == 403) && has_any(f->text, FLAGGED)))
		return ERR_CONTENT_FILTER;
	if (f->status == 401 || f->status == 403 || str_eq(f->code, "API_KEY_INVALID") ||
	    (f->status == 400 && str_has_nocase(f->text, "API key not valid")))
		return ERR_AUTH;
	if (f->status == 404 || str_eq(f->code, "model_not_found"))
		return ERR_MODEL_NOT_FOUND;
	if (f->status == 429)
		return ERR_RATE_LIMITED;
	if (f->status == 503 || f->status == 529 || f->status == 498)
		return ERR_OVERLOADED;
	if (f->status == 408 || f->status == 409 || f->status == 425 || f->status >= 500)
		return ERR_SERVER_ERROR;
	return f->status >= 400 ? ERR_BAD_REQUEST : ERR_BAD_REPLY;
}

static int set(const struct facts *f, enum err_code what, int header_ms, const char *where, struct err *err)
{
	struct strbuf clean = STRBUF_INIT(512 * 4);
	struct str text = { f->text.ptr, MIN(f->text.len, 160) };
	double wait = f->wait_ms > 0 ? f->wait_ms : wait_in_text(f->text.ptr);
	text.len -= utf8_unfinished(text);
	utf8_safe(&clean, text, false);
	err_set(err, what, "%s%s%s", where, clean.len > 0 ? ": " : "", strbuf_text(&clean));
	err->wait_ms = header_ms >= 0 ? header_ms : wait < DAY_MS ? (int)wait : DAY_MS;
	strbuf_release(&clean);
	return -1;
}

int classify_http(const struct provider_ops *ops, int status, struct str body, int retry_after_ms, struct err *err)
{
	struct arena a = ARENA_INIT;
	struct facts f = { .status = status };
	char where[32];
	read_facts(ops, &a, body, &f);
	snprintf(where, sizeof where, "HTTP %d", status);
	set(&f, decide(&f), retry_after_ms, where, err);
	arena_release(&a);
	return -1;
}

int classify_stream(const struct provider_ops *ops, struct str event, struct err *err)
{
	static const char *const BUSY[] = { "overloaded", "server busy", "at capacity", NULL };
	static const char *const RATE[] = { "rate limit", "too many requests", NULL };
	struct arena a = ARENA_INIT;
	struct facts f = { .status = 0 };
	read_facts(ops, &a, event, &f);
	if (f.status == 0 || f.status == 500) /* no code, or one that says no more than that it went wrong */
		f.status = has_any(f.text, BUSY) ? 529 : has_any(f.text, RATE) ? 429 : 500;
	set(&f, decide(&f), -1, "in the stream", err);
	arena_release(&a);
	return -1;
}
