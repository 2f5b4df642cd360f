/*
 * The doubling test: what a parser does with twice the bytes may be at most three times the work. All providers' calls share one thread, so that a
 * walk that
 * is repeated for each piece of an answer stops everybody's. Work is counted, not timed: the parsers are compiled so that each block of code that
 * runs
 * calls us (-fsanitize-coverage=trace-pc), and the bytes that memory and string functions look at are added (--wrap).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "shared/json.h"
#include "shared/utf8.h"
#include "worker/llm/classify.h"
#include "worker/llm/reader.h"
#include "worker/llm/turns.h"

#define UNIT 400 /* repeats of the smaller input */

static uint64_t work;

void __sanitizer_cov_trace_pc(void);
void __sanitizer_cov_trace_pc(void)
{
	work++;
}

#define WRAPPED(type, name, params, args, bytes) \
	type __real_##name params;               \
	type __wrap_##name params;               \
	type __wrap_##name params                \
	{                                        \
		work += (bytes);                 \
		return __real_##name args;       \
	}
size_t __real_strlen(const char *s);
size_t __real_strspn(const char *s, const char *f);
WRAPPED(size_t, strlen, (const char *s), (s), __real_strlen(s) / 16)
WRAPPED(void *, memcpy, (void *to, const void *from, size_t n), (to, from, n), n / 16)
WRAPPED(void *, memmove, (void *to, const void *from, size_t n), (to, from, n), n / 16)
WRAPPED(void *, memchr, (const void *s, int c, size_t n), (s, c, n), n / 16)
WRAPPED(int, memcmp, (const void *a, const void *b, size_t n), (a, b, n), n / 16)
WRAPPED(void *, memmem, (const void *s, size_t n, const void *f, size_t m), (s, n, f, m), n / 16)
WRAPPED(char *, strstr, (const char *s, const char *f), (s, f), __real_strlen(s) / 16)
WRAPPED(size_t, strspn, (const char *s, const char *f), (s, f), __real_strspn(s, f))
WRAPPED(int, strcmp, (const char *a, const char *b), (a, b), 1)
WRAPPED(char *, strcasestr, (const char *s, const char *f), (s, f), __real_strlen(s) / 16)

static void ignore(void *ctx, struct str text)
{
	(void)ctx;
	(void)text;
}

/* One of these, with the unit repeated: what a server could send. */
static const struct body {
	const char *what;
	const struct provider_ops *ops;
	const char *before, *unit, *after;
	size_t piece;     /* bytes of it that come at once; 0: all */
	const char *then; /* repeated as often behind the units; NULL: nothing */
} BODIES[] = {
	{ "many events", &provider_openai, "", "data: {\"choices\":[{\"delta\":{\"content\":\"word \"}}]}\n\n",
	  "data: [DONE]\n\n", 0, NULL },
	{ "bytes one by one", &provider_openai, "data: {\"choices\":[{\"delta\":{\"content\":\"", "0123456789abcdef",
	  "\"}}]}\n\n", 1, NULL },
	{ "an event on many lines", &provider_openai, "data: {\"choices\":[\n", "data: 1234567,\n", "data: 7654321]}\n\n", 7,
	  NULL },
	{ "blanks behind a whole value, looked at again", &provider_openai, "data: {}\n",
	  "data\ndata\ndata\ndata\ndata\ndata\ndata\ndata\ndata\ndata\n", "", 0, "data:x\ndata:{\n" },
	{ "data lines that are never whole", &provider_openai, "", "data: {\"a\":\n", "", 0, NULL },
	{ "pieces of arguments without id or index", &provider_openai, "",
	  "data: {\"choices\":[{\"delta\":{\"tool_calls\":[{\"function\":{\"name\":\"f\",\"arguments\":\"{\\\"a\\\":[\"}}]}}]}\n\n",
	  "data: [DONE]\n\n", 0, NULL },
	{ "pieces of arguments that look whole", &provider_openai,
	  "data: {\"choices\":[{\"delta\":{\"tool_calls\":[{\"index\":0,\"function\":{\"name\":\"f\",\"arguments\":\"{\\\"a\\\":\"}}]}}]}\n\n",
	  "data: {\"choices\":[{\"delta\":{\"tool_calls\":[{\"function\":{\"name\":\"f\",\"arguments\":\"\\\"}\\\"\"}}]}}]}\n\n",
	  "", 0, NULL },
	{ "content in parts", &provider_openai, "data: {\"choices\":[{\"delta\":{\"content\":[",
	  "{\"type\":\"text\",\"text\":\"wordword\"},", "{}]}}]}\n\n", 0, NULL },
	{ "escaped names", &provider_openai, "data: {", "\"\\u0063hoices\":[1234567],", "\"a\":1}\n\n", 0, NULL },
	{ "blanks", &provider_openai, "", "data: {\"choices\":[{\"delta\":{\"content\":\"\\n\"}}]}\n\n", "", 0, NULL },
	{ "thinking", &provider_openai, "data: {\"choices\":[{\"delta\":{\"content\":\"<think>\"}}]}\n\n",
	  "data: {\"choices\":[{\"delta\":{\"content\":\"hm </think\"}}]}\n\n", "", 0, NULL },
	{ "halves of characters", &provider_openai, "", "data: {\"choices\":[{\"delta\":{\"content\":\"\\ud83d\"}}]}\n\n", "", 0,
	  NULL },
	{ "parts of one response", &provider_gemini, "data: {\"candidates\":[{\"content\":{\"parts\":[", "{\"text\":\"word\"},",
	  "{\"text\":\"\"}]},\"finishReason\":\"STOP\"}]}\n\n", 0, NULL },
	{ "responses in an array", &provider_gemini, "[", "{\"candidates\":[{\"content\":{\"parts\":[{\"text\":\"word\"}]}}]},",
	  "{}]", 0, NULL },
	{ "signed parts", &provider_gemini, "",
	  "data: {\"candidates\":[{\"content\":{\"parts\":[{\"text\":\"word\",\"thoughtSignature\":\"x\"}]}}]}\n\n",
	  "data: {\"candidates\":[{\"finishReason\":\"STOP\"}]}\n\n", 0, NULL },
	{ "deltas of one block", &provider_anthropic,
	  "data: {\"type\":\"content_block_start\",\"index\":0,\"content_block\":{\"type\":\"thinking\"}}\n\n",
	  "data: {\"type\":\"content_block_delta\",\"index\":0,\"delta\":{\"type\":\"thinking_delta\",\"thinking\":\"word word\"}}\n\n",
	  "data: {\"type\":\"message_delta\",\"delta\":{\"stop_reason\":\"end_turn\"}}\n\n", 0, NULL },
	{ "deltas of no block", &provider_anthropic, "",
	  "data: {\"type\":\"content_block_delta\",\"index\":0,\"delta\":{\"text\":\"word word\"}}\n\n", "", 0, NULL },
	{ "lines of JSON", &provider_ollama, "", "{\"message\":{\"content\":\"word \"}}\n", "{\"done\":true}\n", 0, NULL },
	{ "brackets", &provider_ollama, "{\"message\":", "{\"a\":\"]}\",\"b\":[1,2,3]},\n", "", 3, NULL },
	{ "an error without end", &provider_openai, "{\"error\":{\"message\":\"", "rate limit try again in 1s ", "\"}}", 0,
	  NULL },
};

static struct str repeated(const struct body *b, size_t times, struct strbuf *out)
{
	strbuf_str(out, b->before);
	for (size_t i = 0; i < times; i++)
		strbuf_str(out, b->unit);
	for (size_t i = 0; i < times && b->then != NULL; i++)
		strbuf_str(out, b->then);
	strbuf_str(out, b->after);
	return (struct str){ strbuf_text(out), out->len };
}

/* How much work it is to read the body. */
static uint64_t reading_of(const struct body *b, size_t times, int status)
{
	struct strbuf text = STRBUF_INIT(4u << 20);
	struct str in = repeated(b, times, &text);
	struct reader r;
	struct err err;
	work = 0;
	reader_init(&r, b->ops, 0, ignore, NULL);
	size_t piece = b->piece > 0 ? b->piece : in.len;
	for (size_t i = 0; i < in.len; i += piece)
		if (reader_feed(&r, status, (struct str){ in.ptr + i, MIN(piece, in.len - i) }, &err) < 0)
			break;
	reader_end(&r, status, NULL);
	uint64_t done = work;
	reader_release(&r);
	strbuf_release(&text);
	return done;
}

static void doubled(const char *what, uint64_t once, uint64_t twice)
{
	if (once < 1000)
		fail_msg("%s: work of %llu is none: is it counted?", what, (unsigned long long)once);
	if (twice >= 3 * once)
		fail_msg("%s: %llu, and for twice the bytes %llu", what, (unsigned long long)once, (unsigned long long)twice);
}

static void test_replies(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(BODIES); i++)
		for (int status = 200; status <= 429; status += 229)
			doubled(BODIES[i].what, reading_of(&BODIES[i], UNIT, status), reading_of(&BODIES[i], 2 * UNIT, status));
}

static uint64_t parsing_of(const struct body *b, size_t times)
{
	struct strbuf text = STRBUF_INIT(4u << 20), out = STRBUF_INIT(16u << 20);
	struct str in = repeated(b, times, &text);
	struct arena a = ARENA_INIT;
	const struct json *j;
	struct err err;
	work = 0;
	if (json_parse(&a, in, SPLIT_LINE_MAX, &j, &err) == 0)
		json_put_str(&out, json_value(j));
	utf8_safe(&out, in, true);
	utf8_repair(&out, in);
	utf8_width(in);
	uint64_t done = work;
	arena_release(&a);
	strbuf_release(&text);
	strbuf_release(&out);
	return done;
}

static void test_texts(void **state)
{
	(void)state;
	static const struct body TEXTS[] = {
		{ .what = "numbers", .before = "[", .unit = "-1234.567e-8,", .after = "0]" },
		{ .what = "nested", .before = "[", .unit = "[[[{\"a\":[]}]]],", .after = "0]" },
		{ .what = "escapes", .before = "\"", .unit = "\\u00e9\\ud83d\\ude00\\\\\\n", .after = "\"" },
		{ .what = "halves", .before = "\"", .unit = "\\ud83d\\u0000", .after = "\"" },
		{ .what = "a string without end", .before = "\"", .unit = "0123456789", .after = "" },
		{ .what = "bytes of nothing", .before = "", .unit = "\xED\xA0\xBD\xFF\xF0\x9F", .after = "" },
		{ .what = "marks", .before = "a", .unit = "\xCC\x81\xE2\x80\x8D\xF0\x9F\x98\x80", .after = "" },
	};
	for (size_t i = 0; i < ARRAY_SIZE(TEXTS); i++)
		doubled(TEXTS[i].what, parsing_of(&TEXTS[i], UNIT), parsing_of(&TEXTS[i], 2 * UNIT));
}

/* That the count sees what it is for. */
static void test_a_square_is_seen(void **state)
{
	(void)state;
	uint64_t n[2];
	for (size_t k = 0; k < 2; k++) {
		struct strbuf text = STRBUF_INIT(1u << 20);
		size_t found = 0;
		work = 0;
		for (size_t i = 0; i < UNIT * (k + 1); i++) {
			strbuf_str(&text, "0123456789abcdef0123456789abcdef");
			found += str_has_nocase((struct str){ strbuf_text(&text), text.len }, "nothing");
		}
		assert_int_equal(found, 0);
		n[k] = work;
		strbuf_release(&text);
	}
	assert_true(n[1] > 3 * n[0]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_replies),
		cmocka_unit_test(test_texts),
		cmocka_unit_test(test_a_square_is_seen),
	};
	return cmocka_run_group_tests_name("linear", tests, NULL, NULL);
}
