/*
 * The splitter stands between the network, which cuts anywhere, and the providers, which must see whole events: whatever the pieces,
 * the events must be the same, and what is left over must be told, because a left-over is how a cut answer is recognised.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "worker/net/sse.h"

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

/* Feeds pieces of the given size (0: one cut at `cut`) and answers the events and "+left". */
static void run(enum split_kind kind, struct str in, size_t cut, size_t step, struct strbuf *out)
{
	struct splitter s;
	struct err err = { .code = ERR_OK };
	bool left;
	split_init(&s, kind);
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
	assert_int_equal(split_end(&s, collect, out, &left, &err), 0);
	strbuf_str(out, left ? "+left" : "");
	split_release(&s);
}

static void expect(enum split_kind kind, struct str in, const char *want)
{
	struct strbuf out = STRBUF_INIT(65536);
	run(kind, in, 0, 0, &out);
	assert_string_equal(strbuf_text(&out), want);
	for (size_t step = 1; step <= 3; step++) {
		strbuf_clear(&out);
		run(kind, in, 0, step, &out);
		assert_string_equal(strbuf_text(&out), want);
	}
	for (size_t cut = 1; cut < in.len; cut++) {
		strbuf_clear(&out);
		run(kind, in, cut, 0, &out);
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
	{ "data\n\n", "{}" },
	{ "data:\n\n", "{}" },
	{ "\n\n\n\ndata: a\n\n\n\n", "{a}" },
	{ "event: x\ndata: a\n\ndata: b\n\n", "x{a}{b}" },
	{ "data: a\nevent: late\n\n", "late{a}" },
	{ "event: alone\n\ndata: b\n\n", "{b}" },
	{ ": keepalive\n\n:\n\ndata: a\n: in between\ndata: b\n\n", "{a\nb}" },
	{ "id: 7\nretry: 100\nother: x\ndata: a\nnonsense\n\n", "{a}" },
	{ "datax: a\ndat: b\nDATA: c\n\n", "" },
	{ " data: a\n\n", "" },
	{ "\xEF\xBB\xBF"
	  "data: a\n\n",
	  "{a}" },
	{ "data: a\n\n\xEF\xBB\xBF"
	  "data: b\n\n",
	  "{a}" },
	{ "data: \xC3\xA9\xF0\x9F\x98\x80\n\n", "{\xC3\xA9\xF0\x9F\x98\x80}" },
	{ "event: 0123456789012345678901234567890123456789\ndata: a\n\n", "0123456789012345678901234567890{a}" },
	{ "data: a\n\ndata: b\n", "{a}+left" },
	{ "data: a\n\ndata: b", "{a}+left" },
	{ "data: a\n\ndat", "{a}+left" },
	{ "data: a\r\n\r\n", "{a}" },
	{ "data: a\r\n", "+left" },
	{ "data: a\n\n{\n \"e\": 1\n}\n", "{a}{{\n \"e\": 1\n}\n}" },
	{ "data: a\n\n{\"e\": 1}", "{a}{{\"e\": 1}\n}" },
	{ "[1,\r\n\r\n2]\r\n", "{[1,\n\n2]\n}" },
	{ "data: a\n{}\n\n", "{a}" },
};

static const struct {
	const char *in, *want;
} LINES[] = {
	{ "", "" },
	{ "{\"a\":1}\n{\"b\":2}\n", "{{\"a\":1}}{{\"b\":2}}" },
	{ "one\r\ntwo\r\n\r\nthree", "{one}{two}{three}" },
	{ "\n\n one \n\n", "{ one }" },
	{ "\xEF\xBB\xBFone\n\xEF\xBB\xBFtwo\n", "{one}{\xEF\xBB\xBFtwo}" },
	{ "data: a\n\n", "{data: a}" },
};

TEST(sse_whatever_the_pieces)
{
	for (size_t i = 0; i < ARRAY_SIZE(SSE); i++)
		expect(SPLIT_SSE, str_of(SSE[i].in), SSE[i].want);
}

TEST(lines_whatever_the_pieces)
{
	for (size_t i = 0; i < ARRAY_SIZE(LINES); i++)
		expect(SPLIT_LINES, str_of(LINES[i].in), LINES[i].want);
}

TEST(whole_is_one_event_with_its_newlines)
{
	expect(SPLIT_WHOLE, STR("{\n \"a\": 1\r\n}\n\n"), "{{\n \"a\": 1\r\n}\n\n}");
	expect(SPLIT_WHOLE, STR("\xEF\xBB\xBF{}"), "{{}}");
	expect(SPLIT_WHOLE, STR(""), "");
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
	expect(SPLIT_SSE, str_of(in), want);
}

static void fill(enum split_kind kind, const char *unit, size_t times, int want)
{
	struct splitter s;
	struct err err = { .code = ERR_OK };
	struct strbuf out = STRBUF_INIT(64), block = STRBUF_INIT(1u << 20);
	size_t n = strlen(unit), in_block = (1u << 19) / n;
	int result = 0;
	for (size_t i = 0; i < in_block; i++)
		strbuf_str(&block, unit);
	split_init(&s, kind);
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
	fill(SPLIT_SSE, "x", SPLIT_LINE_MAX, -1);
	fill(SPLIT_LINES, "x", SPLIT_LINE_MAX, -1);
	fill(SPLIT_WHOLE, "x\n", SPLIT_LINE_MAX / 2, -1);
	/* one event of many short lines is one event */
	fill(SPLIT_SSE, "data: 0123456789012345678901234567890123456789\n", SPLIT_LINE_MAX / 40, -1);
	/* many events are not: a stream may be long */
	fill(SPLIT_SSE, ": comment\n\n", SPLIT_LINE_MAX / 8, 0);
	fill(SPLIT_SSE, "data: x\n\n", SPLIT_LINE_MAX / 8, 0);
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
	split_init(&s, SPLIT_SSE);
	assert_int_equal(split_feed(&s, STR("data: a\n\ndata: b\n\ndata: c\n\n"), refuse_second, &n, &err), -1);
	assert_int_equal(n, 2);
	assert_int_equal(err.code, ERR_BAD_REPLY);
	split_release(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sse_whatever_the_pieces),
		cmocka_unit_test(lines_whatever_the_pieces),
		cmocka_unit_test(whole_is_one_event_with_its_newlines),
		cmocka_unit_test(bytes_of_any_value_pass_through),
		cmocka_unit_test(sizes_are_capped),
		cmocka_unit_test(a_callback_stops_it),
	};
	return cmocka_run_group_tests_name("sse", tests, NULL, NULL);
}
