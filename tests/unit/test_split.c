/*
 * The splitter stands between the network, which cuts anywhere, and the providers, which must see whole events: whatever the pieces,
 * the events must be the same.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "worker/net/split.h"

#define TEST(name) static void name(void **state __attribute__((unused)))

/* Writes each event as name{data} into a strbuf. */
static int collect(void *ctx, const char *name, struct str data, struct err *err)
{
	struct strbuf *out = ctx;
	(void)err;
	strbuf_addf(out, "%s{", name);
	strbuf_add(out, data.ptr, data.len);
	strbuf_char(out, '}');
	return 0;
}

/* Feeds pieces of the given size (0: one cut at `cut`) and answers the events and "". */
static void run(struct str in, size_t cut, size_t step, struct strbuf *out)
{
	struct splitter s;
	struct err err = { .code = ERR_OK };
	split_init(&s);
	for (size_t i = 0; i < in.len;) {
		size_t n = step > 0 ? step : i == 0 && cut > 0 ? cut : in.len - i;
		n = MIN(n, in.len - i);
		/* a copy of exactly this size, so that a read past its end is seen by AddressSanitizer */
		char *piece = malloc(n);
		memcpy(piece, in.ptr + i, n);
		assert_int_equal(split_feed(&s, (struct str){ piece, n }, collect, out, &err), 0);
		free(piece);
		i += n;
	}
	assert_int_equal(split_end(&s, collect, out, &err), 0);
	split_release(&s);
}

static void expect(struct str in, const char *want)
{
	struct strbuf out = STRBUF_INIT(65536);
	run(in, 0, 0, &out);
	assert_string_equal(strbuf_text(&out), want);
	for (size_t step = 1; step <= 3; step++) {
		strbuf_clear(&out);
		run(in, 0, step, &out);
		assert_string_equal(strbuf_text(&out), want);
	}
	for (size_t cut = 1; cut < in.len; cut++) {
		strbuf_clear(&out);
		run(in, cut, 0, &out);
		assert_string_equal(strbuf_text(&out), want);
	}
	strbuf_release(&out);
}

static const struct {
	const char *in, *want;
} SSE[] = {
	{ "", "" },
	{ "data: a\n\ndata: b\n\n", "{a}{b}" },
	{ "data: a\r\n\r\ndata: b\r\n\r\n", "{a}{b}" },
	{ "data: a\r\rdata: b\r\r", "{a}{b}" },
	{ "data: a\n\r\ndata: b\r\n\n\r", "{a}{b}" },
	{ "data:a\n\n", "{a}" },
	{ "data:  a\n\n", "{ a}" },
	{ "data: a:b: c\n\n", "{a:b: c}" },
	{ "data: a\ndata: b\ndata:\ndata: c\n\n", "{a\nb\n\nc}" },
	{ "data\n\n", "" }, /* an event without data is none */
	{ "data:\n\n", "" },
	{ "\n\n\n\ndata: a\n\n\n\n", "{a}" },
	{ "event: x\ndata: a\n\ndata: b\n\n", "x{a}{b}" },
	{ "data: a\nevent: late\n\n", "late{a}" },
	{ "event: alone\n\ndata: b\n\n", "{b}" },
	{ ": keepalive\n\n:\n\ndata: a\n: in between\ndata: b\n\n", "{a\nb}" },
	{ "id: 7\nretry: 100\nother: x\ndata: a\nnonsense\n\n", "{a}" },
	{ ":\ndatax: a\ndat: b\nDATA: c\n\n", "" },
	{ ": x", "" },
	{ " data: a\n\n", "{a}" },
	{ "\xEF\xBB\xBF"
	  "data: a\n\n",
	  "{a}" },
	{ "data: a\n\n\xEF\xBB\xBF"
	  "data: b\n\n",
	  "{a}" },
	{ "data: \xC3\xA9\xF0\x9F\x98\x80\n\n", "{\xC3\xA9\xF0\x9F\x98\x80}" },
	{ "event: 0123456789012345678901234567890123456789\ndata: a\n\n", "0123456789012345678901234567890{a}" },
	{ "data: a\n\ndata: b\n", "{a}" },
	{ "data: a\n\ndata: b", "{a}" },
	{ "data: a\n\ndat", "{a}" },
	{ "data: a\r\n\r\n", "{a}" },
	{ "data: a\r\n", "" },
	{ "data: a\n\n{\n \"e\": 1\n}\n", "{a}{{\n \"e\": 1\n}}" },
	{ "data: a\n\n{\"e\": 1}", "{a}{{\"e\": 1}}" },
	{ "event: error\n{\"e\": 1}\n\ndata: b\n\n", "error{{\"e\": 1}}{b}" },
	{ "data: a\n{}\n\n", "{a}" },
	/* a whole value needs no end mark, and no empty line before the next */
	{ "b5\ndata: a\n\n", "{a}" }, /* what is no field is passed over */
	{ "data: {\"a\":1}", "{{\"a\":1}}" },
	{ "data: {\"a\":1}\ndata: {\"b\":\"}\"}\ndata: [DONE]\n", "{{\"a\":1}}{{\"b\":\"}\"}}{[DONE]}" },
	{ "data: {\"a\":\ndata: {\"b\":2}}\n\n", "{{\"a\":\n{\"b\":2}}}" },
	{ "data: {\"a\":1}\ndata: x\n\n", "{{\"a\":1}\nx}" },
	{ "data: {\"a\":\"}", "" },
	{ "data: [DON", "" },
	{ "data: {}\n\ndata: {\"a\":1", "{{}}" },
};

static const struct {
	const char *in, *want;
} JSON[] = {
	{ "{\"a\":1}\n{\"b\":2}\n", "{{\"a\":1}}{{\"b\":2}}" },
	{ "{\"a\":1}\r\n\r\n{\"b\":2}", "{{\"a\":1}}{{\"b\":2}}" },
	{ "{\"a\":1}{\"b\":2}", "{{\"a\":1}}{{\"b\":2}}" },
	{ "\n\n {\"a\":\"}\\\"{\"} \n\n", "{{\"a\":\"}\\\"{\"}}" },
	{ "{\n \"a\": [1,\r\n2]\r\n}\n\n", "{{\n \"a\": [1,\r\n2]\r\n}}" },
	{ "\xEF\xBB\xBF{}\n", "{{}}" },
	{ "[{\"a\":1},\r\n{\"b\":[2]}]\r\n", "{{\"a\":1}}{{\"b\":[2]}}" },
	{ "[[1],{}]", "{[1]}{{}}" },
	{ "[]", "" },
	{ "{\"a\":1}\n{\"b\":", "{{\"a\":1}}" },
	{ "[{\"a\":1},", "{{\"a\":1}}" },
	{ "{\"error\":1}\ndata: [DONE]\n\n", "{{\"error\":1}}{[DONE]}" },
};

TEST(sse_whatever_the_pieces)
{
	for (size_t i = 0; i < ARRAY_SIZE(SSE); i++)
		expect(str_of(SSE[i].in), SSE[i].want);
}

TEST(json_whatever_the_pieces)
{
	for (size_t i = 0; i < ARRAY_SIZE(JSON); i++)
		expect(str_of(JSON[i].in), JSON[i].want);
}

TEST(what_is_neither_is_refused)
{
	static const char *const BODIES[] = { "<html><body>502</body></html>", "upstream error\n", "Error: no\n\n" };
	for (size_t i = 0; i < ARRAY_SIZE(BODIES); i++) {
		struct strbuf out = STRBUF_INIT(64);
		struct splitter s;
		struct err err = { .code = ERR_OK };
		split_init(&s);
		int result = split_feed(&s, str_of(BODIES[i]), collect, &out, &err);
		result |= split_end(&s, collect, &out, &err);
		assert_int_equal(result, -1);
		assert_int_equal(err.code, ERR_BAD_REPLY);
		split_release(&s);
		strbuf_release(&out);
	}
}

TEST(bytes_of_any_value_pass_through)
{
	char in[300] = "data: ", want[300] = "{";
	size_t n = 6, w = 1;
	for (int c = 1; c < 256; c++)
		if (c != '\n' && c != '\r')
			in[n++] = want[w++] = (char)c;
	memcpy(in + n, "\n\n", 3);
	memcpy(want + w, "}", 2);
	expect(str_of(in), want);
}

static void fill(const char *unit, size_t times, int want)
{
	struct splitter s;
	struct err err = { .code = ERR_OK };
	struct strbuf out = STRBUF_INIT(64), block = STRBUF_INIT(1u << 20);
	size_t n = strlen(unit), in_block = (1u << 19) / n;
	int result = 0;
	for (size_t i = 0; i < in_block; i++)
		strbuf_str(&block, unit);
	split_init(&s);
	for (size_t i = 0; i < times / in_block + 1 && result == 0; i++)
		result = split_feed(&s, (struct str){ strbuf_text(&block), block.len }, collect, &out, &err);
	assert_int_equal(result, want);
	assert_int_equal(err.code, want < 0 ? ERR_TOO_BIG : ERR_OK);
	split_release(&s);
	strbuf_release(&out);
	strbuf_release(&block);
}

TEST(sizes_are_capped)
{
	fill("data: x", SPLIT_LINE_MAX, -1);
	fill("{\"a\":", SPLIT_LINE_MAX, -1);
	/* one event of many short lines is one event */
	fill("data: 0123456789012345678901234567890123456789\n", SPLIT_LINE_MAX / 40, -1);
	/* many events are not: a stream may be long */
	fill(": comment\n\n", SPLIT_LINE_MAX / 8, 0);
	fill("data: x\n\n", SPLIT_LINE_MAX / 8, 0);
}

static int refuse_second(void *ctx, const char *name, struct str data, struct err *err)
{
	int *n = ctx;
	(void)name;
	(void)data;
	return ++*n == 2 ? err_set(err, ERR_BAD_REPLY, "the second") : 0;
}

TEST(a_callback_stops_it)
{
	struct splitter s;
	struct err err;
	int n = 0;
	split_init(&s);
	assert_int_equal(split_feed(&s, STR("data: a\n\ndata: b\n\ndata: c\n\n"), refuse_second, &n, &err), -1);
	assert_int_equal(n, 2);
	assert_int_equal(err.code, ERR_BAD_REPLY);
	split_release(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sse_whatever_the_pieces),    cmocka_unit_test(json_whatever_the_pieces),
		cmocka_unit_test(what_is_neither_is_refused), cmocka_unit_test(bytes_of_any_value_pass_through),
		cmocka_unit_test(sizes_are_capped),           cmocka_unit_test(a_callback_stops_it),
	};
	return cmocka_run_group_tests_name("split", tests, NULL, NULL);
}
