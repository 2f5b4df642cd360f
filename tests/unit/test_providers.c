/*
 * A provider's stream is read from a recording, cut at every byte: text, usage, finish and tool calls must be the same each time, and above
 * all an answer that was cut off must never count as complete, and a call that was cut off never be run. Here OpenAI and Ollama.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/unit/reading.h"

#define NONE U(-1, -1, -1, -1)
#define U19 U(19, 9, 0, 0)
#define U26 U(26, 298, -1, -1)
#define TEXT "Hello, \xC3\xA9\xE4\xB8\x96\xE7\x95\x8C \xF0\x9F\x98\x80\n"
#define GPT "gpt-4o-mini-2024-07-18"
#define CITY "{\"city\":\"Berlin\"}"
#define WEATHER "call_A get_weather " CITY
#define BOTH WEATHER "; call_B get_time " CITY
/* A reply of OpenAI's that is nothing but calls. */
#define CALLS(file_, finish_, calls_)                                                                 \
	{                                                                                             \
		"openai/" file_, &provider_openai, "", finish_, GPT, U19, ERR_OK, calls_, NULL, false \
	}
#define BROKEN(file_, finish_, usage_, code_)                                                         \
	{                                                                                             \
		"openai/" file_, &provider_openai, "", finish_, GPT, usage_, code_, NULL, NULL, false \
	}
#define MIDSTREAM(file_, code_)                                                                       \
	{                                                                                             \
		"openai/" file_, &provider_openai, "half an", "", GPT, NONE, code_, NULL, NULL, false \
	}

static const struct golden GOLDEN[] = {
	{ "ollama/text.ndjson", &provider_ollama, "The sky \xC3\xA9\xE4\xB8\x96\xE7\x95\x8C \xF0\x9F\x98\x80\n", "stop",
	  "llama3.2", U26, ERR_OK, NULL, NULL, false },
	{ "ollama/text-bom-crlf.ndjson", &provider_ollama, "bom", "stop", "llama3.2", U26, ERR_OK, NULL, NULL, false },
	{ "ollama/thinking.ndjson", &provider_ollama, "42", "stop", "llama3.2", U26, ERR_OK, NULL, NULL, false },
	{ "ollama/length.ndjson", &provider_ollama, "cut at the", "length", "llama3.2", U(26, 3, -1, -1), ERR_OK, NULL, NULL,
	  false },
	{ "ollama/cached-prompt-no-count.ndjson", &provider_ollama, "from the cache", "stop", "llama3.2", U(-1, 2, -1, -1),
	  ERR_OK, NULL, NULL, false },
	{ "ollama/last-line-without-newline.ndjson", &provider_ollama, "no newline", "stop", "llama3.2", U26, ERR_OK, NULL, NULL,
	  false },
	{ "ollama/whole.ndjson", &provider_ollama, "in one piece", "stop", "llama3.2", U(5, 3, -1, -1), ERR_OK, NULL, NULL,
	  false },
	{ "ollama/error-midstream.ndjson", &provider_ollama, "half an", "", "llama3.2", NONE, ERR_SERVER_ERROR, NULL, NULL,
	  false },
	{ "ollama/truncated-clean-close.ndjson", &provider_ollama, "half an answer", "", "llama3.2", NONE, ERR_TRUNCATED, NULL,
	  NULL, false },
	{ "ollama/truncated-inside-line.ndjson", &provider_ollama, "broken", "", "llama3.2", NONE, ERR_TRUNCATED, NULL, NULL,
	  false },
	{ "openai/text.sse", &provider_openai, TEXT, "stop", GPT, U19, ERR_OK, NULL, NULL, false },
	{ "openai/text-crlf-comments.sse", &provider_openai, "Hello", "stop", GPT, U19, ERR_OK, NULL, NULL, false },
	{ "openai/text-lone-cr.sse", &provider_openai, "lone CR", "stop", GPT, U19, ERR_OK, NULL, NULL, false },
	{ "openai/data-on-several-lines.sse", &provider_openai, "two lines", "stop", GPT, NONE, ERR_OK, NULL, NULL, false },
	{ "openai/cached-reasoning.sse", &provider_openai, "cached", "stop", GPT, U(2006, 300, 1920, 256), ERR_OK, NULL, NULL,
	  false },
	{ "openai/reasoning-content.sse", &provider_openai, "Answer", "stop", GPT, U19, ERR_OK, NULL, NULL, false },
	{ .file = "openai/usage-xai.sse",
	  .ops = &provider_openai,
	  .text = "xAI",
	  .finish = "stop",
	  .model = GPT,
	  .usage = U(307, 253, -1, 227),
	  .is_mismatched = true },
	{ .file = "openai/total-disagrees.sse",
	  .ops = &provider_openai,
	  .text = "odd",
	  .finish = "stop",
	  .model = GPT,
	  .usage = U(10, 12, -1, -1),
	  .is_mismatched = true },
	{ "openai/usage-in-last-chunk-groq.sse", &provider_openai, "groq", "stop", GPT, U(18, 4, -1, -1), ERR_OK, NULL, NULL,
	  false },
	{ "openai/usage-x-groq-only.sse", &provider_openai, "groq", "stop", GPT, U(18, 4, -1, -1), ERR_OK, NULL, NULL, false },
	{ "openai/no-usage.sse", &provider_openai, "none", "stop", GPT, NONE, ERR_OK, NULL, NULL, false },
	{ "openai/length.sse", &provider_openai, "cut at the", "length", GPT, U19, ERR_OK, NULL, NULL, false },
	{ "openai/content-filter.sse", &provider_openai, "I will", "content_filter", GPT, U19, ERR_CONTENT_FILTER, NULL, NULL,
	  false },
	{ "openai/error-midstream.sse", &provider_openai, "half an", "", GPT, NONE, ERR_SERVER_ERROR, NULL, NULL, false },
	{ "openai/error-midstream-groq.sse", &provider_openai, "half an", "", GPT, NONE, ERR_SERVER_ERROR, NULL, NULL, false },
	{ "openai/truncated-clean-close.sse", &provider_openai, "half an", "", GPT, NONE, ERR_TRUNCATED, NULL, NULL, false },
	{ "openai/finish-without-done.sse", &provider_openai, "half an", "stop", GPT, NONE, ERR_OK, NULL, NULL, false },
	{ "openai/done-without-empty-line.sse", &provider_openai, "whole", "stop", GPT, NONE, ERR_OK, NULL, NULL, false },
	{ "openai/done-without-finish.sse", &provider_openai, "half", "", GPT, NONE, ERR_OK, NULL, NULL, false },
	{ "openai/malformed.sse", &provider_openai, "broken", "", GPT, NONE, ERR_BAD_REPLY, NULL, NULL, false },
	{ "openai/whole.json", &provider_openai, "in one piece", "stop", GPT, U19, ERR_OK, NULL, NULL, false },
	CALLS("tools-parallel.sse", "tool_calls", BOTH),
	CALLS("tools-interleaved.sse", "tool_calls", BOTH),
	CALLS("tools-same-index.sse", "stop", BOTH),
	CALLS("tools-same-index-pieces.sse", "tool_calls", BOTH),
	CALLS("tools-id-repeated.sse", "tool_calls", WEATHER),
	CALLS("tools-sparse-index.sse", "tool_calls", BOTH),
	CALLS("tools-no-arguments.sse", "tool_calls", "call_A list_all {}"),
	CALLS("tools-object-arguments.sse", "tool_calls", WEATHER),
	CALLS("tools-whole.json", "tool_calls", WEATHER),
	BROKEN("tools-cut-by-length.sse", "length", U19, ERR_STARVED),
	BROKEN("tools-broken-arguments.sse", "tool_calls", U19, ERR_NO_ANSWER),
	{ "openai/tools-truncated.sse", &provider_openai, "", "tool_calls", GPT, NONE, ERR_OK, WEATHER, NULL, false },
	MIDSTREAM("error-midstream-overloaded.sse", ERR_OVERLOADED),
	MIDSTREAM("error-midstream-rate.sse", ERR_RATE_LIMITED),
	MIDSTREAM("error-midstream-quota.sse", ERR_QUOTA),
	MIDSTREAM("error-midstream-context.sse", ERR_CONTEXT_LENGTH),
	MIDSTREAM("error-midstream-number.sse", ERR_SERVER_ERROR),
	{ .file = "ollama/tools.ndjson",
	  .ops = &provider_ollama,
	  .text = "Let me see.",
	  .finish = "stop",
	  .model = "llama3.2",
	  .usage = U26,
	  .calls = "call_x1 get_weather {\"city\":\"Tokyo\"}; call_x2 list_all {}" },
	{ "ollama/tools-cut.ndjson", &provider_ollama, "", "length", "llama3.2", U26, ERR_STARVED, NULL, NULL, false },
	{ "ollama/error-midstream-busy.ndjson", &provider_ollama, "half an", "", "llama3.2", NONE, ERR_OVERLOADED, NULL, NULL,
	  false },
};

TEST(same_reply_wherever_it_is_cut)
{
	same_wherever_cut(GOLDEN, ARRAY_SIZE(GOLDEN));
}

TEST(a_stream_that_stops_early_is_never_complete)
{
	never_complete_too_early(GOLDEN, ARRAY_SIZE(GOLDEN));
}

/* Servers that name no call get names from us: each its own, and the same for the same bytes. */
TEST(calls_without_ids_get_some)
{
	static const struct {
		const char *file;
		const struct provider_ops *ops;
		int n;
	} ROWS[] = { { "openai/tools-no-index.sse", &provider_openai, 2 },
		     { "ollama/tools-without-ids.ndjson", &provider_ollama, 2 } };
	struct reading r = READING_INIT;
	char first[80];
	for (size_t i = 0; i < ARRAY_SIZE(ROWS); i++) {
		read_whole(&r, ROWS[i].ops, ROWS[i].file);
		assert_int_equal(r.reply->n_calls, ROWS[i].n);
		assert_string_not_equal(r.reply->calls[0].id, r.reply->calls[1].id);
		assert_string_equal(r.reply->calls[0].name, "get_weather");
		assert_true(str_starts(str_of(r.reply->calls[1].id), "made_"));
		assert_in_range(strlen(r.reply->calls[1].id), 6, 40); /* OpenAI takes 40 */
		snprintf(first, sizeof first, "%s", r.reply->calls[1].id);
		read_whole(&r, ROWS[i].ops, ROWS[i].file);
		assert_string_equal(r.reply->calls[1].id, first);
	}
	read_whole(&r, &provider_openai, "openai/tools-no-index.sse");
	assert_true(str_eq(r.reply->calls[0].arguments, CITY) && str_eq(r.reply->calls[1].arguments, CITY));
	reading_release(&r);
}

#define PIECE(arguments_) "{\"function\":{\"name\":\"say\",\"arguments\":\"" arguments_ "\"}}"

/* Pieces that say the function's name, and nothing else of whose they are: a call goes on until it has a name and its arguments are whole. */
TEST(pieces_with_only_a_name)
{
	enum { N = 1000 };
	struct reading r = READING_INIT;
	struct strbuf b = STRBUF_INIT(1u << 20);
	strbuf_str(&b, "{\"choices\":[{\"finish_reason\":\"tool_calls\",\"message\":{\"tool_calls\":["
	               "{\"function\":{\"arguments\":\"{}\"}},{\"function\":{\"name\":\"late\"}}," PIECE("{\\\"a\\\":\\\""));
	for (int i = 0; i < N; i++)
		strbuf_str(&b, "," PIECE("12345678"));
	strbuf_str(&b, "," PIECE("\\\"}") "," PIECE("{}") "]}}]}");
	r.ops = &provider_openai;
	read_stream(&r, (struct str){ strbuf_text(&b), b.len }, 0, 0);
	assert_int_equal(r.verdict.err.code, ERR_OK);
	assert_int_equal(r.reply->n_calls, 3);
	assert_string_equal(r.reply->calls[0].name, "late");
	assert_int_equal(r.reply->calls[1].arguments.len, 8 * N + 8);
	assert_true(str_eq(r.reply->calls[2].arguments, "{}"));
	strbuf_release(&b);
	reading_release(&r);
}

TEST(an_error_says_once_what_is_wrong)
{
	struct reading r = READING_INIT;
	r.ops = &provider_openai;
	read_stream(&r, golden("openai/malformed.sse"), 0, 0);
	assert_int_equal(r.verdict.err.code, ERR_BAD_REPLY);
	assert_true(str_starts(str_of(r.verdict.err.msg), "not JSON: malformed JSON"));
	assert_null(strstr(r.verdict.err.msg + 10, "not JSON"));
	reading_release(&r);
}

TEST(a_reply_has_its_number)
{
	struct reading r = READING_INIT;
	read_whole(&r, &provider_openai, "openai/text.sse");
	assert_string_equal(r.reply->id, "chatcmpl-1");
	reading_release(&r);
}

/* Some servers name the model in one event and leave it empty in others. */
TEST(an_empty_name_is_not_kept)
{
	static const struct {
		const struct provider_ops *ops;
		const char *stream;
	} ROWS[] = { { &provider_openai, "data: {\"model\":\"m\"}\n\ndata: {\"model\":\"\"}\n\n" },
		     { &provider_ollama, "{\"model\":\"m\"}\n{\"model\":\"\"}\n" },
		     { &provider_gemini, "data: {\"modelVersion\":\"m\"}\n\ndata: {\"modelVersion\":\"\"}\n\n" } };
	struct reading r = READING_INIT;
	for (size_t i = 0; i < ARRAY_SIZE(ROWS); i++) {
		r.ops = ROWS[i].ops;
		read_stream(&r, str_of(ROWS[i].stream), 0, 0);
		assert_string_equal(r.reply->model, "m");
	}
	reading_release(&r);
}

static const struct json *chat(struct arena *a, const struct provider_ops *ops, int max_tokens)
{
	struct turn turns[] = { { .role = "user", .content = STR("say \"hi\"\n\x01\xFF") },
		                { .role = "assistant", .content = STR("hi") },
		                { .role = "user", .content = STR("again") } };
	struct prompt p = { .model = "some/model",
		            .system = "be brief",
		            .turns = turns,
		            .n_turns = ARRAY_SIZE(turns),
		            .max_tokens = max_tokens };
	const struct json *j = built(a, ops, &p);
	is_str(j, "model", "some/model");
	is_str(j, "messages[0].role", "system");
	is_str(j, "messages[0].content", "be brief");
	is_str(j, "messages[1].content", "say \"hi\"\n\x01\xEF\xBF\xBD");
	is_str(j, "messages[2].role", "assistant");
	is_str(j, "messages[3].content", "again");
	assert_null(json_get(j, "messages[4]"));
	assert_null(json_get(j, "tools"));
	return j;
}

TEST(requests)
{
	struct arena a = ARENA_INIT;
	int64_t n;
	bool b;
	const struct json *j = chat(&a, &provider_ollama, 512);
	assert_true(json_bool(j, "stream", &b) && b);
	assert_true(json_bool(j, "truncate", &b) && !b); /* else a long prompt loses its beginning in silence */
	assert_true(json_int(j, "options.num_ctx", &n) && n > 0);
	assert_true(json_int(j, "options.num_predict", &n) && n == 512);
	assert_null(json_get(j, "options.temperature"));
	assert_null(json_get(chat(&a, &provider_ollama, 0), "options.num_predict"));
	j = chat(&a, &provider_openai, 512);
	assert_true(json_bool(j, "stream", &b) && b);
	assert_true(json_bool(j, "stream_options.include_usage", &b) && b);
	assert_true(json_int(j, "max_tokens", &n) && n == 512);
	assert_null(json_get(j, "temperature"));
	assert_null(json_get(chat(&a, &provider_openai, 0), "max_tokens"));
	arena_release(&a);
}

TEST(paths)
{
	is_path(&provider_openai, "some/model", "/v1/chat/completions");
	is_path(&provider_ollama, "some/model", "/api/chat");
}

TEST(requests_of_a_classifier)
{
	struct arena a = ARENA_INIT;
	struct turn turn = { .role = "user", .content = STR("which?") };
	struct prompt p = { .model = "gpt-4o-mini",
		            .turns = &turn,
		            .n_turns = 1,
		            .max_tokens = 20,
		            .schema = STR("{\"type\":\"object\"}"),
		            .is_exact = true };
	int64_t n;
	const struct json *j = built(&a, &provider_openai, &p);
	assert_true(json_int(j, "temperature", &n) && n == 0);
	is_str(j, "response_format.type", "json_schema");
	is_str(j, "response_format.json_schema.schema.type", "object");
	p.model = "gpt-5-mini"; /* refuses both */
	j = built(&a, &provider_openai, &p);
	assert_null(json_get(j, "temperature"));
	assert_null(json_get(j, "max_tokens"));
	assert_true(json_int(j, "max_completion_tokens", &n) && n == 20);
	j = built(&a, &provider_ollama, &p);
	is_str(j, "format.type", "object");
	assert_true(json_int(j, "options.temperature", &n) && n == 0);
	arena_release(&a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(same_reply_wherever_it_is_cut),
		cmocka_unit_test(a_stream_that_stops_early_is_never_complete),
		cmocka_unit_test(calls_without_ids_get_some),
		cmocka_unit_test(pieces_with_only_a_name),
		cmocka_unit_test(an_error_says_once_what_is_wrong),
		cmocka_unit_test(a_reply_has_its_number),
		cmocka_unit_test(an_empty_name_is_not_kept),
		cmocka_unit_test(requests),
		cmocka_unit_test(paths),
		cmocka_unit_test(requests_of_a_classifier),
	};
	return cmocka_run_group_tests_name("providers", tests, NULL, NULL);
}
