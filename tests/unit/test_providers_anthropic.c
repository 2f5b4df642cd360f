/* Anthropic's streams, cut at every byte, and what is said back to it. The recordings are in tests/golden/anthropic/. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/unit/reading.h"

#define SONNET "claude-sonnet-4-5-20250929"
#define USED(in, out, cached_, write, hour, thought)                                                         \
	{                                                                                                    \
		.input = in, .output = out, .cached = cached_, .cache_write = write, .cache_write_1h = hour, \
		.reasoning = thought                                                                         \
	}
#define U472 USED(472, 89, 0, 0, 0, -1)
#define STARTED USED(472, -1, 0, 0, 0, -1) /* what message_start says of the output is a placeholder */
#define TOOLS_OWN                                                                                                   \
	"[{\"type\":\"text\",\"text\":\"Let me check.\"},"                                                          \
	"{\"type\":\"tool_use\",\"id\":\"toolu_A\",\"name\":\"get_weather\",\"input\":{\"location\": \"Berlin\"}}," \
	"{\"type\":\"tool_use\",\"id\":\"toolu_B\",\"name\":\"list_all\",\"input\":{}}]"
#define THINKING_OWN                                                                                                       \
	"[{\"type\":\"thinking\",\"thinking\":\"I should \\\"look\\\".\",\"signature\":\"EqQBCgIYAhIM1gbcDa9GJwZA2b3h\"}," \
	"{\"type\":\"redacted_thinking\",\"data\":\"EmwKAhgBEgy3va3pzix\"},{\"type\":\"text\",\"text\":\"Forty-two.\"}]"
#define A(file_, text_, finish_, ...)                                                                                      \
	{                                                                                                                  \
		.file = "anthropic/" file_, .ops = &provider_anthropic, .text = text_, .finish = finish_, .model = SONNET, \
		__VA_ARGS__                                                                                                \
	}

static const struct golden GOLDEN[] = {
	A("text.sse", "Hello, \xC3\xA9\xE4\xB8\x96\xE7\x95\x8C \xF0\x9F\x98\x80\n", "end_turn",
	  .usage = USED(472, 9, 0, 0, 0, -1)),
	A("tools.sse", "Let me check.", "tool_use", .usage = U472,
	  .calls = "toolu_A get_weather {\"location\": \"Berlin\"}; toolu_B list_all {}", .native = TOOLS_OWN),
	/* What the vendor billed: 3 + 12304 in, once. */
	A("thinking-cache.sse", "Forty-two.", "end_turn", .usage = USED(12307, 550, 0, 12304, 304, 500), .native = THINKING_OWN),
	A("cache-read.sse", "read", "end_turn", .usage = USED(2010, 5, 2000, 0, 0, -1)),
	A("delta-input-tokens-win.sse", "proxy", "end_turn", .usage = USED(61, 7, 0, 0, 0, -1)),
	A("max-tokens.sse", "cut at the", "max_tokens", .usage = USED(472, 3, 0, 0, 0, -1)),
	A("max-tokens-in-tool-args.sse", "", "max_tokens", .usage = U472, .code = ERR_STARVED),
	A("max-tokens-before-tool-args.sse", "", "max_tokens", .usage = U472, .code = ERR_STARVED),
	A("broken-tool-args.sse", "", "tool_use", .usage = U472, .code = ERR_NO_ANSWER),
	A("unknown-block-broken.sse", "", "end_turn", .usage = U472, .code = ERR_NO_ANSWER),
	A("refusal.sse", "I will", "refusal", .usage = USED(472, 4, 0, 0, 0, -1), .code = ERR_CONTENT_FILTER),
	A("unknown-events.sse", "known", "end_turn", .usage = U472,
	  .native = "[{\"type\":\"hologram\",\"shape\":\"cube\",\"n\":12345678901234567890},"
	            "{\"type\":\"text\",\"text\":\"known\",\"citations\":[{\"type\":\"page\",\"n\":1}]}]"),
	A("same-message-start-twice.sse", "once", "end_turn", .usage = U472),
	A("second-message-start.sse", "first", "", .usage = STARTED, .code = ERR_BAD_REPLY),
	A("error-midstream-overloaded.sse", "half an", "", .usage = STARTED, .code = ERR_OVERLOADED),
	A("truncated-clean-close.sse", "half an", "", .usage = STARTED, .code = ERR_TRUNCATED),
	A("truncated-in-tool-args.sse", "", "", .usage = STARTED, .code = ERR_TRUNCATED),
	A("truncated-before-stop.sse", "Let me check.", "tool_use", .usage = U472,
	  .calls = "toolu_A get_weather {\"location\": \"Berlin\"}; toolu_B list_all {}", .native = TOOLS_OWN),
	A("stop-without-reason.sse", "half", "", .usage = STARTED),
	A("whole.json", "in one piece", "tool_use", .usage = USED(472, 89, -1, -1, -1, -1),
	  .calls = "toolu_A get_weather {\"location\":\"Berlin\"}",
	  .native = "[{\"type\":\"text\",\"text\":\"in one piece\"},"
	            "{\"type\":\"tool_use\",\"id\":\"toolu_A\",\"name\":\"get_weather\",\"input\":{\"location\":\"Berlin\"}}]"),
	{ .file = "anthropic/error-first.sse",
	  .ops = &provider_anthropic,
	  .text = "",
	  .finish = "",
	  .model = "",
	  .usage = UNSAID,
	  .code = ERR_RATE_LIMITED },
};

TEST(same_reply_wherever_it_is_cut)
{
	same_wherever_cut(GOLDEN, ARRAY_SIZE(GOLDEN));
}

TEST(a_stream_that_stops_early_is_never_complete)
{
	never_complete_too_early(GOLDEN, ARRAY_SIZE(GOLDEN));
}

TEST(request)
{
	struct turn turns[] = { { .role = "user", .content = STR("Weather in Berlin?") },
		                { .role = "user", .content = STR("") },
		                { .role = "user", .content = STR("And Paris?") } };
	struct tool tool = { "get_weather", "by city", STR("{\"type\":\"object\"}") };
	struct prompt p = { .model = "claude-sonnet-5", .turns = turns, .n_turns = 3 };
	is_built(
		&provider_anthropic, &p,
		"{\"model\":\"claude-sonnet-5\",\"max_tokens\":4096,\"stream\":true,\"messages\":[{\"role\":\"user\",\"content\":["
		"{\"type\":\"text\",\"text\":\"Weather in Berlin?\"},{\"type\":\"text\",\"text\":\"And Paris?\"}]}]}");
	p = (struct prompt){ .model = "claude-haiku-4-5",
		             .system = "be brief",
		             .turns = turns,
		             .n_turns = 1,
		             .tools = &tool,
		             .n_tools = 1,
		             .max_tokens = 7,
		             .schema = STR("{\"type\":\"object\"}"),
		             .is_exact = true };
	is_built(
		&provider_anthropic, &p,
		"{\"model\":\"claude-haiku-4-5\",\"max_tokens\":7,\"stream\":true,\"temperature\":0,\"system\":[{\"type\":\"text\","
		"\"text\":\"be brief\",\"cache_control\":{\"type\":\"ephemeral\"}}],\"tools\":[{\"name\":\"get_weather\","
		"\"description\":\"by city\",\"input_schema\":{\"type\":\"object\"}}],\"output_config\":{\"format\":{\"type\":"
		"\"json_schema\",\"schema\":{\"type\":\"object\"}}},\"messages\":[{\"role\":\"user\",\"content\":[{\"type\":\"text\","
		"\"text\":\"Weather in Berlin?\"}]}]}");
	is_path(&provider_anthropic, "claude-haiku-4-5", "/v1/messages");
}

/* What it signed must come back byte for byte; the results of all calls are one message of the user's, and come first in it. */
TEST(own_parts_are_said_again_unchanged)
{
	struct reading r = READING_INIT;
	read_whole(&r, &provider_anthropic, "anthropic/tools.sse");
	struct turn turns[] = {
		{ .role = "user", .content = STR("Weather?") },
		said(&r),
		{ .role = "tool", .content = STR("21 C"), .call_id = r.reply->calls[0].id, .call_name = "get_weather" },
		{ .role = "tool",
		  .content = STR("no"),
		  .call_id = r.reply->calls[1].id,
		  .call_name = "list_all",
		  .is_error = true },
		{ .role = "user", .content = STR("thanks") },
	};
	struct prompt p = { .model = "claude-sonnet-5", .turns = turns, .n_turns = ARRAY_SIZE(turns) };
	is_built(
		&provider_anthropic, &p,
		"{\"model\":\"claude-sonnet-5\",\"max_tokens\":4096,\"stream\":true,\"messages\":[{\"role\":\"user\",\"content\":["
		"{\"type\":\"text\",\"text\":\"Weather?\"}]},{\"role\":\"assistant\",\"content\":" TOOLS_OWN
		"},{\"role\":\"user\",\"content\":[{\"type\":\"tool_result\",\"tool_use_id\":\"toolu_A\",\"content\":\"21 C\","
		"\"is_error\":false},{\"type\":\"tool_result\",\"tool_use_id\":\"toolu_B\",\"content\":\"no\",\"is_error\":true},"
		"{\"type\":\"text\",\"text\":\"thanks\"}]}]}");
	read_whole(&r, &provider_anthropic, "anthropic/thinking-cache.sse");
	turns[1] = said(&r);
	p.n_turns = 2;
	is_built(
		&provider_anthropic, &p,
		"{\"model\":\"claude-sonnet-5\",\"max_tokens\":4096,\"stream\":true,\"messages\":[{\"role\":\"user\",\"content\":["
		"{\"type\":\"text\",\"text\":\"Weather?\"}]},{\"role\":\"assistant\",\"content\":" THINKING_OWN "}]}");
	reading_release(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(same_reply_wherever_it_is_cut),
		cmocka_unit_test(a_stream_that_stops_early_is_never_complete),
		cmocka_unit_test(request),
		cmocka_unit_test(own_parts_are_said_again_unchanged),
	};
	return cmocka_run_group_tests_name("providers: anthropic", tests, NULL, NULL);
}
