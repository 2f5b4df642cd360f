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
#include <unistd.h>

#include <cmocka.h>

#include "tests/unit/reading.h"

#define NAMES "*_API_KEY,*_TOKEN"

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
	struct secrets used = SECRETS_INIT(NAMES);
	setenv("SECRET_TOKEN", "s/&", 1);
	for (size_t i = 0; i < ARRAY_SIZE(ROWS); i++) {
		struct strbuf path = STRBUF_INIT(200), url = STRBUF_INIT(400);
		struct err err = { .code = ERR_OK };
		ROWS[i].ops->path(&(struct prompt){ .model = "m" }, &path);
		int result = address_url(ROWS[i].ops, ROWS[i].base, strbuf_text(&path), ROWS[i].query, &url, &used, &err);
		if (result < 0 || strcmp(strbuf_text(&url), ROWS[i].want) != 0)
			fail_msg("%s: %s %s", ROWS[i].base, strbuf_text(&url), err.msg);
		strbuf_release(&path);
		strbuf_release(&url);
	}
	secrets_release(&used);
}

TEST(headers)
{
	const char *lines = "api-key: $SECRET_TOKEN\r\n\n  \nX-Price: $5 ${SECRET_TOKEN}\n";
	struct strbuf b = STRBUF_INIT(200);
	struct secrets used = SECRETS_INIT(NAMES);
	struct err err;
	setenv("SECRET_TOKEN", "s/&", 1);
	assert_int_equal(address_header(&lines, &b, &used, &err), 1);
	assert_string_equal(strbuf_text(&b), "api-key: s/&");
	assert_int_equal(address_header(&lines, &b, &used, &err), 1);
	assert_string_equal(strbuf_text(&b), "X-Price: $5 s/&");
	assert_int_equal(address_header(&lines, &b, &used, &err), 0);
	lines = NULL;
	assert_int_equal(address_header(&lines, &b, &used, &err), 0);
	lines = "X: $NOT_SET_ANYWHERE_TOKEN";
	assert_int_equal(address_header(&lines, &b, &used, &err), -1);
	assert_int_equal(err.code, ERR_NO_KEY);
	/* One that is cut is not sent, also where another follows it. */
	struct strbuf small = STRBUF_INIT(20);
	lines = "X: 01234567890123456789\nY: 1";
	assert_int_equal(address_header(&lines, &small, &used, &err), -1);
	assert_int_equal(err.code, ERR_NOT_CONFIGURED);
	strbuf_release(&small);
	secrets_release(&used);
	strbuf_release(&b);
}

TEST(ours_are_ours)
{
	static const char *const OURS[] = { "SIGNALBOX_DATABASE_URL", "SIGNALBOX_", "PGPASSWORD", "PGPASSFILE" };
	char out[SECRET_MAX];
	struct secrets used = SECRETS_INIT("*");
	struct err err;
	for (size_t i = 0; i < ARRAY_SIZE(OURS); i++) {
		setenv(OURS[i], "do not show", 1);
		assert_int_equal(secret_read(OURS[i], out, &used, &err), -1);
		assert_null(strstr(err.msg, "do not show"));
		unsetenv(OURS[i]);
	}
	setenv("MY_API_KEY", "k\r\nX-Evil: 1", 1); /* a line break would be a header of its own */
	assert_int_equal(secret_read("MY_API_KEY", out, &used, &err), 0);
	assert_string_equal(out, "k");
	secrets_release(&used);
}

/* A server that repeats what it was sent shows nothing of it. */
TEST(what_comes_back_is_blotted)
{
	static const struct {
		const char *text, *want;
	} TEXTS[] = {
		{ "Bad key sk-123/45 for sk-123/45", "Bad key ********* for *********" },
		{ "GET /x?key=sk-123%2F45&a=1", "GET /x?key=***********&a=1" },
		{ "cut at its end: sk-123", "cut at its end: ******" },
		{ "another: ab", "another: ab" }, /* too short to be told from a word */
		{ "sk-12 is none", "sk-12 is none" },
	};
	struct secrets used = SECRETS_INIT("*");
	char out[SECRET_MAX], text[100];
	struct err err;
	setenv("LONG_KEY", "sk-123/45 \t", 1);
	setenv("SHORT_KEY", "ab", 1);
	assert_int_equal(secret_read("SHORT_KEY", out, &used, &err), 0);
	assert_int_equal(secret_read("LONG_KEY", out, &used, &err), 0);
	assert_string_equal(out, "sk-123/45");
	for (size_t i = 0; i < ARRAY_SIZE(TEXTS); i++) {
		snprintf(text, sizeof text, "%s", TEXTS[i].text);
		secrets_blot(&used, text);
		assert_string_equal(text, TEXTS[i].want);
	}
	secrets_release(&used);
}

TEST(what_people_set_replaces_ours)
{
	assert_true(address_sets("X: 1\nanthropic-VERSION: 2", "anthropic-version: 2023-06-01"));
	assert_false(address_sets("X: 1\nanthropic-version-2: 2", "anthropic-version: 2023-06-01"));
	assert_false(address_sets(NULL, "A: "));
}

/* What a worker gives away is what its own setting names, whatever the database says. */
TEST(only_what_is_allowed)
{
	static const struct {
		const char *names, *name;
		bool is_allowed;
	} CASES[] = {
		{ NAMES, "GROQ_API_KEY", true },
		{ NAMES, "HF_TOKEN", true },
		{ NAMES, "HOME", false },
		{ NAMES, "AWS_SECRET_ACCESS_KEY", false },
		{ NAMES, "GROQ_API_KEY_FILE", false },
		{ NAMES, "GROQ_API_KEYS", false },
		{ NAMES, "groq_api_key", false },
		{ "", "GROQ_API_KEY", false },
		{ " , ", "GROQ_API_KEY", false },
		{ "GROQ_API_KEY", "GROQ_API_KEY", true },
		{ "GROQ_API_KEY", "XGROQ_API_KEY", false },
		{ "A, SHOP_?", "SHOP_1", true },
		{ "A, SHOP_?", "SHOP_12", false },
		{ "[AB]_KEY", "B_KEY", true },
		{ "*", "HOME", true },
		{ "*", "SIGNALBOX_API_KEY", false },
		{ "SIGNALBOX_API_KEY", "SIGNALBOX_API_KEY", false },
		{ NAMES, "PG_TOKEN", false },
	};
	char out[SECRET_MAX], path[] = "/tmp/signalbox-secret.XXXXXX";
	struct strbuf url = STRBUF_INIT(200), b = STRBUF_INIT(200);
	struct secrets used = SECRETS_INIT(NAMES);
	struct err err;
	const char *lines = "X: $OTHER_SECRET";
	for (size_t i = 0; i < ARRAY_SIZE(CASES); i++) {
		setenv(CASES[i].name, "do not show", 1);
		if (secret_is_allowed(CASES[i].names, CASES[i].name) != CASES[i].is_allowed)
			fail_msg("'%s' of '%s'", CASES[i].name, CASES[i].names);
		used.allowed = CASES[i].names;
		assert_int_equal(secret_read(CASES[i].name, out, &used, &err), CASES[i].is_allowed ? 0 : -1);
		if (strcmp(CASES[i].name, "HOME") != 0)
			unsetenv(CASES[i].name);
	}
	/* The same names in a header and in a query. */
	used.allowed = NAMES;
	setenv("OTHER_SECRET", "do not show", 1);
	assert_int_equal(address_header(&lines, &b, &used, &err), -1);
	assert_int_equal(err.code, ERR_NO_KEY);
	assert_non_null(strstr(err.msg, "secret_names does not allow OTHER_SECRET"));
	assert_int_equal(address_url(&provider_openai, "https://h", "/x", "k=${OTHER_SECRET}", &url, &used, &err), -1);
	assert_null(strstr(strbuf_text(&url), "show"));
	/* A file counts as the variable that it stands for. */
	int fd = mkstemp(path);
	assert_int_equal(write(fd, "in a file\n", 10), 10);
	close(fd);
	setenv("SHOP_API_KEY_FILE", path, 1);
	setenv("SHOP_SECRET_FILE", path, 1);
	assert_int_equal(secret_read("SHOP_API_KEY", out, &used, &err), 0);
	assert_string_equal(out, "in a file");
	assert_int_equal(secret_read("SHOP_SECRET", out, &used, &err), -1);
	unlink(path);
	secrets_release(&used);
	strbuf_release(&url);
	strbuf_release(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(addresses),
		cmocka_unit_test(headers),
		cmocka_unit_test(ours_are_ours),
		cmocka_unit_test(what_comes_back_is_blotted),
		cmocka_unit_test(what_people_set_replaces_ours),
		cmocka_unit_test(only_what_is_allowed),
	};
	return cmocka_run_group_tests_name("address", tests, NULL, NULL);
}
