/* Gemini's streams, cut at every byte, and what is said back to it. The recordings are in tests/golden/gemini/. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include <cmocka.h>

#include "tests/unit/reading.h"

#define FLASH "gemini-3-flash"
#define THOUGHT "{\"text\":\"I should look it up.\",\"thought\":true}"
#define TOOLS_OWN                                                                                                     \
	"[" THOUGHT                                                                                                   \
	",{\"functionCall\":{\"name\":\"get_weather\",\"args\":{\"location\":\"Berlin\",\"n\":12345678901234567890}," \
	"\"id\":\"fc-1\"},\"thoughtSignature\":\"EpEg\"},{\"functionCall\":{\"name\":\"list_all\",\"id\":\"fc-2\"}}]"
#define G(file_, text_, finish_, ...)                                                                                           \
	{                                                                                                                       \
		.file = "gemini/" file_, .ops = &provider_gemini, .text = text_, .finish = finish_, .model = FLASH, __VA_ARGS__ \
	}

static const struct golden GOLDEN[] = {
	G("text.sse", "Hello, \xC3\xA9\xE4\xB8\x96\xE7\x95\x8C \xF0\x9F\x98\x80\n", "STOP", .usage = U(29, 9, -1, -1)),
	G("thinking.sse", "Forty-two.", "STOP", .usage = U(29, 50, -1, 45),
	  .native =
	          "[" THOUGHT ",{\"text\":\"Forty-\"},{\"text\":\"two.\"},{\"text\":\"\",\"thoughtSignature\":\"EpEgCo4g+/=\"}]"),
	G("tools.sse", "", "STOP", .usage = U(29, 60, -1, 45),
	  .calls = "fc-1 get_weather {\"location\":\"Berlin\",\"n\":12345678901234567890}; fc-2 list_all {}",
	  .native = TOOLS_OWN),
	G("call-beside-empty-text.sse", "", "STOP", .usage = U(29, 15, -1, -1), .calls = "fc-2 list_all {}",
	  .native = "[{\"text\":\"\",\"functionCall\":{\"name\":\"list_all\",\"id\":\"fc-2\"}}]"),
	G("cached.sse", "cached", "STOP", .usage = U(2016, 300, 1920, -1)),
	G("total-disagrees.sse", "odd", "STOP", .usage = U(10, 12, -1, -1), .is_mismatched = true),
	G("max-tokens-all-thoughts.sse", "", "MAX_TOKENS", .usage = U(29, 512, -1, 512), .code = ERR_STARVED),
	G("max-tokens-with-call.sse", "", "MAX_TOKENS", .usage = U(29, 60, -1, 45), .code = ERR_STARVED),
	G("malformed-function-call.sse", "", "MALFORMED_FUNCTION_CALL", .usage = U(29, 0, -1, -1), .code = ERR_NO_ANSWER),
	G("safety-block.sse", "", "blocked: PROHIBITED_CONTENT", .usage = U(29, 0, -1, -1), .code = ERR_CONTENT_FILTER),
	G("safety-midstream.sse", "I will", "SAFETY", .usage = U(29, 3, -1, -1), .code = ERR_CONTENT_FILTER),
	G("error-midstream.sse", "half an", "", .usage = U(29, 2, -1, -1), .code = ERR_OVERLOADED),
	G("error-midstream-without-data.sse", "half an", "", .usage = U(29, 2, -1, -1), .code = ERR_OVERLOADED),
	G("truncated-clean-close.sse", "half an", "", .usage = U(29, 2, -1, -1), .code = ERR_TRUNCATED),
	G("truncated-after-call.sse", "", "", .usage = U(29, 15, -1, -1), .code = ERR_TRUNCATED),
	G("stream-without-alt-sse.json", "in an array", "STOP", .usage = U(29, 4, -1, -1)),
	G("whole.json", "in one piece", "STOP", .usage = U(29, 4, -1, -1)),
};

TEST(same_reply_wherever_it_is_cut)
{
	same_wherever_cut(GOLDEN, ARRAY_SIZE(GOLDEN));
}

TEST(a_stream_that_stops_early_is_never_complete)
{
	never_complete_too_early(GOLDEN, ARRAY_SIZE(GOLDEN));
}

/* Each part is handed on as it stands in the event; looking for each from the beginning took minutes here, with the engine waiting. */
TEST(many_parts_are_read_in_one_walk)
{
	enum { N = 40000 };
	struct reading r = READING_INIT;
	struct strbuf b = STRBUF_INIT(1u << 20);
	strbuf_str(&b, "{\"candidates\":[{\"content\":{\"parts\":[");
	for (int i = 0; i < N; i++)
		strbuf_str(&b, i > 0 ? ",{\"text\":\"x\"}" : "{\"text\":\"x\"}");
	strbuf_str(&b, "]},\"finishReason\":\"STOP\"}]}");
	r.ops = &provider_gemini;
	clock_t start = clock();
	read_stream(&r, (struct str){ strbuf_text(&b), b.len }, 0, 0);
	assert_true(clock() - start < 10 * CLOCKS_PER_SEC);
	assert_int_equal(r.verdict.err.code, ERR_OK);
	assert_int_equal(r.text.len, N);
	strbuf_release(&b);
	reading_release(&r);
}

TEST(request)
{
	struct turn turns[] = { { .role = "user", .content = STR("Weather?") },
		                { .role = "assistant", .content = STR("Where?") },
		                { .role = "user", .content = STR("Berlin") } };
	struct tool tool = { "get_weather", "by city", STR("{\"type\":\"object\",\"additionalProperties\":false}") };
	struct prompt p = { .model = "models/gemini-2.5-flash",
		            .system = "be brief",
		            .turns = turns,
		            .n_turns = 3,
		            .tools = &tool,
		            .n_tools = 1,
		            .max_tokens = 7,
		            .schema = STR("{\"type\":\"object\"}"),
		            .is_exact = true };
	is_built(
		&provider_gemini, &p,
		"{\"contents\":[{\"role\":\"user\",\"parts\":[{\"text\":\"Weather?\"}]},{\"role\":\"model\",\"parts\":[{\"text\":"
		"\"Where?\"}]},{\"role\":\"user\",\"parts\":[{\"text\":\"Berlin\"}]}],\"systemInstruction\":{\"parts\":[{\"text\":"
		"\"be brief\"}]},\"tools\":[{\"functionDeclarations\":[{\"name\":\"get_weather\",\"description\":\"by city\","
		"\"parametersJsonSchema\":{\"type\":\"object\",\"additionalProperties\":false}}]}],\"generationConfig\":{"
		"\"maxOutputTokens\":7,\"temperature\":0,\"responseMimeType\":\"application/json\",\"responseJsonSchema\":{\"type\":"
		"\"object\"}}}");
	is_path(&provider_gemini, "models/gemini-2.5-flash", "/v1beta/models/gemini-2.5-flash:streamGenerateContent?alt=sse");
	is_path(&provider_gemini, "../x?key=", "/v1beta/models/..%2Fx%3Fkey%3D:streamGenerateContent?alt=sse");
}

TEST(own_parts_are_said_again_unchanged)
{
	struct reading r = READING_INIT;
	read_whole(&r, &provider_gemini, "gemini/tools.sse");
	struct turn turns[] = {
		{ .role = "user", .content = STR("Weather?") },
		said(&r),
		{ .role = "tool", .content = STR("21 C"), .call_id = r.reply->calls[0].id, .call_name = "get_weather" },
		{ .role = "tool",
		  .content = STR("no"),
		  .call_id = r.reply->calls[1].id,
		  .call_name = "list_all",
		  .is_error = true },
	};
	struct prompt p = { .model = "gemini-3-flash", .turns = turns, .n_turns = ARRAY_SIZE(turns) };
	is_built(&provider_gemini, &p,
	         "{\"contents\":[{\"role\":\"user\",\"parts\":[{\"text\":\"Weather?\"}]},{\"role\":\"model\",\"parts\":" TOOLS_OWN
	         "},{\"role\":\"user\",\"parts\":[{\"functionResponse\":{\"name\":\"get_weather\",\"id\":\"fc-1\",\"response\":{"
	         "\"output\":\"21 C\"}}},{\"functionResponse\":{\"name\":\"list_all\",\"id\":\"fc-2\",\"response\":{\"error\":"
	         "\"no\"}}}]}]}");
	reading_release(&r);
}

/* Calls without ids get some from us, for our own book; Gemini never hears of them. */
TEST(made_ids_stay_at_home)
{
	struct reading r = READING_INIT;
	struct arena a = ARENA_INIT;
	read_whole(&r, &provider_gemini, "gemini/tools-without-ids.sse");
	assert_int_equal(r.reply->n_calls, 2);
	assert_true(str_starts(str_of(r.reply->calls[0].id), "made_"));
	assert_string_not_equal(r.reply->calls[0].id, r.reply->calls[1].id);
	struct turn turns[] = {
		said(&r),
		{ .role = "tool", .content = STR("1"), .call_id = r.reply->calls[0].id, .call_name = "a" },
	};
	struct prompt p = { .model = "gemini-3-flash", .turns = turns, .n_turns = ARRAY_SIZE(turns) };
	const struct json *j = built(&a, &provider_gemini, &p);
	is_str(j, "contents[1].parts[0].functionResponse.name", "a");
	assert_null(json_get(j, "contents[1].parts[0].functionResponse.id"));
	arena_release(&a);
	reading_release(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(same_reply_wherever_it_is_cut),
		cmocka_unit_test(a_stream_that_stops_early_is_never_complete),
		cmocka_unit_test(many_parts_are_read_in_one_walk),
		cmocka_unit_test(request),
		cmocka_unit_test(own_parts_are_said_again_unchanged),
		cmocka_unit_test(made_ids_stay_at_home),
	};
	return cmocka_run_group_tests_name("providers: gemini", tests, NULL, NULL);
}
