/*
 * Prints a request with a tool in it, as the worker's protocols write it, for servers that nobody here wrote (run.sh): the path, then the body.
 * This
 * version's worker offers no tools yet.
 *   body PROTOCOL new|answered     answered: the model called the tool before, and what the tool said follows
 */
#include <stdio.h>

#include "worker/llm/address.h"

int main(int argc, char **argv)
{
	static const struct tool TOOLS[] = {
		{ "weather", "Today in a city",
		  STR("{\"type\":\"object\",\"properties\":{\"city\":{\"type\":\"string\"}},\"required\":[\"city\"]}") }
	};
	static const struct tool_call CALLS[] = {
		{ .id = "call_1", .name = "weather", .arguments = STR("{\"city\":\"Oslo\"}") }
	};
	static const struct turn TURNS[] = {
		{ .role = "user", .content = STR("How is it in Oslo?") },
		{ .role = "assistant", .content = STR("I look."), .calls = CALLS, .n_calls = 1 },
		{ .role = "tool", .content = STR("Rain."), .call_id = "call_1", .call_name = "weather" },
	};
	const struct provider_ops *ops = argc == 3 ? provider_speaks(argv[1]) : NULL;
	if (ops == NULL || ops->path == NULL)
		return 2;
	struct prompt p = { .model = "tools",
		            .system = "You know the weather.",
		            .turns = TURNS,
		            .n_turns = strcmp(argv[2], "answered") == 0 ? ARRAY_SIZE(TURNS) : 1,
		            .tools = TOOLS,
		            .n_tools = ARRAY_SIZE(TOOLS) };
	struct strbuf path = STRBUF_INIT(400), url = STRBUF_INIT(400), body = STRBUF_INIT(65536);
	struct err err;
	ops->path(&p, &path);
	if (address_url(ops, "", strbuf_text(&path), NULL, &url, NULL, &err) < 0)
		return 1;
	ops->build(&p, &body);
	printf("%s\n%s\n", strbuf_text(&url), strbuf_text(&body));
	strbuf_release(&path);
	strbuf_release(&url);
	strbuf_release(&body);
	return 0;
}
