#include "worker/llm/provider.h"

void reply_release(struct reply *r)
{
	strbuf_release(&r->own);
	r->calls = NULL;
	r->n_calls = 0;
}

static const struct {
	const char *word;
	enum finish_kind kind;
} ENDINGS[] = {
	{ "length", FINISH_CUT },
	{ "max_tokens", FINISH_CUT },
	{ "MAX_TOKENS", FINISH_CUT },
	{ "model_context_window_exceeded", FINISH_CUT },
	{ "content_filter", FINISH_FILTERED },
	{ "refusal", FINISH_FILTERED },
	{ "SAFETY", FINISH_FILTERED },
	{ "RECITATION", FINISH_FILTERED },
	{ "LANGUAGE", FINISH_FILTERED },
	{ "BLOCKLIST", FINISH_FILTERED },
	{ "PROHIBITED_CONTENT", FINISH_FILTERED },
	{ "SPII", FINISH_FILTERED },
	{ "IMAGE_SAFETY", FINISH_FILTERED },
	{ "IMAGE_PROHIBITED_CONTENT", FINISH_FILTERED },
	{ "IMAGE_RECITATION", FINISH_FILTERED },
	{ "MALFORMED_FUNCTION_CALL", FINISH_BROKEN },
	{ "MALFORMED_RESPONSE", FINISH_BROKEN },
	{ "UNEXPECTED_TOOL_CALL", FINISH_BROKEN },
	{ "TOO_MANY_TOOL_CALLS", FINISH_BROKEN },
	{ "MISSING_THOUGHT_SIGNATURE", FINISH_BROKEN },
	{ "OTHER", FINISH_BROKEN },
	{ "error", FINISH_BROKEN },
	{ "load", FINISH_BROKEN },
	{ "unload", FINISH_BROKEN },
};

enum finish_kind reply_ended(const struct reply *r)
{
	if (!r->has_finish)
		return FINISH_NONE;
	if (strncmp(r->finish, "blocked: ", 9) == 0)
		return FINISH_FILTERED;
	for (size_t i = 0; i < ARRAY_SIZE(ENDINGS); i++)
		if (strcmp(r->finish, ENDINGS[i].word) == 0)
			return ENDINGS[i].kind;
	return FINISH_WHOLE;
}
