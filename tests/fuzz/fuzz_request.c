/*
 * A conversation of any turns becomes a request that the strictest vendor takes: valid JSON, beginning with the user, roles that alternate, no
 * blank turn,
 * no call without its result. Each line of the input is a turn: its first letter says whose (u, a, t), c is an answer with a call, o one in its
 * own form.
 */
#include "shared/utf8.h"
#include "tests/fuzz/fuzz.h"
#include "worker/llm/text.h"
#include "worker/llm/turns.h"

#define TURNS_MAX 40

static const struct provider_ops *const OPS[] = {
#define PROTOCOL(name) &provider_##name,
#include "shared/protocols.def"
#undef PROTOCOL
};
static const struct tool_call CALL = { "A", "f", STR("{}"), STR("") };

static struct turn turn_of(struct str line)
{
	struct turn t = { .role = "user", .content = { line.ptr + (line.len > 0), line.len > 0 ? line.len - 1 : 0 } };
	switch (line.len > 0 ? line.ptr[0] : 'u') {
	case 't':
		t.role = "tool";
		t.call_id = t.content.len % 2 == 0 ? "A" : "B";
		t.call_name = "f";
		break;
	case 'c':
		t.calls = &CALL;
		t.n_calls = 1;
		t.role = "assistant";
		break;
	case 'o':
		t.own_protocol = "anthropic";
		t.native = STR("[{\"type\":\"tool_use\",\"id\":\"A\",\"name\":\"f\",\"input\":{}}]");
		t.role = "assistant";
		break;
	case 'a':
		t.role = "assistant";
		break;
	}
	return t;
}

static bool is(const struct turn *t, const char *role)
{
	return strcmp(t->role, role) == 0;
}

static void check_turns(const struct turn *t, int n)
{
	RULE(n == 0 || is(&t[0], "user"), "it begins with %s", t[0].role);
	RULE(n == 0 || !is(&t[n - 1], "assistant"), "it ends with an answer");
	for (int i = 0; i < n; i++) {
		bool has_call = t[i].n_calls > 0 || t[i].own_protocol != NULL;
		RULE(has_call || is(&t[i], "tool") || !text_is_blank(t[i].content), "a blank turn");
		RULE(!has_call || (i + 1 < n && is(&t[i + 1], "tool")), "a call without a result");
		RULE(!is(&t[i], "tool") || (i > 0 && !is(&t[i - 1], "user")), "a result without a call");
		RULE(i == 0 || !is(&t[i], "user") || !is(&t[i - 1], "user"), "two turns of the user's in a row");
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena a = ARENA_INIT;
	struct turn turns[TURNS_MAX], out[TURNS_MAX];
	int n = 0;
	for (const char *at = (const char *)data, *end = at + size; at < end && n < TURNS_MAX;) {
		const char *stop = memchr(at, '\n', (size_t)(end - at));
		size_t len = stop != NULL ? (size_t)(stop - at) : (size_t)(end - at);
		turns[n++] = turn_of((struct str){ at, len });
		at += len + 1;
	}
	n = turns_clean(&a, turns, n, provider_speaks, out);
	check_turns(out, n);
	int first = turns_first(out, n, size > 0 ? data[0] : 0);
	RULE(n == 0 || is(&out[first], "user"), "the window begins with %s", out[first].role);
	for (size_t i = 0; i < ARRAY_SIZE(OPS) && n > 0; i++) {
		struct prompt p = { .model = "m", .system = "s", .turns = out + first, .n_turns = n - first };
		struct strbuf b = STRBUF_INIT(size * 20 + 10000);
		const struct json *j;
		struct err err;
		OPS[i]->build(&p, &b);
		RULE(json_parse(&a, (struct str){ strbuf_text(&b), b.len }, 1u << 24, &j, &err) == 0, "%s: %s", OPS[i]->protocol,
		     err.msg);
		strbuf_release(&b);
	}
	arena_release(&a);
	return 0;
}
