/* Whatever the pieces, a body has the same events, the same end and the same error; and no byte of an event was not sent. */
#include "tests/fuzz/fuzz.h"
#include "worker/net/split.h"

static int collect(void *ctx, const char *name, struct str data, struct err *err)
{
	struct strbuf *out = ctx;
	(void)err;
	RULE(data.len > 0, "an event without data");
	strbuf_addf(out, "%s(", name);
	strbuf_add(out, data.ptr, data.len);
	strbuf_char(out, ')');
	return 0;
}

static void run(struct str in, size_t step, struct strbuf *out)
{
	struct splitter s;
	struct err err = { .code = ERR_OK };
	int result = 0;
	split_init(&s);
	for (size_t i = 0; i < in.len && result == 0; i += step) {
		size_t n = MIN(step, in.len - i);
		char *piece = malloc(n);
		memcpy(piece, in.ptr + i, n);
		result = split_feed(&s, (struct str){ piece, n }, collect, out, &err);
		free(piece);
	}
	if (result == 0)
		result = split_end(&s, collect, out, &err);
	strbuf_addf(out, "%d %d", result, err.code);
	split_release(&s);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str in = { (const char *)data + 1, size > 0 ? size - 1 : 0 };
	struct strbuf whole = STRBUF_INIT(size * 40 + 100), pieces = STRBUF_INIT(size * 40 + 100);
	run(in, MAX(in.len, 1), &whole);
	run(in, size > 0 ? 1 + data[0] % 9 : 1, &pieces);
	RULE(strcmp(strbuf_text(&whole), strbuf_text(&pieces)) == 0 && whole.len == pieces.len, "other events in pieces");
	strbuf_release(&whole);
	strbuf_release(&pieces);
	return 0;
}
