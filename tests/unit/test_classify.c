/*
 * What went wrong decides whether a message is tried again, where, and when: each row is one error of a provider, as its body said it.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/unit/reading.h"

static const struct {
	int status;
	const char *body; /* a file of tests/golden when it ends in .json or .html */
	enum err_code code;
	enum err_class class;
	const char *says;
} HTTP[] = {
	/* said by vendors, in other places than one expects */
	{ 400, "{\"error\":{\"message\":\"Invalid 'user': string too long. Expected a string with maximum length 64\"}}",
	  ERR_BAD_REQUEST, ERR_PERMANENT, "string" },
	{ 403, "{\"error\":{\"code\":\"model_not_found\",\"message\":\"Project x does not have access to model gpt-9\"}}",
	  ERR_MODEL_NOT_FOUND, ERR_PERMANENT, "gpt-9" },
	{ 403, "{\"error\":\"Content violates usage guidelines. SAFETY_CHECK_TYPE_BIO\"}", ERR_CONTENT_FILTER, ERR_PERMANENT,
	  "violates" },
	{ 403, "{\"message\":\"You have exceeded a secondary rate limit\"}", ERR_RATE_LIMITED, ERR_WAIT, "secondary" },
	{ 429,
	  "{\"error\":{\"message\":\"Request too large for x on tokens per min (TPM): Limit 3, Requested 6\",\"code\":\"rate_limit_exceeded\"}}",
	  ERR_CONTEXT_LENGTH, ERR_PERMANENT, "too large" },
	{ 429, "{\"error\":\"Your team has used all available credits\"}", ERR_QUOTA, ERR_PERMANENT, "credits" },
	{ 429, "{\"error\":{\"type\":\"exceeded_current_quota_error\",\"message\":\"no\"}}", ERR_QUOTA, ERR_PERMANENT, "no" },
	{ 429, "{\"error\":\"you have reached your hourly usage limit\"}", ERR_RATE_LIMITED, ERR_WAIT, "hourly" },
	{ 400, "{\"error\":{\"message\":\"Content Exists Risk\"}}", ERR_CONTENT_FILTER, ERR_PERMANENT, "Risk" },
	{ 400, "{\"error\":{\"type\":\"content_filter\",\"message\":\"high risk\"}}", ERR_CONTENT_FILTER, ERR_PERMANENT, "risk" },
	{ 400, "{\"error\":\"Incorrect API key provided: xa***\"}", ERR_AUTH, ERR_PERMANENT, "Incorrect" },
	{ 400, "{\"error\":{\"code\":\"string_above_max_length\",\"message\":\"Invalid 'tools[0].name'\"}}", ERR_BAD_REQUEST,
	  ERR_PERMANENT, "tools" },
	{ 400, "{\"error\":{\"type\":\"budget_exceeded\",\"message\":\"Budget has been exceeded!\"}}", ERR_QUOTA, ERR_PERMANENT,
	  "exceeded" },
	{ 401, "openai/error-401.json", ERR_AUTH, ERR_PERMANENT, "Incorrect API key" },
	{ 403, "", ERR_AUTH, ERR_PERMANENT, "HTTP 403" },
	{ 400, "openai/error-400-context.json", ERR_CONTEXT_LENGTH, ERR_PERMANENT, "maximum context length" },
	{ 400, "openai/error-400-bad.json", ERR_BAD_REQUEST, ERR_PERMANENT, "Unsupported parameter" },
	{ 422, "{\"detail\":\"no such field\"}", ERR_BAD_REQUEST, ERR_PERMANENT, "no such field" },
	{ 404, "{\"message\":\"no such model\"}", ERR_MODEL_NOT_FOUND, ERR_PERMANENT, "no such model" },
	{ 429, "openai/error-429-rpm.json", ERR_RATE_LIMITED, ERR_WAIT, "try again in 20s" },
	{ 429, "openai/error-429-groq-tpm.json", ERR_RATE_LIMITED, ERR_WAIT, "TPM" },
	{ 429, "openai/error-429-quota.json", ERR_QUOTA, ERR_PERMANENT, "exceeded your current quota" },
	{ 429, "{\"error\":{\"message\":\"no\",\"type\":\"insufficient_quota\",\"code\":null}}", ERR_QUOTA, ERR_PERMANENT, "no" },
	{ 429, "", ERR_RATE_LIMITED, ERR_WAIT, "HTTP 429" },
	{ 402, "", ERR_QUOTA, ERR_PERMANENT, "HTTP 402" },
	{ 413, "", ERR_CONTEXT_LENGTH, ERR_PERMANENT, "HTTP 413" },
	{ 408, "", ERR_SERVER_ERROR, ERR_RETRY, "HTTP 408" },
	{ 409, "", ERR_SERVER_ERROR, ERR_RETRY, "HTTP 409" },
	{ 425, "", ERR_SERVER_ERROR, ERR_RETRY, "HTTP 425" },
	{ 498, "", ERR_OVERLOADED, ERR_RETRY, "HTTP 498" },
	{ 500, "{\"error\":\"text\"}", ERR_SERVER_ERROR, ERR_RETRY, "HTTP 500: text" },
	{ 502, "openai/error-502.html", ERR_SERVER_ERROR, ERR_RETRY, "502 Bad Gateway" },
	{ 503, "{", ERR_OVERLOADED, ERR_RETRY, "HTTP 503" },
	{ 504, "", ERR_SERVER_ERROR, ERR_RETRY, "HTTP 504" },
	{ 529, "", ERR_OVERLOADED, ERR_RETRY, "HTTP 529" },
	{ 404, "ollama/error-404.json", ERR_MODEL_NOT_FOUND, ERR_PERMANENT, "not found, try pulling it first" },
	{ 503, "ollama/error-503-queue.json", ERR_OVERLOADED, ERR_RETRY, "server busy" },
	{ 400, "ollama/error-400-context.json", ERR_CONTEXT_LENGTH, ERR_PERMANENT, "exceeds the context length" },
	{ 400, "ollama/error-400-bad.json", ERR_BAD_REQUEST, ERR_PERMANENT, "invalid options" },
	{ 429, "{\"error\":\"slow down\"}", ERR_RATE_LIMITED, ERR_WAIT, "slow down" },
	{ 500, "[]", ERR_SERVER_ERROR, ERR_RETRY, "HTTP 500" },
	{ 500, "\xFF\xFE\x1b[2J", ERR_SERVER_ERROR, ERR_RETRY, "HTTP 500: <FF><FE>^[[2J" },
	{ 403, "{\"error\":{\"message\":\"Key limit exceeded (total limit)\",\"code\":403}}", ERR_QUOTA, ERR_PERMANENT,
	  "Key limit" },
	{ 403, "{\"error\":{\"message\":\"your input was flagged\",\"code\":403}}", ERR_CONTENT_FILTER, ERR_PERMANENT,
	  "flagged" },
	{ 400, "{\"error\":{\"message\":\"no\",\"code\":\"content_filter\"}}", ERR_CONTENT_FILTER, ERR_PERMANENT, "no" },
	{ 413, "{\"error\":{\"message\":\"Request too large\",\"type\":\"tokens\",\"code\":\"rate_limit_exceeded\"}}",
	  ERR_CONTEXT_LENGTH, ERR_PERMANENT, "too large" },
	{ 400,
	  "{\"error\":{\"message\":\"the request exceeds the available context size\",\"type\":\"exceed_context_size_error\"}}",
	  ERR_CONTEXT_LENGTH, ERR_PERMANENT, "HTTP 400" },
	{ 400, "{\"error\":\"prompt too long; exceeded max context length by 12 tokens\"}", ERR_CONTEXT_LENGTH, ERR_PERMANENT,
	  "prompt too long" },
	{ 402, "{\"error\":\"subscription required\"}", ERR_QUOTA, ERR_PERMANENT, "subscription" },
	{ 429, "{\"error\":\"you have reached your weekly usage limit\"}", ERR_QUOTA, ERR_PERMANENT, "weekly" },
	{ 401, "{\"error\":\"unauthorized\"}", ERR_AUTH, ERR_PERMANENT, "unauthorized" },
	{ 429, "anthropic/error-429.json", ERR_RATE_LIMITED, ERR_WAIT, "rate limit" },
	{ 529, "anthropic/error-529.json", ERR_OVERLOADED, ERR_RETRY, "Overloaded" },
	{ 401, "anthropic/error-401.json", ERR_AUTH, ERR_PERMANENT, "invalid x-api-key" },
	{ 402, "anthropic/error-402.json", ERR_QUOTA, ERR_PERMANENT, "billing" },
	{ 404, "anthropic/error-404.json", ERR_MODEL_NOT_FOUND, ERR_PERMANENT, "claude-nosuch" },
	{ 400, "anthropic/error-400-usage-limit.json", ERR_QUOTA, ERR_PERMANENT, "regain access on 2026-12-01" },
	{ 400,
	  "{\"error\":{\"type\":\"invalid_request_error\",\"message\":\"Your credit balance is too low to access the API\"}}",
	  ERR_QUOTA, ERR_PERMANENT, "credit balance" },
	{ 400, "anthropic/error-400-prompt-too-long.json", ERR_CONTEXT_LENGTH, ERR_PERMANENT, "prompt is too long" },
	{ 413, "{\"error\":{\"type\":\"request_too_large\",\"message\":\"over 32 MB\"}}", ERR_CONTEXT_LENGTH, ERR_PERMANENT,
	  "over 32 MB" },
	{ 400, "anthropic/error-400-bad.json", ERR_BAD_REQUEST, ERR_PERMANENT, "tool_use" },
	{ 500, "{\"error\":{\"type\":\"api_error\",\"message\":\"Internal\"}}", ERR_SERVER_ERROR, ERR_RETRY, "Internal" },
	{ 429, "gemini/error-429-minute.json", ERR_RATE_LIMITED, ERR_WAIT, "exceeded your current quota" },
	{ 429, "gemini/error-429-day.json", ERR_RATE_LIMITED, ERR_WAIT, "exceeded your current quota" },
	{ 429, "gemini/error-429-day-short-wait.json", ERR_RATE_LIMITED, ERR_WAIT, "exceeded your current quota" },
	{ 429, "gemini/error-429-limit-0.json", ERR_QUOTA, ERR_PERMANENT, "exceeded your current quota" },
	{ 429, "gemini/error-429-long-wait.json", ERR_RATE_LIMITED, ERR_WAIT, "exceeded your current quota" },
	{ 429, "gemini/error-in-array.json", ERR_RATE_LIMITED, ERR_WAIT, "exceeded your current quota" },
	{ 503, "gemini/error-503.json", ERR_OVERLOADED, ERR_RETRY, "overloaded" },
	{ 400, "gemini/error-400-key.json", ERR_AUTH, ERR_PERMANENT, "Bad key" },
	{ 400, "{\"error\":{\"message\":\"API key not valid. Please pass a valid API key.\",\"status\":\"INVALID_ARGUMENT\"}}",
	  ERR_AUTH, ERR_PERMANENT, "API key" },
	{ 400,
	  "[{\"error\":{\"code\":400,\"message\":\"no\",\"status\":\"INVALID_ARGUMENT\",\"details\":[{\"reason\":\"API_KEY_INVALID\"}]}}]",
	  ERR_AUTH, ERR_PERMANENT, "HTTP 400: no" },
	{ 400, "gemini/error-400-tokens.json", ERR_CONTEXT_LENGTH, ERR_PERMANENT, "input token count" },
	{ 400, "gemini/error-400-thought-signature.json", ERR_BAD_REQUEST, ERR_PERMANENT, "thought_signature" },
	{ 404, "{\"error\":{\"message\":\"models/nosuch is not found\",\"status\":\"NOT_FOUND\"}}", ERR_MODEL_NOT_FOUND,
	  ERR_PERMANENT, "nosuch" },
	{ 403, "{\"error\":{\"message\":\"denied\",\"status\":\"PERMISSION_DENIED\"}}", ERR_AUTH, ERR_PERMANENT, "denied" },
};

TEST(http_errors)
{
	for (size_t i = 0; i < ARRAY_SIZE(HTTP); i++) {
		struct err err = { .code = ERR_OK };
		const char *ext = strrchr(HTTP[i].body, '.');
		bool is_file = ext != NULL && (strcmp(ext, ".json") == 0 || strcmp(ext, ".html") == 0);
		struct str body = is_file ? golden(HTTP[i].body) : str_of(HTTP[i].body);
		assert_int_equal(classify_http(HTTP[i].status, body, 1500, &err), -1);
		if (err.code != HTTP[i].code || err_class(err.code) != HTTP[i].class || strstr(err.msg, HTTP[i].says) == NULL)
			fail_msg("%d %s: %s: %s", HTTP[i].status, HTTP[i].body, err_name(err.code), err.msg);
		assert_int_equal(err.wait_ms, 1500);
		for (const char *p = err.msg; *p != '\0'; p++)
			assert_true((unsigned char)*p >= 0x20 && *p != 0x7F);
	}
}

/* The same thing in other vendors' words; and what only sounds like it. */
TEST(prompts_that_do_not_fit)
{
	static const char *const TOO_LONG[] = {
		"The input (33000 tokens) is longer than the model's context length (32768 tokens).",
		"The prompt (total length 9001) is longer than the maximum model length of 8192.",
		"This model's maximum prompt length is 131072 but the request contains 150000 tokens.",
		"Input validation error: `inputs` tokens + `max_new_tokens` must be <= 2048. Given: 3000 `inputs` tokens",
		"Input is too long for requested model.",
		"Range of input length should be [1, 30720]",
		"Prompt contains 40000 tokens, too large for model with 32768 maximum context length",
		"Trying to keep the first 5000 tokens when context the overflows. "
		"However, the model is loaded with context length of only 4096 tokens",
		"the request exceeds the available context size, try increasing it",
		"Requested tokens (5000) exceed context window of 4096",
		"Please reduce the length of the messages: context length exceeded",
	};
	static const char *const OTHER[] = {
		"max_tokens is too large: 100000. This model supports at most 16384 completion tokens",
		"Unsupported parameter: 'max_tokens' is not supported with this model",
		"tools.0.name: string is too long",
		"temperature must be at most 2",
	};
	struct err err;
	for (size_t i = 0; i < ARRAY_SIZE(TOO_LONG); i++)
		for (int status = 400; status <= 500; status += 100) {
			classify_http(status, str_of(TOO_LONG[i]), -1, &err);
			if (err.code != ERR_CONTEXT_LENGTH)
				fail_msg("%d %s: %s", status, TOO_LONG[i], err_name(err.code));
		}
	for (size_t i = 0; i < ARRAY_SIZE(OTHER); i++) {
		classify_http(400, str_of(OTHER[i]), -1, &err);
		if (err.code != ERR_BAD_REQUEST)
			fail_msg("%s: %s", OTHER[i], err_name(err.code));
	}
	classify_http(429, STR("This request would exceed your organization's rate limit of 40,000 input tokens per minute"), -1,
	              &err);
	assert_int_equal(err.code, ERR_RATE_LIMITED);
}

/* A quota that is one model's parks that model, and both who found out and who comes next wait. */
TEST(a_quota_is_of_a_model_or_of_the_key)
{
	static const struct {
		const char *id, *value;
		enum err_code code;
		bool is_of_model;
	} ROWS[] = {
		{ "GenerateRequestsPerDayPerProjectPerModel-FreeTier", "50", ERR_RATE_LIMITED, true },
		{ "GenerateRequestsPerDayPerProject", "1000", ERR_RATE_LIMITED, false },
		{ "GenerateRequestsPerDayPerProjectPerModel-FreeTier", "0", ERR_QUOTA, true },
		{ "GenerateContentTokensPerProject", "0", ERR_QUOTA, false },
	};
	for (size_t i = 0; i < ARRAY_SIZE(ROWS); i++) {
		char body[400];
		struct err err;
		snprintf(
			body, sizeof body,
			"{\"error\":{\"code\":429,\"message\":\"no\",\"details\":[{\"violations\":[{\"quotaId\":\"%s\",\"quotaValue\":\"%s\"}]},"
			"{\"retryDelay\":\"36000s\"}]}}",
			ROWS[i].id, ROWS[i].value);
		classify_http(429, str_of(body), -1, &err);
		if (err.code != ROWS[i].code || err.is_of_model != ROWS[i].is_of_model || err.wait_ms != 36000000)
			fail_msg("%s %s: %s, of the model %d, %d ms", ROWS[i].id, ROWS[i].value, err_name(err.code),
			         err.is_of_model, err.wait_ms);
	}
}

TEST(a_redirect_says_where_it_points)
{
	struct err err;
	classify_redirect(307, "http://127.0.0.1:9/elsewhere\x1b[2J", &err);
	assert_int_equal(err.code, ERR_NOT_CONFIGURED);
	assert_non_null(strstr(err.msg, "http://127.0.0.1:9/elsewhere^[[2J"));
}

/* What is an error though its status was 200, and what is none. */
TEST(errors_that_do_not_call_themselves_so)
{
	static const char *const PAYLOAD[] = { "choices", "usage", NULL };
	static const struct {
		const char *name, *event;
		bool is_error;
		enum err_code code;
	} ROWS[] = {
		{ "error", "{\"message\":\"rate limit reached\",\"code\":429}", true, ERR_RATE_LIMITED },
		{ "", "{\"code\":1113,\"msg\":\"balance is not enough\"}", true, ERR_QUOTA },
		{ "", "{\"base_resp\":{\"status_code\":1008,\"status_msg\":\"insufficient balance\"}}", true, ERR_QUOTA },
		{ "", "{\"error_code\":110,\"error_msg\":\"Access token invalid\"}", true, ERR_SERVER_ERROR },
		{ "", "{\"object\":\"error\",\"message\":\"no\",\"type\":\"BadRequestError\",\"code\":400}", true,
		  ERR_BAD_REQUEST },
		{ "", "{\"type\":\"rate_limit_error\",\"message\":\"slow\"}", true, ERR_RATE_LIMITED },
		{ "", "{\"detail\":\"Not authenticated\",\"code\":401}", true, ERR_AUTH },
		{ "", "{\"errors\":[{\"message\":\"down\",\"code\":\"503\"}]}", true, ERR_OVERLOADED },
		{ "", "{\"choices\":[],\"error\":{}}", false, ERR_OK },
		{ "", "{\"choices\":[],\"error\":\"\"}", false, ERR_OK },
		{ "", "{\"choices\":[],\"error\":null,\"message\":\"hi\"}", false, ERR_OK },
		{ "", "{\"choices\":[],\"error\":false}", false, ERR_OK },
		{ "", "{\"usage\":{},\"base_resp\":{\"status_code\":0,\"status_msg\":\"\"}}", false, ERR_OK },
		{ "", "{\"id\":\"x\"}", false, ERR_OK },
	};
	struct arena a = ARENA_INIT;
	for (size_t i = 0; i < ARRAY_SIZE(ROWS); i++) {
		const struct json *j;
		struct err err = { .code = ERR_OK };
		assert_int_equal(json_parse(&a, str_of(ROWS[i].event), 1000, &j, &err), 0);
		if (is_error_event(j, ROWS[i].name, PAYLOAD) != ROWS[i].is_error)
			fail_msg("%s", ROWS[i].event);
		if (ROWS[i].is_error && (classify_event(str_of(ROWS[i].event), j, &err), err.code != ROWS[i].code))
			fail_msg("%s: %s", ROWS[i].event, err_name(err.code));
	}
	arena_release(&a);
}

TEST(an_unknown_wait_is_zero)
{
	struct err err;
	classify_http(429, STR(""), -1, &err);
	assert_int_equal(err.wait_ms, 0);
}

/* The header, then what the body says in a field, then what it says in words. */
TEST(waits)
{
	static const struct {
		const char *body;
		int header_ms, wait_ms;
	} ROWS[] = {
		{ "gemini/error-429-minute.json", 5, 5 },
		{ "gemini/error-429-minute.json", 0, 34400 }, /* a header that names no wait is none */
		{ "gemini/error-429-minute.json", -1, 34400 },
		{ "gemini/error-429-day.json", -1, 37025700 },
		{ "gemini/error-429-limit-0.json", -1, 2000 },
		{ "{\"error\":{\"message\":\"Please retry in 10h17m5.7s.\"}}", -1, 37025700 },
		{ "{\"error\":{\"message\":\"Please retry in 9s\",\"details\":[{\"retryDelay\":\"2s\"}]}}", -1, 2000 },
		{ "{\"error\":{\"message\":\"Please try again in 7.5s. Visit\"}}", -1, 7500 },
		{ "{\"error\":{\"message\":\"try again in 1m2.5s\"}}", -1, 62500 },
		{ "{\"error\":{\"message\":\"try again in 980ms\"}}", -1, 980 },
		{ "{\"error\":{\"message\":\"try again in 2 minutes\"}}", -1, 120000 },
		{ "{\"error\":{\"message\":\"try again in 9999h\"}}", -1, 86400000 },
		{ "{\"error\":{\"message\":\"try again in a while\"}}", -1, 0 },
		{ "{\"error\":{\"message\":\"try again in 2 days\"}}", -1, 86400000 },
		{ "{\"error\":{\"message\":\"please try again after 60 seconds\"}}", -1, 60000 },
		{ "{\"error\":{\"message\":\"Please wait 1 minute 5 seconds before retrying\"}}", -1, 65000 },
		{ "{\"error\":{\"message\":\"no\",\"metadata\":{\"retry_after\":7}}}", -1, 7000 },
		{ "openai/error-429-groq-tpm.json", -1, 21615 },
		{ "try again in 3s", -1, 3000 },
		{ "", -1, 0 },
	};
	for (size_t i = 0; i < ARRAY_SIZE(ROWS); i++) {
		struct err err;
		bool is_file = strstr(ROWS[i].body, ".json") != NULL;
		classify_http(429, is_file ? golden(ROWS[i].body) : str_of(ROWS[i].body), ROWS[i].header_ms, &err);
		if (err.wait_ms != ROWS[i].wait_ms)
			fail_msg("%s: %d ms, not %d", ROWS[i].body, err.wait_ms, ROWS[i].wait_ms);
	}
}

TEST(errors_in_a_stream)
{
	static const struct {
		const char *event;
		enum err_code code;
	} ROWS[] = {
		{ "{\"error\":{\"type\":\"overloaded_error\",\"message\":\"Overloaded\"}}", ERR_OVERLOADED },
		{ "{\"error\":{\"type\":\"rate_limit_error\",\"message\":\"no\"}}", ERR_RATE_LIMITED },
		{ "{\"error\":{\"type\":\"api_error\",\"message\":\"Internal\"}}", ERR_SERVER_ERROR },
		{ "{\"error\":{\"type\":\"authentication_error\",\"message\":\"no\"}}", ERR_AUTH },
		{ "{\"error\":{\"type\":\"invalid_request_error\",\"message\":\"no\"}}", ERR_BAD_REQUEST },
		{ "{\"error\":{\"type\":\"a_new_error\",\"message\":\"no\"}}", ERR_SERVER_ERROR },
		{ "{\"error\":{\"code\":503,\"status\":\"UNAVAILABLE\",\"message\":\"no\"}}", ERR_OVERLOADED },
		{ "{\"error\":{\"status\":\"RESOURCE_EXHAUSTED\",\"message\":\"no\"}}", ERR_RATE_LIMITED },
		{ "{\"error\":{\"code\":500,\"status\":\"INTERNAL\",\"message\":\"no\"}}", ERR_SERVER_ERROR },
		{ "{\"error\":{\"code\":429,\"message\":\"Provider returned error\"}}", ERR_RATE_LIMITED },
		{ "{\"error\":{\"code\":\"x\",\"type\":\"overloaded_error\",\"message\":\"no\"}}", ERR_OVERLOADED },
		{ "{\"error\":{\"type\":\"insufficient_quota\",\"message\":\"no\"}}", ERR_QUOTA },
		{ "{\"error\":{\"type\":\"server_error\",\"message\":\"currently overloaded\"}}", ERR_OVERLOADED },
		{ "{\"x_groq\":{\"error\":\"over capacity\"}}", ERR_SERVER_ERROR },
		{ "{\"error\":{}}", ERR_SERVER_ERROR },
		{ "{\"error\":\"too many requests\"}", ERR_RATE_LIMITED },
		{ "{\"error\":\"input length exceeds the context length\"}", ERR_CONTEXT_LENGTH },
		{ "{\"error\":\"unexpected EOF\"}", ERR_SERVER_ERROR },
	};
	for (size_t i = 0; i < ARRAY_SIZE(ROWS); i++) {
		const struct json *j;
		struct arena a = ARENA_INIT;
		struct err err;
		assert_int_equal(json_parse(&a, str_of(ROWS[i].event), 1000, &j, &err), 0);
		assert_int_equal(classify_event(str_of(ROWS[i].event), j, &err), -1);
		arena_release(&a);
		if (err.code != ROWS[i].code || strstr(err.msg, "in the stream") == NULL)
			fail_msg("%s: %s: %s", ROWS[i].event, err_name(err.code), err.msg);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(http_errors),
		cmocka_unit_test(prompts_that_do_not_fit),
		cmocka_unit_test(a_quota_is_of_a_model_or_of_the_key),
		cmocka_unit_test(a_redirect_says_where_it_points),
		cmocka_unit_test(errors_that_do_not_call_themselves_so),
		cmocka_unit_test(an_unknown_wait_is_zero),
		cmocka_unit_test(waits),
		cmocka_unit_test(errors_in_a_stream),
	};
	return cmocka_run_group_tests_name("classify", tests, NULL, NULL);
}
