#include "worker/llm/provider.h"

void reply_release(struct reply *r)
{
	strbuf_release(&r->own);
	r->calls = NULL;
	r->n_calls = 0;
}
