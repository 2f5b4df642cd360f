/*
 * No provider, for load tests: everything happens to a message except the HTTP call (call.c makes
 * the answer itself). The answer says what it is; its usage is counted by bytes and marked as
 * estimated.
 */
#include "worker/llm/provider.h"

static void null_build(const struct prompt *p, struct strbuf *b)
{
	strbuf_char(b, '[');
	for (int i = 0; i < p->n_turns; i++) {
		if (i > 0)
			strbuf_char(b, ',');
		json_put_str(b, p->turns[i].content);
	}
	strbuf_char(b, ']');
}

const struct provider_ops provider_null = { .protocol = "null", .is_null = true, .build = null_build };
