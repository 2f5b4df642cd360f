#include "worker/llm/provider.h"

#include <strings.h>

static const struct provider_ops *const PROVIDERS[] = {
#define PROTOCOL(name) &provider_##name,
#include "shared/protocols.def"
#undef PROTOCOL
};

const struct provider_ops *provider_speaks(const char *protocol)
{
	for (size_t i = 0; i < ARRAY_SIZE(PROVIDERS); i++)
		if (strcmp(PROVIDERS[i]->protocol, protocol) == 0)
			return PROVIDERS[i];
	return NULL;
}

const struct ending *provider_ending(const char *word)
{
	for (size_t i = 0; i < ARRAY_SIZE(PROVIDERS); i++)
		for (const struct ending *e = PROVIDERS[i]->endings; e != NULL && e->word != NULL; e++)
			if (strcmp(e->word, word) == 0)
				return e;
	return NULL;
}

const struct error_word *provider_error_word(struct str word)
{
	for (size_t i = 0; i < ARRAY_SIZE(PROVIDERS); i++)
		for (const struct error_word *w = PROVIDERS[i]->error_words; w != NULL && w->word != NULL; w++)
			if (word.len == strlen(w->word) && strncasecmp(word.ptr, w->word, word.len) == 0)
				return w;
	return NULL;
}

void reply_release(struct reply *r)
{
	strbuf_release(&r->native);
	r->calls = NULL;
	r->n_calls = 0;
}
