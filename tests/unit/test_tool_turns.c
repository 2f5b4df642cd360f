/*
 * A conversation with a tool in it, begun with one provider and gone on with another: calls and results are said in the other's form, what
 * only the first understands (signatures, odd ids) is left out, and every call keeps its answer.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/unit/reading.h"

#define ASKED "{\"city\":\"Berlin\"}"
#define OWN_OF_ANTHROPIC "[{\"type\":\"thinking\",\"thinking\":\"hm\",\"signature\":\"SIGNED\"}]"
#define OWN_OF_GEMINI "[{\"functionCall\":{\"name\":\"weather\"},\"thoughtSignature\":\"SIGNED\"}]"
#define TO_SONNET "{\"model\":\"claude-sonnet-5\",\"max_tokens\":4096,\"stream\":true,\"messages\":["

static const struct tool_call CALLS[] = { { "fc.1/x", "weather", STR(ASKED), STR("") }, { "call_B", "list_all", { "", 0 }, STR("") } };
static struct turn TURNS[] = {
	{ .role = "user", .content = STR("Weather?") },
	{ .role = "assistant", .content = STR("Let me see."), .calls = CALLS, .n_calls = 2 },
	{ .role = "tool", .content = STR("21 C"), .call_id = "fc.1/x", .call_name = "weather" },
	{ .role = "tool", .content = STR("none"), .call_id = "call_B", .call_name = "list_all", .is_error = true },
};

static void said_by(const char *protocol, struct str own)
{
	TURNS[1].own_protocol = protocol;
	TURNS[1].native = own;
}

static struct prompt prompt(const char *model)
{
	return (struct prompt){ .model = model, .turns = TURNS, .n_turns = ARRAY_SIZE(TURNS) };
}

TEST(to_openai)
{
	struct prompt p = prompt("gpt-4o-mini");
	said_by("anthropic", STR(OWN_OF_ANTHROPIC));
	is_built(
		&provider_openai, &p,
		"{\"model\":\"gpt-4o-mini\",\"stream\":true,\"stream_options\":{\"include_usage\":true},\"messages\":["
		"{\"role\":\"user\",\"content\":\"Weather?\"},"
		"{\"role\":\"assistant\",\"content\":\"Let me see.\",\"tool_calls\":["
		"{\"id\":\"fc_1_x\",\"type\":\"function\",\"function\":{\"name\":\"weather\",\"arguments\":\"{\\\"city\\\":\\\"Berlin\\\"}\"}},"
		"{\"id\":\"call_B\",\"type\":\"function\",\"function\":{\"name\":\"list_all\",\"arguments\":\"{}\"}}]},"
		"{\"role\":\"tool\",\"tool_call_id\":\"fc_1_x\",\"content\":\"21 C\"},"
		"{\"role\":\"tool\",\"tool_call_id\":\"call_B\",\"content\":\"none\"}]}");
	TURNS[1].content = STR("");
	struct arena a = ARENA_INIT;
	assert_true(json_is_null(built(&a, &provider_openai, &p), "messages[1].content"));
	TURNS[1].content = STR("Let me see.");
	arena_release(&a);
}

TEST(to_ollama)
{
	struct prompt p = prompt("llama3.2");
	said_by("gemini", STR(OWN_OF_GEMINI));
	is_built(&provider_ollama, &p,
	         "{\"model\":\"llama3.2\",\"stream\":true,\"truncate\":false,\"options\":{\"num_ctx\":8192},\"messages\":["
	         "{\"role\":\"user\",\"content\":\"Weather?\"},"
	         "{\"role\":\"assistant\",\"content\":\"Let me see.\",\"tool_calls\":["
	         "{\"id\":\"fc_1_x\",\"function\":{\"index\":0,\"name\":\"weather\",\"arguments\":" ASKED "}},"
	         "{\"id\":\"call_B\",\"function\":{\"index\":1,\"name\":\"list_all\",\"arguments\":{}}}]},"
	         "{\"role\":\"tool\",\"content\":\"21 C\",\"tool_name\":\"weather\",\"tool_call_id\":\"fc_1_x\"},"
	         "{\"role\":\"tool\",\"content\":\"none\",\"tool_name\":\"list_all\",\"tool_call_id\":\"call_B\"}]}");
}

TEST(to_anthropic)
{
	struct prompt p = prompt("claude-sonnet-5");
	said_by("gemini", STR(OWN_OF_GEMINI));
	is_built(
		&provider_anthropic, &p,
		TO_SONNET
		"{\"role\":\"user\",\"content\":[{\"type\":\"text\",\"text\":\"Weather?\"}]},"
		"{\"role\":\"assistant\",\"content\":[{\"type\":\"text\",\"text\":\"Let me see.\"},"
		"{\"type\":\"tool_use\",\"id\":\"fc_1_x\",\"name\":\"weather\",\"input\":" ASKED "},"
		"{\"type\":\"tool_use\",\"id\":\"call_B\",\"name\":\"list_all\",\"input\":{}}]},"
		"{\"role\":\"user\",\"content\":[{\"type\":\"tool_result\",\"tool_use_id\":\"fc_1_x\",\"content\":\"21 C\",\"is_error\":false},"
		"{\"type\":\"tool_result\",\"tool_use_id\":\"call_B\",\"content\":\"none\",\"is_error\":true}]}]}");
}

TEST(to_gemini)
{
	struct prompt p = prompt("gemini-2.5-flash");
	said_by("anthropic", STR(OWN_OF_ANTHROPIC));
	is_built(&provider_gemini, &p,
	         "{\"contents\":[{\"role\":\"user\",\"parts\":[{\"text\":\"Weather?\"}]},"
	         "{\"role\":\"model\",\"parts\":[{\"text\":\"Let me see.\"},"
	         "{\"functionCall\":{\"name\":\"weather\",\"args\":" ASKED "}},"
	         "{\"functionCall\":{\"name\":\"list_all\",\"args\":{}}}]},"
	         "{\"role\":\"user\",\"parts\":[{\"functionResponse\":{\"name\":\"weather\",\"response\":{\"output\":\"21 C\"}}},"
	         "{\"functionResponse\":{\"name\":\"list_all\",\"response\":{\"error\":\"none\"}}}]}]}");
	struct arena a = ARENA_INIT;
	p.model = "gemini-3-pro"; /* refuses a call that nobody signed */
	const struct json *j = built(&a, &provider_gemini, &p);
	is_str(j, "contents[1].parts[1].thoughtSignature", "skip_thought_signature_validator");
	assert_null(json_get(j, "contents[1].parts[2].thoughtSignature"));
	arena_release(&a);
}

/* A message without a part is none: no brackets stay behind. */
TEST(nothing_to_say)
{
	struct turn turns[] = { { .role = "user", .content = STR("") },
		                { .role = "assistant", .content = STR("hi"), .own_protocol = "anthropic", .native = STR("[]") } };
	struct prompt p = { .model = "claude-sonnet-5", .turns = turns, .n_turns = 1 };
	is_built(&provider_anthropic, &p, TO_SONNET "]}");
	is_built(&provider_gemini, &p, "{\"contents\":[]}");
	p.n_turns = 2;
	is_built(&provider_anthropic, &p,
	         TO_SONNET "{\"role\":\"assistant\",\"content\":[{\"type\":\"text\",\"text\":\"hi\"}]}]}");
}

#define SCHEMA "{\"type\":\"object\",\"required\":[\"city\"]}"
#define NO_SCHEMA "{\"type\":\"object\",\"properties\":{}}"
#define FUNCTIONS                                                                                                                  \
	",\"tools\":[{\"type\":\"function\",\"function\":{\"name\":\"weather\",\"description\":\"by city\",\"parameters\":" SCHEMA \
	"}},{\"type\":\"function\",\"function\":{\"name\":\"list_all\",\"parameters\":" NO_SCHEMA "}}]"

/* Byte for byte; a tool without arguments has an empty schema, and with Gemini none at all. */
TEST(tools)
{
	static const struct tool ALL[] = { { "weather", "by city", STR(SCHEMA) }, { "list_all", NULL, { "", 0 } } };
	static const struct {
		const struct provider_ops *ops;
		const char *want;
	} ROWS[] = {
		{ &provider_openai, FUNCTIONS },
		{ &provider_ollama, FUNCTIONS },
		{ &provider_anthropic, ",\"tools\":[{\"name\":\"weather\",\"description\":\"by city\",\"input_schema\":" SCHEMA
		                       "},{\"name\":\"list_all\",\"input_schema\":" NO_SCHEMA "}]" },
		{ &provider_gemini, ",\"tools\":[{\"functionDeclarations\":[{\"name\":\"weather\",\"description\":\"by city\","
		                    "\"parametersJsonSchema\":" SCHEMA "},{\"name\":\"list_all\"}]}]" },
	};
	struct strbuf b = STRBUF_INIT(65536);
	struct prompt p = prompt("m");
	p.tools = ALL;
	p.n_tools = 2;
	for (size_t i = 0; i < ARRAY_SIZE(ROWS); i++) {
		strbuf_clear(&b);
		ROWS[i].ops->build(&p, &b);
		if (strstr(strbuf_text(&b), ROWS[i].want) == NULL)
			fail_msg("built  %s\nwanted %s", strbuf_text(&b), ROWS[i].want);
	}
	strbuf_release(&b);
}

static void sets(const struct provider_ops *ops, const char *model, struct sampling set, const char *want)
{
	struct turn turn = { .role = "user", .content = STR("x") };
	struct prompt p = { .model = model, .turns = &turn, .n_turns = 1, .max_tokens = 8000, .set = set };
	struct strbuf b = STRBUF_INIT(4096);
	ops->build(&p, &b);
	if (strstr(strbuf_text(&b), want) == NULL)
		fail_msg("no %s in %s", want, strbuf_text(&b));
	p.is_exact = true; /* ours: what people set for answers is not for this */
	strbuf_clear(&b);
	ops->build(&p, &b);
	if (strstr(strbuf_text(&b), want) != NULL)
		fail_msg("%s in %s", want, strbuf_text(&b));
	strbuf_release(&b);
}

/* What people set reaches each vendor in its own words. */
TEST(what_people_set)
{
	const struct sampling both = { .temperature = "0.2", .top_p = "0.9" }, low = { .reasoning = "low" },
			      tokens = { .reasoning = "3000" }, none = { .reasoning = "none" };
	sets(&provider_openai, "m", both, "\"temperature\":0.2,\"top_p\":0.9");
	sets(&provider_anthropic, "claude-3-5-haiku", both, "\"temperature\":0.2,\"top_p\":0.9");
	sets(&provider_anthropic, "claude-sonnet-5", both, "\"temperature\":0.2,\"messages\""); /* it refuses both at once */
	sets(&provider_gemini, "gemini-2.5-flash", both, "\"temperature\":0.2,\"topP\":0.9");
	sets(&provider_ollama, "m", both, "\"temperature\":0.2,\"top_p\":0.9}");
	sets(&provider_openai, "gpt-5", low, "\"reasoning_effort\":\"low\"");
	sets(&provider_openai, "gpt-5", tokens, "\"reasoning_effort\":\"medium\"");
	sets(&provider_anthropic, "claude-sonnet-5", low,
	     "\"thinking\":{\"type\":\"adaptive\"},\"output_config\":{\"effort\":\"low\"}");
	sets(&provider_anthropic, "claude-haiku-4-5", low, "\"thinking\":{\"type\":\"enabled\",\"budget_tokens\":2048}");
	sets(&provider_anthropic, "claude-sonnet-5", tokens, "\"thinking\":{\"type\":\"enabled\",\"budget_tokens\":3000}");
	sets(&provider_gemini, "gemini-2.5-flash", low, "\"thinkingConfig\":{\"thinkingBudget\":2048}");
	sets(&provider_gemini, "gemini-2.5-flash", none, "\"thinkingConfig\":{\"thinkingBudget\":0}");
	sets(&provider_gemini, "gemini-3-flash", low, "\"thinkingConfig\":{\"thinkingLevel\":\"low\"}");
	sets(&provider_gemini, "gemini-3-flash", tokens, "\"thinkingConfig\":{\"thinkingBudget\":3000}");
	sets(&provider_ollama, "qwen3", low, "\"think\":true");
	sets(&provider_ollama, "qwen3", none, "\"think\":false");
	sets(&provider_ollama, "gpt-oss:20b", low, "\"think\":\"low\"");
}

/* Thinking is part of max_tokens: a budget that leaves nothing for the answer is cut, and where there is no room for any the model is not asked to
 * think. */
TEST(thinking_leaves_room_for_the_answer)
{
	struct turn turn = { .role = "user", .content = STR("x") };
	struct prompt p = { .model = "claude-haiku-4-5",
		            .turns = &turn,
		            .n_turns = 1,
		            .max_tokens = 2000,
		            .set = { .temperature = "0.5", .reasoning = "high" } };
	struct strbuf b = STRBUF_INIT(4096);
	provider_anthropic.build(&p, &b);
	assert_non_null(strstr(strbuf_text(&b), "\"budget_tokens\":1488}"));
	assert_null(strstr(strbuf_text(&b), "temperature"));
	p.max_tokens = 500;
	strbuf_clear(&b);
	provider_anthropic.build(&p, &b);
	assert_null(strstr(strbuf_text(&b), "thinking"));
	assert_non_null(strstr(strbuf_text(&b), "\"temperature\":0.5"));
	strbuf_release(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_people_set), cmocka_unit_test(thinking_leaves_room_for_the_answer),
		cmocka_unit_test(to_openai),       cmocka_unit_test(to_ollama),
		cmocka_unit_test(to_anthropic),    cmocka_unit_test(to_gemini),
		cmocka_unit_test(nothing_to_say),  cmocka_unit_test(tools),
	};
	return cmocka_run_group_tests_name("tool turns", tests, NULL, NULL);
}
