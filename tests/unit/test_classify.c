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
	const struct provider_ops *ops;
	int status;
	const char *body; /* a file of tests/golden when it ends in .json or .html */
	enum err_code code;
	enum err_class class;
	const char *says;
} HTTP[] = {
	{ &provider_openai, 401, "openai/error-401.json", ERR_AUTH, ERR_PERMANENT, "Incorrect API key" },
	{ &provider_openai, 403, "", ERR_AUTH, ERR_PERMANENT, "HTTP 403" },
	{ &provider_openai, 400, "openai/error-400-context.json", ERR_CONTEXT_LENGTH, ERR_PERMANENT, "maximum context length" },
	{ &provider_openai, 400, "openai/error-400-bad.json", ERR_BAD_REQUEST, ERR_PERMANENT, "Unsupported parameter" },
	{ &provider_openai, 422, "{\"detail\":\"no such field\"}", ERR_BAD_REQUEST, ERR_PERMANENT, "no such field" },
	{ &provider_openai, 404, "{\"message\":\"no such model\"}", ERR_MODEL_NOT_FOUND, ERR_PERMANENT, "no such model" },
	{ &provider_openai, 429, "openai/error-429-rpm.json", ERR_RATE_LIMITED, ERR_WAIT, "try again in 20s" },
	{ &provider_openai, 429, "openai/error-429-groq-tpm.json", ERR_RATE_LIMITED, ERR_WAIT, "TPM" },
	{ &provider_openai, 429, "openai/error-429-quota.json", ERR_QUOTA, ERR_PERMANENT, "exceeded your current quota" },
	{ &provider_openai, 429, "{\"error\":{\"message\":\"no\",\"type\":\"insufficient_quota\",\"code\":null}}", ERR_QUOTA,
	  ERR_PERMANENT, "no" },
	{ &provider_openai, 429, "", ERR_RATE_LIMITED, ERR_WAIT, "HTTP 429" },
	{ &provider_openai, 402, "", ERR_QUOTA, ERR_PERMANENT, "HTTP 402" },
	{ &provider_openai, 413, "", ERR_CONTEXT_LENGTH, ERR_PERMANENT, "HTTP 413" },
	{ &provider_openai, 408, "", ERR_SERVER_ERROR, ERR_RETRY, "HTTP 408" },
	{ &provider_openai, 409, "", ERR_SERVER_ERROR, ERR_RETRY, "HTTP 409" },
	{ &provider_openai, 425, "", ERR_SERVER_ERROR, ERR_RETRY, "HTTP 425" },
	{ &provider_openai, 498, "", ERR_OVERLOADED, ERR_RETRY, "HTTP 498" },
	{ &provider_openai, 500, "{\"error\":\"text\"}", ERR_SERVER_ERROR, ERR_RETRY, "HTTP 500: text" },
	{ &provider_openai, 502, "openai/error-502.html", ERR_SERVER_ERROR, ERR_RETRY, "502 Bad Gateway" },
	{ &provider_openai, 503, "{", ERR_OVERLOADED, ERR_RETRY, "HTTP 503" },
	{ &provider_openai, 504, "", ERR_SERVER_ERROR, ERR_RETRY, "HTTP 504" },
	{ &provider_openai, 529, "", ERR_OVERLOADED, ERR_RETRY, "HTTP 529" },
	{ &provider_openai, 302, "", ERR_BAD_REPLY, ERR_RETRY, "HTTP 302" },
	{ &provider_ollama, 404, "ollama/error-404.json", ERR_MODEL_NOT_FOUND, ERR_PERMANENT, "not found, try pulling it first" },
	{ &provider_ollama, 503, "ollama/error-503-queue.json", ERR_OVERLOADED, ERR_RETRY, "server busy" },
	{ &provider_ollama, 400, "ollama/error-400-context.json", ERR_CONTEXT_LENGTH, ERR_PERMANENT,
	  "exceeds the context length" },
	{ &provider_ollama, 400, "ollama/error-400-bad.json", ERR_BAD_REQUEST, ERR_PERMANENT, "invalid options" },
	{ &provider_ollama, 429, "{\"error\":\"slow down\"}", ERR_RATE_LIMITED, ERR_WAIT, "slow down" },
	{ &provider_ollama, 500, "[]", ERR_SERVER_ERROR, ERR_RETRY, "HTTP 500" },
	{ &provider_ollama, 500, "\xFF\xFE\x1b[2J", ERR_SERVER_ERROR, ERR_RETRY, "HTTP 500: <FF><FE>^[[2J" },
	{ &provider_openai, 403, "{\"error\":{\"message\":\"Key limit exceeded (total limit)\",\"code\":403}}", ERR_QUOTA,
	  ERR_PERMANENT, "Key limit" },
	{ &provider_openai, 403, "{\"error\":{\"message\":\"your input was flagged\",\"code\":403}}", ERR_CONTENT_FILTER,
	  ERR_PERMANENT, "flagged" },
	{ &provider_openai, 400, "{\"error\":{\"message\":\"no\",\"code\":\"content_filter\"}}", ERR_CONTENT_FILTER,
	  ERR_PERMANENT, "no" },
	{ &provider_openai, 413,
	  "{\"error\":{\"message\":\"Request too large\",\"type\":\"tokens\",\"code\":\"rate_limit_exceeded\"}}",
	  ERR_CONTEXT_LENGTH, ERR_PERMANENT, "too large" },
	{ &provider_openai, 400,
	  "{\"error\":{\"message\":\"the request exceeds the available context size\",\"type\":\"exceed_context_size_error\"}}",
	  ERR_CONTEXT_LENGTH, ERR_PERMANENT, "HTTP 400" },
	{ &provider_ollama, 400, "{\"error\":\"prompt too long; exceeded max context length by 12 tokens\"}", ERR_CONTEXT_LENGTH,
	  ERR_PERMANENT, "prompt too long" },
	{ &provider_ollama, 402, "{\"error\":\"subscription required\"}", ERR_QUOTA, ERR_PERMANENT, "subscription" },
	{ &provider_ollama, 429, "{\"error\":\"you have reached your weekly usage limit\"}", ERR_QUOTA, ERR_PERMANENT, "weekly" },
	{ &provider_ollama, 401, "{\"error\":\"unauthorized\"}", ERR_AUTH, ERR_PERMANENT, "unauthorized" },
	{ &provider_anthropic, 429, "anthropic/error-429.json", ERR_RATE_LIMITED, ERR_WAIT, "rate limit" },
	{ &provider_anthropic, 529, "anthropic/error-529.json", ERR_OVERLOADED, ERR_RETRY, "Overloaded" },
	{ &provider_anthropic, 401, "anthropic/error-401.json", ERR_AUTH, ERR_PERMANENT, "invalid x-api-key" },
	{ &provider_anthropic, 402, "anthropic/error-402.json", ERR_QUOTA, ERR_PERMANENT, "billing" },
	{ &provider_anthropic, 404, "anthropic/error-404.json", ERR_MODEL_NOT_FOUND, ERR_PERMANENT, "claude-nosuch" },
	{ &provider_anthropic, 400, "anthropic/error-400-usage-limit.json", ERR_QUOTA, ERR_PERMANENT,
	  "regain access on 2026-12-01" },
	{ &provider_anthropic, 400,
	  "{\"error\":{\"type\":\"invalid_request_error\",\"message\":\"Your credit balance is too low to access the API\"}}",
	  ERR_QUOTA, ERR_PERMANENT, "credit balance" },
	{ &provider_anthropic, 400, "anthropic/error-400-prompt-too-long.json", ERR_CONTEXT_LENGTH, ERR_PERMANENT,
	  "prompt is too long" },
	{ &provider_anthropic, 413, "{\"error\":{\"type\":\"request_too_large\",\"message\":\"over 32 MB\"}}", ERR_CONTEXT_LENGTH,
	  ERR_PERMANENT, "over 32 MB" },
	{ &provider_anthropic, 400, "anthropic/error-400-bad.json", ERR_BAD_REQUEST, ERR_PERMANENT, "tool_use" },
	{ &provider_anthropic, 500, "{\"error\":{\"type\":\"api_error\",\"message\":\"Internal\"}}", ERR_SERVER_ERROR, ERR_RETRY,
	  "Internal" },
	{ &provider_gemini, 429, "gemini/error-429-minute.json", ERR_RATE_LIMITED, ERR_WAIT, "exceeded your current quota" },
	{ &provider_gemini, 429, "gemini/error-429-day.json", ERR_QUOTA, ERR_PERMANENT, "exceeded your current quota" },
	{ &provider_gemini, 429, "gemini/error-429-day-short-wait.json", ERR_QUOTA, ERR_PERMANENT,
	  "exceeded your current quota" },
	{ &provider_gemini, 429, "gemini/error-429-limit-0.json", ERR_QUOTA, ERR_PERMANENT, "exceeded your current quota" },
	{ &provider_gemini, 429, "gemini/error-429-long-wait.json", ERR_QUOTA, ERR_PERMANENT, "exceeded your current quota" },
	{ &provider_gemini, 429, "gemini/error-in-array.json", ERR_RATE_LIMITED, ERR_WAIT, "exceeded your current quota" },
	{ &provider_gemini, 503, "gemini/error-503.json", ERR_OVERLOADED, ERR_RETRY, "overloaded" },
	{ &provider_gemini, 400, "gemini/error-400-key.json", ERR_AUTH, ERR_PERMANENT, "Bad key" },
	{ &provider_gemini, 400,
	  "{\"error\":{\"message\":\"API key not valid. Please pass a valid API key.\",\"status\":\"INVALID_ARGUMENT\"}}",
	  ERR_AUTH, ERR_PERMANENT, "API key" },
	{ &provider_gemini, 400,
	  "[{\"error\":{\"code\":400,\"message\":\"no\",\"status\":\"INVALID_ARGUMENT\",\"details\":[{\"reason\":\"API_KEY_INVALID\"}]}}]",
	  ERR_AUTH, ERR_PERMANENT, "HTTP 400: no" },
	{ &provider_gemini, 400, "gemini/error-400-tokens.json", ERR_CONTEXT_LENGTH, ERR_PERMANENT, "input token count" },
	{ &provider_gemini, 400, "gemini/error-400-thought-signature.json", ERR_BAD_REQUEST, ERR_PERMANENT, "thought_signature" },
	{ &provider_gemini, 404, "{\"error\":{\"message\":\"models/nosuch is not found\",\"status\":\"NOT_FOUND\"}}",
	  ERR_MODEL_NOT_FOUND, ERR_PERMANENT, "nosuch" },
	{ &provider_gemini, 403, "{\"error\":{\"message\":\"denied\",\"status\":\"PERMISSION_DENIED\"}}", ERR_AUTH, ERR_PERMANENT,
	  "denied" },
};

TEST(http_errors)
{
	for (size_t i = 0; i < ARRAY_SIZE(HTTP); i++) {
		struct err err = { .code = ERR_OK };
		const char *ext = strrchr(HTTP[i].body, '.');
		bool is_file = ext != NULL && (strcmp(ext, ".json") == 0 || strcmp(ext, ".html") == 0);
		struct str body = is_file ? golden(HTTP[i].body) : str_of(HTTP[i].body);
		assert_int_equal(classify_http(HTTP[i].ops, HTTP[i].status, body, 1500, &err), -1);
		if (err.code != HTTP[i].code || err_class(err.code) != HTTP[i].class || strstr(err.msg, HTTP[i].says) == NULL)
			fail_msg("%d %s: %s: %s", HTTP[i].status, HTTP[i].body, err_name(err.code), err.msg);
		assert_int_equal(err.wait_ms, 1500);
		for (const char *p = err.msg; *p != '\0'; p++)
			assert_true((unsigned char)*p >= 0x20 && *p != 0x7F);
	}
}

TEST(an_unknown_wait_is_zero)
{
	struct err err;
	classify_http(&provider_openai, 429, STR(""), -1, &err);
	assert_int_equal(err.wait_ms, 0);
}

/* The header, then what the body says in a field, then what it says in words. */
TEST(waits)
{
	static const struct {
		const struct provider_ops *ops;
		const char *body;
		int header_ms, wait_ms;
	} ROWS[] = {
		{ &provider_gemini, "gemini/error-429-minute.json", 5, 5 },
		{ &provider_gemini, "gemini/error-429-minute.json", 0, 0 },
		{ &provider_gemini, "gemini/error-429-minute.json", -1, 34400 },
		{ &provider_gemini, "gemini/error-429-day.json", -1, 37025700 },
		{ &provider_gemini, "gemini/error-429-limit-0.json", -1, 2000 },
		{ &provider_gemini, "{\"error\":{\"message\":\"Please retry in 10h17m5.7s.\"}}", -1, 37025700 },
		{ &provider_gemini, "{\"error\":{\"message\":\"Please retry in 9s\",\"details\":[{\"retryDelay\":\"2s\"}]}}", -1,
		  2000 },
		{ &provider_openai, "{\"error\":{\"message\":\"Please try again in 7.5s. Visit\"}}", -1, 7500 },
		{ &provider_openai, "{\"error\":{\"message\":\"try again in 1m2.5s\"}}", -1, 62500 },
		{ &provider_openai, "{\"error\":{\"message\":\"try again in 980ms\"}}", -1, 980 },
		{ &provider_openai, "{\"error\":{\"message\":\"try again in 2 minutes\"}}", -1, 120000 },
		{ &provider_openai, "{\"error\":{\"message\":\"try again in 9999h\"}}", -1, 86400000 },
		{ &provider_openai, "{\"error\":{\"message\":\"try again in a while\"}}", -1, 0 },
		{ &provider_openai, "openai/error-429-groq-tpm.json", -1, 21615 },
		{ &provider_openai, "try again in 3s", -1, 3000 },
		{ &provider_openai, "", -1, 0 },
	};
	for (size_t i = 0; i < ARRAY_SIZE(ROWS); i++) {
		struct err err;
		bool is_file = strstr(ROWS[i].body, ".json") != NULL;
		classify_http(ROWS[i].ops, 429, is_file ? golden(ROWS[i].body) : str_of(ROWS[i].body), ROWS[i].header_ms, &err);
		if (err.wait_ms != ROWS[i].wait_ms)
			fail_msg("%s: %d ms, not %d", ROWS[i].body, err.wait_ms, ROWS[i].wait_ms);
	}
}

TEST(errors_in_a_stream)
{
	static const struct {
		const struct provider_ops *ops;
		const char *event;
		enum err_code code;
	} ROWS[] = {
		{ &provider_anthropic, "{\"error\":{\"type\":\"overloaded_error\",\"message\":\"Overloaded\"}}", ERR_OVERLOADED },
		{ &provider_anthropic, "{\"error\":{\"type\":\"rate_limit_error\",\"message\":\"no\"}}", ERR_RATE_LIMITED },
		{ &provider_anthropic, "{\"error\":{\"type\":\"api_error\",\"message\":\"Internal\"}}", ERR_SERVER_ERROR },
		{ &provider_anthropic, "{\"error\":{\"type\":\"authentication_error\",\"message\":\"no\"}}", ERR_AUTH },
		{ &provider_anthropic, "{\"error\":{\"type\":\"invalid_request_error\",\"message\":\"no\"}}", ERR_BAD_REQUEST },
		{ &provider_anthropic, "{\"error\":{\"type\":\"a_new_error\",\"message\":\"no\"}}", ERR_SERVER_ERROR },
		{ &provider_gemini, "{\"error\":{\"code\":503,\"status\":\"UNAVAILABLE\",\"message\":\"no\"}}", ERR_OVERLOADED },
		{ &provider_gemini, "{\"error\":{\"status\":\"RESOURCE_EXHAUSTED\",\"message\":\"no\"}}", ERR_RATE_LIMITED },
		{ &provider_gemini, "{\"error\":{\"code\":500,\"status\":\"INTERNAL\",\"message\":\"no\"}}", ERR_SERVER_ERROR },
		{ &provider_openai, "{\"error\":{\"code\":429,\"message\":\"Provider returned error\"}}", ERR_RATE_LIMITED },
		{ &provider_openai, "{\"error\":{\"code\":\"x\",\"type\":\"overloaded_error\",\"message\":\"no\"}}",
		  ERR_OVERLOADED },
		{ &provider_openai, "{\"error\":{\"type\":\"insufficient_quota\",\"message\":\"no\"}}", ERR_QUOTA },
		{ &provider_openai, "{\"error\":{\"type\":\"server_error\",\"message\":\"currently overloaded\"}}",
		  ERR_OVERLOADED },
		{ &provider_openai, "{\"x_groq\":{\"error\":\"over capacity\"}}", ERR_SERVER_ERROR },
		{ &provider_openai, "{\"error\":{}}", ERR_SERVER_ERROR },
		{ &provider_ollama, "{\"error\":\"too many requests\"}", ERR_RATE_LIMITED },
		{ &provider_ollama, "{\"error\":\"input length exceeds the context length\"}", ERR_CONTEXT_LENGTH },
		{ &provider_ollama, "{\"error\":\"unexpected EOF\"}", ERR_SERVER_ERROR },
	};
	for (size_t i = 0; i < ARRAY_SIZE(ROWS); i++) {
		struct err err;
		assert_int_equal(classify_stream(ROWS[i].ops, str_of(ROWS[i].event), &err), -1);
		if (err.code != ROWS[i].code || strstr(err.msg, "in the stream") == NULL)
			fail_msg("%s: %s: %s", ROWS[i].event, err_name(err.code), err.msg);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(http_errors),
		cmocka_unit_test(an_unknown_wait_is_zero),
		cmocka_unit_test(waits),
		cmocka_unit_test(errors_in_a_stream),
	};
	return cmocka_run_group_tests_name("classify", tests, NULL, NULL);
}
