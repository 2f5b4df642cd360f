#include "worker/llm/provider.h"

static const struct provider_ops *const PROVIDERS[] = { &provider_ollama, &provider_openai, &provider_anthropic, &provider_gemini,
	                                                &provider_null };

const struct provider_ops *provider_speaks(const char *protocol)
{
	for (size_t i = 0; i < ARRAY_SIZE(PROVIDERS); i++)
		if (strcmp(PROVIDERS[i]->protocol, protocol) == 0)
			return PROVIDERS[i];
	return NULL;
}

void reply_release(struct reply *r)
{
	strbuf_release(&r->own);
	r->calls = NULL;
	r->n_calls = 0;
}
