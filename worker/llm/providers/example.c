/* A protocol to see what a protocol takes. */
#include "worker/llm/provider.h"

static void example_build(const struct prompt *p, struct strbuf *b)
{
	json_put_str(b, str_of(p->model));
}

const struct provider_ops provider_example = { .protocol = "example", .is_null = true, .build = example_build };
