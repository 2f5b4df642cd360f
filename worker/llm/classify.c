/*
 * The status alone does not name the cause: 429 has three (a rate limit, a quota, a daily limit)
 * and 400 has five (our mistake, a prompt that is too long, an empty account, a bad key, a missing
 * signature). The body is more exact, so it is looked at first. classify_decide() has the order of
 * the tests.
 */
#include "worker/llm/classify.h"

#include <math.h>
#include <strings.h>

#include "shared/utf8.h"
#include "worker/llm/limits.h"
#include "worker/llm/provider.h"

#define TEXT_MAX 4096 /* bytes of the error text; about eighty phrases are searched for in it */

/* What is known about an error. */
struct facts {
	int status; /* 0: not known */
	struct str text, code, type;
	double wait_ms;   /* from the body; -1: not stated */
	bool is_of_model; /* the quota is of this model only */
	bool is_closed;   /* the quota is 0: no access at all */
};

/* Codes and types with the meaning of a status, from servers that implement the protocol of another
 * vendor. The vendors' own words are in llm/providers. */
static const struct error_word WORDS[] = {
	{ "insufficient_balance", 402 },
	{ "insufficient_funds", 402 },
	{ "insufficient_credits", 402 },
	{ "payment_required", 402 },
	{ "arrearage", 402 },
	{ "exceeded_current_quota_error", 402 },
	{ "budget_exceeded", 402 },
	{ "exceed_context_size_error", 413 },
	{ "invalid_request_error", 400 },
	{ "rate_limited", 429 },
	{ "too_many_requests", 429 },
	{ "rate_limit", 429 },
	{ "throttling", 429 },
	{ "throttlingexception", 429 },
	{ "1302", 429 }, /* Zhipu */
	{ "1305", 429 },
	{ "request_limit_reached", 429 },
	{ "overloaded", 529 },
	{ "server_busy", 529 },
	{ "engine_overloaded_error", 529 },
	{ "server_overloaded", 529 },
	{ "engine_overloaded", 529 },
	{ "capacity_exceeded", 498 },
	{ "service_unavailable", 503 },
};

/* The HTTP status that `code` means: a known word (in any letter case) or a number from 400 to 599.
 * 0: none. */
static int classify_status_of(struct str code)
{
	for (size_t i = 0; i < ARRAY_SIZE(WORDS); i++)
		if (code.len == strlen(WORDS[i].word) && strncasecmp(code.ptr, WORDS[i].word, code.len) == 0)
			return WORDS[i].status;
	const struct error_word *own = provider_error_word(code);
	if (own != NULL)
		return own->status;
	int n = code.len == 3 ? atoi(code.ptr) : 0;
	return n >= 400 && n < 600 ? n : 0;
}

static bool has_any(struct str text, const char *const *words)
{
	for (; *words != NULL; words++)
		if (str_has_nocase(text, *words))
			return true;
	return false;
}

static double wait_in_text(const char *text)
{
	static const char *const WORDS_BEFORE[] = { "try again in ", "try again after ", "retry in ",
		                                    "retry after ",  "please wait ",     "retry_after: " };
	for (size_t i = 0; i < ARRAY_SIZE(WORDS_BEFORE); i++) {
		const char *at = strcasestr(text, WORDS_BEFORE[i]), *end;
		double ms = at != NULL ? duration_read(at + strlen(WORDS_BEFORE[i]), &end) : NAN;
		if (!isnan(ms))
			return ms;
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

/* Reads Google's error.details: how long to wait, and which quota was exceeded. */
static void read_details(const struct json *body, struct facts *f)
{
	struct str s;
	const char *end;
	bool is_quota = false, is_shared = false;
	for (const struct json *d = json_first(json_get(body, "error.details")); d != NULL; d = json_next(d)) {
		if (json_str(d, "retryDelay", &s))
			f->wait_ms = duration_read(s.ptr, &end);
		/* The code of a bad key is the general INVALID_ARGUMENT; only `reason` names the
		 * cause. */
		if (json_str(d, "reason", &s) && str_eq(s, "API_KEY_INVALID"))
			f->code = s;
		for (const struct json *v = json_first(json_get(d, "violations")); v != NULL; v = json_next(v)) {
			if (json_str(v, "quotaId", &s)) {
				is_quota = true;
				is_shared |= !str_has_nocase(s, "PerModel");
			}
			f->is_closed |= json_str(v, "quotaValue", &s) && str_eq(s, "0");
		}
	}
	f->is_of_model = is_quota && !is_shared;
	f->is_closed |= has_limit_zero(f->text.ptr);
}

/* Reads the first text at one of `paths` that is not empty. */
static bool text_at(const struct json *j, const char *const *paths, struct str *out)
{
	struct str s;
	for (; *paths != NULL; paths++)
		if (json_str(j, *paths, &s) && s.len > 0) {
			*out = s;
			return true;
		}
	return false;
}

/* Where the error text stands: OpenAI, Anthropic, Google, Ollama, vLLM, FastAPI, Zhipu, MiniMax,
 * Baidu, … */
static const char *const TEXTS[] = { "error.message",
	                             "error.msg",
	                             "error",
	                             "x_groq.error",
	                             "message",
	                             "msg",
	                             "detail",
	                             "detail.message",
	                             "detail[0].msg",
	                             "error_msg",
	                             "error_message",
	                             "errorMessage",
	                             "errors[0].message",
	                             "errors[0]",
	                             "base_resp.status_msg",
	                             "error.error.message",
	                             "error.detail",
	                             "choices[0].error.message",
	                             NULL };
static const char *const CODES[] = { "error.code",     "error.status",          "code",   "error_code", "errorCode",
	                             "errors[0].code", "choices[0].error.code", "status", NULL };
static const char *const TYPES[] = { "error.type", "type", "error.error.type", NULL };

static int number_at(const struct json *j, const char *const *paths)
{
	int64_t n;
	for (; *paths != NULL; paths++)
		if (json_int(j, *paths, &n) && n >= 400 && n < 600)
			return (int)n;
	return 0;
}

/* `j`: the parsed body; NULL: the body is not JSON. */
static void read_facts(struct arena *a, struct str body, const struct json *j, struct facts *f)
{
	f->text = body;
	f->code = f->type = STR("");
	f->wait_ms = -1;
	if (json_get(j, "[0]") != NULL) /* Google sometimes wraps an error in an array */
		j = json_get(j, "[0]");
	text_at(j, TEXTS, &f->text);
	f->text.len = MIN(f->text.len, TEXT_MAX);
	f->text.ptr = arena_dup(a, f->text.ptr, f->text.len);
	text_at(j, CODES, &f->code);
	text_at(j, TYPES, &f->type);
	if (json_double(j, "retry_after", &f->wait_ms) || json_double(j, "error.retry_after", &f->wait_ms) ||
	    json_double(j, "error.metadata.retry_after", &f->wait_ms))
		f->wait_ms = f->wait_ms >= 0 && f->wait_ms < LIMIT_WAIT_MAX_MS / 1000 ? f->wait_ms * 1000 : -1;
	read_details(j, f);
	if (f->status == 0)
		f->status = number_at(j, CODES);
	if (f->status == 0)
		f->status = classify_status_of(f->code);
	if (f->status == 0)
		f->status = classify_status_of(f->type);
}

static bool says_word(const struct facts *f, int status)
{
	return classify_status_of(f->code) == status || classify_status_of(f->type) == status;
}

static bool is_exhausted(const struct facts *f)
{
	static const char *const SAYS[] = { "credit balance",
		                            "used all available credits",
		                            "spending limit",
		                            "budget has been exceeded",
		                            "insufficient_quota",
		                            "FreeTierOnly",
		                            "free tier of the model has been exhausted",
		                            "have any credits",
		                            "balance is insufficient",
		                            "key limit exceeded",
		                            "insufficient credit",
		                            "insufficient balance",
		                            "insufficient funds",
		                            "insufficient account",
		                            "balance is not enough",
		                            "not enough balance",
		                            "not enough credit",
		                            "no credits",
		                            "out of credits",
		                            "in arrears",
		                            "overdue",
		                            "\xE4\xBD\x99\xE9\xA2\x9D\xE4\xB8\x8D\xE8\xB6\xB3",
		                            "\xE6\xAC\xA0\xE8\xB4\xB9",
		                            NULL };
	/* A usage limit per hour (or per five hours) is not an empty account: waiting helps. */
	if (str_has_nocase(f->text, "usage limit") && !str_has_nocase(f->text, "hour"))
		return true;
	return f->status == 402 || says_word(f, 402) || has_any(f->text, SAYS) || (f->status == 429 && f->is_closed);
}

/* True when the text says that the prompt does not fit. Each vendor and each server has its own
 * words. */
static bool says_too_long(struct str text)
{
	static const char *const PHRASES[] = { "prompt is too long",
		                               "prompt too long",
		                               "input is too long",
		                               "maximum context length",
		                               "max context length",
		                               "maximum prompt length",
		                               "range of input length",
		                               "context_length_exceeded",
		                               "exceed context limit",
		                               "context limit exceeded",
		                               "too many input tokens",
		                               "too many prompt tokens",
		                               "maximum session length",
		                               "\xE8\xB6\x85\xE9\x95\xBF", /* Chinese: too long */
		                               NULL };
	static const char *const THINGS[] = { "context length", "context window",       "context size",
		                              "context limit",  "model length",         "max_model_len",
		                              "maximum length", "max length",           "sequence length",
		                              "input length",   "prompt length",        "input token",
		                              "prompt token",   "tokens in the prompt", "tokens in prompt",
		                              "n_ctx",          "max_seq_len",          "max_total_tokens",
		                              "max_new_tokens", "prompt contains",      "longer than the model",
		                              "token limit",    "inputs tokens",        "inputs` tokens",
		                              "`inputs`",       "length of the prompt", NULL };
	static const char *const EXCEEDS[] = { "exceed",
		                               "longer than",
		                               "too long",
		                               "larger than",
		                               "too large",
		                               "greater than",
		                               "more than",
		                               "too many",
		                               "overflow",
		                               "at most",
		                               "must be <=",
		                               "must have less than",
		                               "reduce the length",
		                               "does not fit",
		                               "bigger than",
		                               "is over",
		                               NULL };
	/* Texts with these words are about other limits: a rate of tokens, or the length of a
	 * parameter. */
	static const char *const OTHERS[] = { "per minute", "per min", "per day",           "per hour", "per second",
		                              "rate limit", "quota",   "expected a string", NULL };
	if (has_any(text, PHRASES))
		return true;
	return has_any(text, THINGS) && has_any(text, EXCEEDS) && !has_any(text, OTHERS);
}

static bool is_too_long(const struct facts *f)
{
	/* This one request exceeds the rate of tokens: waiting does not help. */
	if (f->status == 429 && str_has_nocase(f->text, "request too large"))
		return true;
	if (f->status == 413 || says_word(f, 413))
		return true;
	return f->status != 429 && f->status != 401 && f->status != 403 && f->status != 404 && says_too_long(f->text);
}

static const char *const FLAGGED[] = { "flagged",
	                               "content management policy",
	                               "content policy",
	                               "safety system",
	                               "inappropriate content",
	                               "usage guidelines",
	                               "safety_check",
	                               "content exists risk",
	                               "considered high risk",
	                               "sensitive information",
	                               "sensitive content",
	                               "new_sensitive",
	                               "content filtering policy",
	                               "guardrail",
	                               "\xE6\x95\x8F\xE6\x84\x9F", /* Chinese: sensitive */
	                               NULL };
/* A key without access to this model may be good for other models: this is not ERR_AUTH. */
static const char *const NO_MODEL[] = { "model_not_found",
	                                "model not exist",
	                                "model does not exist",
	                                "does not exist or you do not have access",
	                                "have access to the model",
	                                "invalid model",
	                                NULL };
static const char *const RATES[] = {
	"rate limit", "too many requests", "quota exceeded", "will be replenished", "throttl", "too many tokens, please wait",
	NULL
};
static const char *const BAD_KEYS[] = { "API key not valid",
	                                "incorrect api key",
	                                "invalid api key",
	                                "invalid_api_key",
	                                "login fail",
	                                "organization has been disabled",
	                                "organization has been restricted",
	                                NULL };

static enum err_code classify_decide(const struct facts *f)
{
	if (is_exhausted(f))
		return ERR_QUOTA;
	if (is_too_long(f))
		return ERR_CONTEXT_LENGTH;
	if (str_has_nocase(f->code, "content_filter") || str_has_nocase(f->code, "content_policy") ||
	    str_has_nocase(f->type, "content_filter") ||
	    ((f->status == 400 || f->status == 403 || f->status == 446) && has_any(f->text, FLAGGED)))
		return ERR_CONTENT_FILTER;
	if (f->status != 429 && f->status < 500 && (has_any(f->code, NO_MODEL) || has_any(f->text, NO_MODEL)))
		return ERR_MODEL_NOT_FOUND;
	if ((f->status == 403 || f->status == 400 || f->status >= 500) && (has_any(f->text, RATES) || says_word(f, 429)))
		return ERR_RATE_LIMITED;
	if (f->status == 401 || f->status == 403 || says_word(f, 401) || (f->status == 400 && has_any(f->text, BAD_KEYS)))
		return ERR_AUTH;
	if (f->status == 404)
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
	err->wait_ms = header_ms > 0 ? header_ms : wait < LIMIT_WAIT_MAX_MS ? (int)wait : LIMIT_WAIT_MAX_MS;
	err->is_of_model = f->is_of_model;
	strbuf_release(&clean);
	return -1;
}

int classify_http(int status, struct str body, int retry_after_ms, struct err *err)
{
	struct arena a = ARENA_INIT;
	struct facts f = { .status = status };
	const struct json *j = NULL;
	struct err ignored;
	char where[32];
	if (json_parse_piece(&a, body, ERROR_BODY_MAX, &j, &ignored) < 0)
		j = NULL;
	read_facts(&a, body, j, &f);
	snprintf(where, sizeof where, "HTTP %d", status);
	set(&f, classify_decide(&f), retry_after_ms, where, err);
	arena_release(&a);
	return -1;
}

int classify_redirect(int status, const char *location, struct err *err)
{
	struct strbuf clean = STRBUF_INIT(160 * 8);
	/* The server may repeat our query, which has secrets. */
	struct str shown = { location, strcspn(location, "?#") };
	utf8_safe(&clean, shown, false);
	err_set(err, ERR_NOT_CONFIGURED, "HTTP %d: redirects are not followed; this one points to %.150s: is base_url right?",
	        status, clean.len > 0 ? strbuf_text(&clean) : "nothing");
	strbuf_release(&clean);
	return -1;
}

/* True when `error` exists and is not empty: {}, "" and false are no error. */
static bool says_error(const struct json *error)
{
	bool is_set;
	if (json_bool(error, "", &is_set))
		return is_set;
	return json_is_object(error) || json_is_array(error) ? json_count(error) > 0 : json_value(error).len > 0;
}

bool is_error_event(const struct json *j, const char *name, const char *const *payload)
{
	enum { ERROR, CHOICES, GROQ, TYPE, OBJECT, BASE_RESP, N };
	static const char *const NAMES[N] = { "error", "choices", "x_groq", "type", "object", "base_resp" };
	const struct json *m[N];
	struct str text, type = STR("");
	int64_t code = 0;
	json_find(j, NAMES, N, m);
	if (says_error(m[ERROR]) || says_error(json_get(m[CHOICES], "[0].error")) || json_is_string(json_get(m[GROQ], "error")) ||
	    strcmp(name, "error") == 0)
		return true;
	json_str(m[TYPE], "", &type);
	if (type.len == 0)
		json_str(m[OBJECT], "", &type);
	/* "error", "rate_limit_error", "BadRequestError" */
	if (type.len >= 5 && strncasecmp(type.ptr + type.len - 5, "error", 5) == 0)
		return true;
	if (json_int(m[BASE_RESP], "status_code", &code) && code != 0)
		return true;
	for (; *payload != NULL; payload++)
		if (json_get(j, *payload) != NULL)
			return false;
	return text_at(j, TEXTS, &text);
}

int classify_event(struct str event, const struct json *j, struct err *err)
{
	static const char *const BUSY[] = { "overloaded", "server busy", "at capacity", NULL };
	struct arena a = ARENA_INIT;
	struct facts f = { .status = 0 };
	read_facts(&a, event, j, &f);
	if (f.status == 0 || f.status == 500) /* no code, or 500, which names no cause */
		f.status = has_any(f.text, BUSY)       ? 529
		           : has_any(f.text, RATES)    ? 429
		           : has_any(f.text, BAD_KEYS) ? 401
		           : has_any(f.text, FLAGGED)  ? 400
		                                       : 500;
	set(&f, classify_decide(&f), -1, "in the stream", err);
	arena_release(&a);
	return -1;
}
