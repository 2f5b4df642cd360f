/*
 * A provider's stream is read from a recording, cut at every byte: text, usage and finish must be the same each time, and above all an
 * answer that was cut off must never count as complete. HTTP errors decide whether a message is tried again, so each is a row here.
 * Run from the top of the source tree: the recordings are in tests/golden/.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "worker/llm/classify.h"
#include "worker/llm/llm.h"

#define TEST(name) static void name(void **state __attribute__((unused)))
#define U(in, out, cached_, reasoning_)                                                                                         \
	{                                                                                                                       \
		.input = in, .output = out, .cached = cached_, .cache_write = -1, .cache_write_1h = -1, .reasoning = reasoning_ \
	}
#define UNSAID U(-1, -1, -1, -1)
#define U19 U(19, 9, 0, 0)
#define U26 U(26, 298, -1, -1)
#define TEXT "Hello, \xC3\xA9\xE4\xB8\x96\xE7\x95\x8C \xF0\x9F\x98\x80\n"
#define GPT "gpt-4o-mini-2024-07-18"

static const struct golden {
	const char *file;
	const struct provider_ops *ops;
	const char *text, *finish, *model;
	struct usage usage;
	bool is_complete;
	enum err_code code;
} GOLDEN[] = {
	{ "ollama/text.ndjson", &provider_ollama, "The sky \xC3\xA9\xE4\xB8\x96\xE7\x95\x8C \xF0\x9F\x98\x80\n", "stop",
	  "llama3.2", U26, true, ERR_OK },
	{ "ollama/text-bom-crlf.ndjson", &provider_ollama, "bom", "stop", "llama3.2", U26, true, ERR_OK },
	{ "ollama/thinking.ndjson", &provider_ollama, "42", "stop", "llama3.2", U26, true, ERR_OK },
	{ "ollama/length.ndjson", &provider_ollama, "cut at the", "length", "llama3.2", U(26, 3, -1, -1), true, ERR_OK },
	{ "ollama/cached-prompt-no-count.ndjson", &provider_ollama, "from the cache", "stop", "llama3.2", U(-1, 2, -1, -1), true,
	  ERR_OK },
	{ "ollama/last-line-without-newline.ndjson", &provider_ollama, "no newline", "stop", "llama3.2", U26, true, ERR_OK },
	{ "ollama/whole.ndjson", &provider_ollama, "in one piece", "stop", "llama3.2", U(5, 3, -1, -1), true, ERR_OK },
	{ "ollama/error-midstream.ndjson", &provider_ollama, "half an", "", "llama3.2", UNSAID, false, ERR_SERVER_ERROR },
	{ "ollama/truncated-clean-close.ndjson", &provider_ollama, "half an answer", "", "llama3.2", UNSAID, false, ERR_OK },
	{ "ollama/truncated-inside-line.ndjson", &provider_ollama, "broken", "", "llama3.2", UNSAID, false, ERR_BAD_REPLY },
	{ "openai/text.sse", &provider_openai, TEXT, "stop", GPT, U19, true, ERR_OK },
	{ "openai/text-crlf-comments.sse", &provider_openai, "Hello", "stop", GPT, U19, true, ERR_OK },
	{ "openai/text-lone-cr.sse", &provider_openai, "lone CR", "stop", GPT, U19, true, ERR_OK },
	{ "openai/data-on-several-lines.sse", &provider_openai, "two lines", "stop", GPT, UNSAID, true, ERR_OK },
	{ "openai/cached-reasoning.sse", &provider_openai, "cached", "stop", GPT, U(2006, 300, 1920, 256), true, ERR_OK },
	{ "openai/reasoning-content.sse", &provider_openai, "Answer", "stop", GPT, U19, true, ERR_OK },
	{ "openai/usage-xai.sse", &provider_openai, "xAI", "stop", GPT, U(307, 253, -1, 227), true, ERR_OK },
	{ "openai/usage-in-last-chunk-groq.sse", &provider_openai, "groq", "stop", GPT, U(18, 4, -1, -1), true, ERR_OK },
	{ "openai/usage-x-groq-only.sse", &provider_openai, "groq", "stop", GPT, U(18, 4, -1, -1), true, ERR_OK },
	{ "openai/no-usage.sse", &provider_openai, "none", "stop", GPT, UNSAID, true, ERR_OK },
	{ "openai/length.sse", &provider_openai, "cut at the", "length", GPT, U19, true, ERR_OK },
	{ "openai/content-filter.sse", &provider_openai, "I will", "content_filter", GPT, U19, true, ERR_OK },
	{ "openai/error-midstream.sse", &provider_openai, "half an", "", GPT, UNSAID, false, ERR_SERVER_ERROR },
	{ "openai/error-midstream-groq.sse", &provider_openai, "half an", "", GPT, UNSAID, false, ERR_SERVER_ERROR },
	{ "openai/truncated-clean-close.sse", &provider_openai, "half an", "", GPT, UNSAID, false, ERR_OK },
	{ "openai/finish-without-done.sse", &provider_openai, "half an", "stop", GPT, UNSAID, false, ERR_OK },
	{ "openai/done-without-empty-line.sse", &provider_openai, "whole", "stop", GPT, UNSAID, false, ERR_OK },
	{ "openai/done-without-finish.sse", &provider_openai, "half", "", GPT, UNSAID, false, ERR_TRUNCATED },
	{ "openai/malformed.sse", &provider_openai, "broken", "", GPT, UNSAID, false, ERR_BAD_REPLY },
	{ "openai/whole.json", &provider_openai, "in one piece", "stop", GPT, U19, true, ERR_OK },
};

static struct str golden(const char *name)
{
	static char body[65536];
	char path[200];
	snprintf(path, sizeof path, "tests/golden/%s", name);
	FILE *f = fopen(path, "re");
	if (f == NULL)
		fail_msg("cannot read %s: is this the top of the source tree?", path);
	size_t n = fread(body, 1, sizeof body, f);
	fclose(f);
	assert_in_range(n, 1, sizeof body - 1);
	return (struct str){ body, n };
}

struct reading {
	const struct provider_ops *ops;
	struct reply reply;
	struct strbuf text;
	struct err err;
	struct arena arena;
};

static void on_text(void *ctx, struct str text)
{
	struct reading *r = ctx;
	strbuf_add(&r->text, text.ptr, text.len);
}

static int on_event(void *ctx, const char *name, struct str data, struct err *err)
{
	struct reading *r = ctx;
	int result = r->ops->feed(&r->reply, &r->arena, name, data, err);
	arena_release(&r->arena);
	return result;
}

/* Reads `in` in pieces of `step` bytes, or, with step 0, cut once at `cut`. */
static void read_stream(struct reading *r, const char *file, struct str in, size_t cut, size_t step)
{
	struct splitter s;
	bool left, is_whole = strstr(file, ".json") != NULL;
	int result = 0;
	strbuf_clear(&r->text);
	r->reply = (struct reply){ .usage = UNSAID, .on_text = on_text, .ctx = r };
	r->err = (struct err){ .code = ERR_OK };
	split_init(&s, is_whole ? SPLIT_WHOLE : r->ops->stream);
	for (size_t i = 0; i < in.len && result == 0;) {
		size_t n = MIN(step > 0 ? step : i == 0 && cut > 0 ? cut : in.len, in.len - i);
		result = split_feed(&s, (struct str){ in.ptr + i, n }, on_event, r, &r->err);
		i += n;
	}
	if (result == 0)
		result = split_end(&s, on_event, r, &left, &r->err);
	assert_int_equal(result < 0, r->err.code != ERR_OK);
	split_release(&s);
}

static void compare(const struct golden *g, const struct reading *r, size_t at)
{
	const struct usage *u = &r->reply.usage;
	if (strcmp(strbuf_text(&r->text), g->text) != 0 || strcmp(r->reply.finish, g->finish) != 0 ||
	    strcmp(r->reply.model, g->model) != 0)
		fail_msg("%s at %zu: text '%s', finish '%s', model '%s'", g->file, at, strbuf_text(&r->text), r->reply.finish,
		         r->reply.model);
	if (u->input != g->usage.input || u->output != g->usage.output || u->cached != g->usage.cached ||
	    u->reasoning != g->usage.reasoning)
		fail_msg("%s at %zu: usage %d %d %d %d", g->file, at, u->input, u->output, u->cached, u->reasoning);
	if (r->reply.is_complete != g->is_complete || r->err.code != g->code)
		fail_msg("%s at %zu: complete %d, error %s %s", g->file, at, r->reply.is_complete, err_name(r->err.code),
		         r->err.msg);
}

TEST(same_reply_wherever_it_is_cut)
{
	struct reading r = { .text = STRBUF_INIT(65536), .arena = ARENA_INIT };
	for (size_t i = 0; i < ARRAY_SIZE(GOLDEN); i++) {
		const struct golden *g = &GOLDEN[i];
		struct str in = golden(g->file);
		r.ops = g->ops;
		for (size_t cut = 0; cut < in.len; cut++) {
			read_stream(&r, g->file, in, cut, 0);
			compare(g, &r, cut);
		}
		for (size_t step = 1; step <= 7; step += 2) {
			read_stream(&r, g->file, in, 0, step);
			compare(g, &r, step);
		}
	}
	strbuf_release(&r.text);
}

/* The proof is the last event: without it, however much has come, the answer is not complete. */
TEST(a_stream_that_stops_early_is_never_complete)
{
	struct reading r = { .text = STRBUF_INIT(65536), .arena = ARENA_INIT };
	for (size_t i = 0; i < ARRAY_SIZE(GOLDEN); i++) {
		const struct golden *g = &GOLDEN[i];
		struct str in = golden(g->file);
		size_t proof = in.len;
		while (proof > 0 && strchr("\r\n ", in.ptr[proof - 1]) != NULL)
			proof--;
		r.ops = g->ops;
		for (size_t n = 0; n < proof; n++) {
			read_stream(&r, g->file, (struct str){ in.ptr, n }, 0, 0);
			if (r.reply.is_complete)
				fail_msg("%s: complete after %zu of %zu bytes", g->file, n, in.len);
			if (strncmp(strbuf_text(&r.text), g->text, r.text.len) != 0)
				fail_msg("%s: other text after %zu bytes", g->file, n);
		}
	}
	strbuf_release(&r.text);
}

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

static const struct json *built(struct arena *a, const struct provider_ops *ops, int max_tokens)
{
	struct prompt_turn turns[] = { { .role = "user", .content = STR("say \"hi\"\n\x01\xFF") },
		                       { .role = "assistant", .content = STR("hi") },
		                       { .role = "user", .content = STR("again") } };
	struct prompt p = { .model = "some/model",
		            .system = "be brief",
		            .turns = turns,
		            .n_turns = ARRAY_SIZE(turns),
		            .max_tokens = max_tokens };
	struct strbuf b = STRBUF_INIT(65536);
	const struct json *j;
	struct err err;
	struct str s;
	ops->build(&p, &b);
	if (json_parse(a, (struct str){ strbuf_text(&b), b.len }, 65536, &j, &err) < 0)
		fail_msg("%s: %s", err.msg, strbuf_text(&b));
	strbuf_release(&b);
	assert_true(json_str(j, "model", &s) && str_eq(s, "some/model"));
	assert_true(json_str(j, "messages[0].role", &s) && str_eq(s, "system"));
	assert_true(json_str(j, "messages[0].content", &s) && str_eq(s, "be brief"));
	assert_true(json_str(j, "messages[1].content", &s) && str_eq(s, "say \"hi\"\n\x01\xEF\xBF\xBD"));
	assert_true(json_str(j, "messages[2].role", &s) && str_eq(s, "assistant"));
	assert_true(json_str(j, "messages[3].content", &s) && str_eq(s, "again"));
	assert_null(json_get(j, "messages[4]"));
	return j;
}

TEST(requests)
{
	struct arena a = ARENA_INIT;
	int64_t n;
	bool b;
	const struct json *j = built(&a, &provider_ollama, 512);
	assert_true(json_bool(j, "stream", &b) && b);
	assert_true(json_bool(j, "truncate", &b) && !b); /* else a long prompt loses its beginning in silence */
	assert_true(json_int(j, "options.num_ctx", &n) && n > 0);
	assert_true(json_int(j, "options.num_predict", &n) && n == 512);
	assert_null(json_get(built(&a, &provider_ollama, 0), "options.num_predict"));
	j = built(&a, &provider_openai, 512);
	assert_true(json_bool(j, "stream", &b) && b);
	assert_true(json_bool(j, "stream_options.include_usage", &b) && b);
	assert_true(json_int(j, "max_tokens", &n) && n == 512);
	assert_null(json_get(built(&a, &provider_openai, 0), "max_tokens"));
	arena_release(&a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(same_reply_wherever_it_is_cut),
		cmocka_unit_test(a_stream_that_stops_early_is_never_complete),
		cmocka_unit_test(http_errors),
		cmocka_unit_test(an_unknown_wait_is_zero),
		cmocka_unit_test(requests),
	};
	return cmocka_run_group_tests_name("providers", tests, NULL, NULL);
}
