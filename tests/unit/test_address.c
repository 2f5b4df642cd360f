/*
 * People write a provider's address as its vendor's documents do: with a path or without, with a version or another one, with a query. A request
 * that goes
 * one segment wrong is a 404 that looks like a missing model. And what names a secret must not be able to name ours.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "tests/unit/reading.h"

static const struct {
	const struct provider_ops *ops;
	const char *base, *query, *want;
} ROWS[] = {
	{ &provider_openai, "https://api.openai.com", NULL, "https://api.openai.com/v1/chat/completions" },
	{ &provider_openai, "https://api.openai.com/", NULL, "https://api.openai.com/v1/chat/completions" },
	{ &provider_openai, "https://api.openai.com/v1", NULL, "https://api.openai.com/v1/chat/completions" },
	{ &provider_openai, "https://api.openai.com/v1/", NULL, "https://api.openai.com/v1/chat/completions" },
	{ &provider_openai, "https://api.groq.com/openai/v1", NULL, "https://api.groq.com/openai/v1/chat/completions" },
	{ &provider_openai, "https://host/v1beta/openai", NULL, "https://host/v1beta/openai/chat/completions" },
	{ &provider_openai, "https://open.bigmodel.cn/api/paas/v4", NULL,
	  "https://open.bigmodel.cn/api/paas/v4/chat/completions" },
	{ &provider_openai, "http://127.0.0.1:8000", NULL, "http://127.0.0.1:8000/v1/chat/completions" },
	{ &provider_openai, "https://x.openai.azure.com/openai/deployments/d?api-version=1", NULL,
	  "https://x.openai.azure.com/openai/deployments/d/chat/completions?api-version=1" },
	{ &provider_openai, "https://host?a=1", "b=2", "https://host/v1/chat/completions?a=1&b=2" },
	{ &provider_openai, "https://host/v1", "b=2&c=$SECRET_TOKEN", "https://host/v1/chat/completions?b=2&c=s%2F%26" },
	{ &provider_openai, "https://host/v1", "c=${SECRET_TOKEN}x&d=$5", "https://host/v1/chat/completions?c=s%2F%26x&d=$5" },
	{ &provider_anthropic, "https://api.anthropic.com", NULL, "https://api.anthropic.com/v1/messages" },
	{ &provider_anthropic, "https://api.anthropic.com/v1", NULL, "https://api.anthropic.com/v1/messages" },
	{ &provider_anthropic, "https://api.deepseek.com/anthropic", NULL, "https://api.deepseek.com/anthropic/v1/messages" },
	{ &provider_gemini, "https://g", NULL, "https://g/v1beta/models/m:streamGenerateContent?alt=sse" },
	{ &provider_gemini, "https://g/v1", "k=1", "https://g/v1/models/m:streamGenerateContent?alt=sse&k=1" },
	{ &provider_gemini, "https://g/v1beta/", NULL, "https://g/v1beta/models/m:streamGenerateContent?alt=sse" },
	{ &provider_ollama, "http://127.0.0.1:11434", NULL, "http://127.0.0.1:11434/api/chat" },
	{ &provider_ollama, "http://127.0.0.1:11434/api", NULL, "http://127.0.0.1:11434/api/chat" },
	{ &provider_ollama, "http://host/ollama", NULL, "http://host/ollama/api/chat" },
};

TEST(addresses)
{
	setenv("SECRET_TOKEN", "s/&", 1);
	for (size_t i = 0; i < ARRAY_SIZE(ROWS); i++) {
		struct strbuf path = STRBUF_INIT(200), url = STRBUF_INIT(400);
		struct err err = { .code = ERR_OK };
		ROWS[i].ops->path(&(struct prompt){ .model = "m" }, &path);
		int result = address_url(ROWS[i].ops, ROWS[i].base, strbuf_text(&path), ROWS[i].query, &url, &err);
		if (result < 0 || strcmp(strbuf_text(&url), ROWS[i].want) != 0)
			fail_msg("%s: %s %s", ROWS[i].base, strbuf_text(&url), err.msg);
		strbuf_release(&path);
		strbuf_release(&url);
	}
}

TEST(headers)
{
	const char *lines = "api-key: $SECRET_TOKEN\r\n\n  \nX-Price: $5 ${SECRET_TOKEN}\n";
	struct strbuf b = STRBUF_INIT(200);
	struct err err;
	setenv("SECRET_TOKEN", "s/&", 1);
	assert_int_equal(address_header(&lines, &b, &err), 1);
	assert_string_equal(strbuf_text(&b), "api-key: s/&");
	assert_int_equal(address_header(&lines, &b, &err), 1);
	assert_string_equal(strbuf_text(&b), "X-Price: $5 s/&");
	assert_int_equal(address_header(&lines, &b, &err), 0);
	lines = NULL;
	assert_int_equal(address_header(&lines, &b, &err), 0);
	lines = "X: $NOT_SET_ANYWHERE";
	assert_int_equal(address_header(&lines, &b, &err), -1);
	assert_int_equal(err.code, ERR_AUTH);
	strbuf_release(&b);
}

TEST(ours_are_ours)
{
	static const char *const OURS[] = { "SIGNALBOX_DATABASE_URL", "SIGNALBOX_", "PGPASSWORD", "PGPASSFILE" };
	char out[SECRET_MAX];
	struct err err;
	for (size_t i = 0; i < ARRAY_SIZE(OURS); i++) {
		setenv(OURS[i], "do not show", 1);
		assert_int_equal(secret_read(OURS[i], out, &err), -1);
		assert_null(strstr(err.msg, "do not show"));
		unsetenv(OURS[i]);
	}
	setenv("MY_API_KEY", "k\r\nX-Evil: 1", 1); /* a line break would be a header of its own */
	assert_int_equal(secret_read("MY_API_KEY", out, &err), 0);
	assert_string_equal(out, "k");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(addresses),
		cmocka_unit_test(headers),
		cmocka_unit_test(ours_are_ours),
	};
	return cmocka_run_group_tests_name("address", tests, NULL, NULL);
}
