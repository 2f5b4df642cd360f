#include "worker/llm/verdict.h"

#include <ctype.h>

/* Finish reasons of more than one vendor. Only these words, and those of the protocols, have this
 * meaning: a word that merely resembles one of them proves nothing. */
static const struct ending WORDS[] = {
	{ "stop", FINISH_STOP },
	{ "stop_sequence", FINISH_STOP },
	{ "stop_str", FINISH_STOP },
	{ "stop_token", FINISH_STOP },
	{ "stop_word", FINISH_STOP },
	{ "end_turn", FINISH_STOP },
	{ "end_of_turn", FINISH_STOP },
	{ "end_of_text", FINISH_STOP },
	{ "end", FINISH_STOP },
	{ "eos", FINISH_STOP },
	{ "eos_token", FINISH_STOP },
	{ "eot", FINISH_STOP },
	{ "endoftext", FINISH_STOP },
	{ "stop_criteria_met", FINISH_STOP },
	{ "complete", FINISH_STOP },
	{ "completed", FINISH_STOP },
	{ "finished", FINISH_STOP },
	{ "finish", FINISH_STOP },
	{ "done", FINISH_STOP },
	{ "success", FINISH_STOP },
	{ "normal", FINISH_STOP },
	{ "tool_calls", FINISH_STOP },
	{ "tool_call", FINISH_STOP },
	{ "tool_use", FINISH_STOP },
	{ "tool", FINISH_STOP },
	{ "function_call", FINISH_STOP },
	{ "function_calls", FINISH_STOP },

	{ "length", FINISH_LENGTH },
	{ "max_tokens", FINISH_LENGTH },
	{ "max_token", FINISH_LENGTH },
	{ "max_length", FINISH_LENGTH },
	{ "max_new_tokens", FINISH_LENGTH },
	{ "max_output_tokens", FINISH_LENGTH },
	{ "max_output", FINISH_LENGTH },
	{ "context", FINISH_LENGTH },
	{ "max_completion_tokens", FINISH_LENGTH },
	{ "token_limit", FINISH_LENGTH },
	{ "token_limit_reached", FINISH_LENGTH },
	{ "model_length", FINISH_LENGTH },
	{ "context_length", FINISH_LENGTH },
	{ "context_length_exceeded", FINISH_LENGTH },

	{ "malformed_model_output", FINISH_FAULT },
	{ "malformed_tool_use", FINISH_FAULT },

	{ "null", FINISH_NONE }, /* some servers send this string in every event and mean null */
	{ "none", FINISH_NONE },
};

/* Parts of the vendors' words for "refused by a filter": each vendor has its own. No word for a
 * normal end contains one of them. */
static const char *const FILTERS[] = { "filter",   "safety",     "sensitive", "refus",     "block",
	                               "prohibit", "guardrail",  "moderat",   "policy",    "toxic",
	                               "censor",   "recitation", "violat",    "copyright", "inappropriate" };

enum finish_kind finish_kind(const char *word)
{
	char w[48];
	size_t n = 0;
	for (; word[n] != '\0' && n < sizeof w - 1; n++)
		w[n] = word[n] == '-' || word[n] == ' ' ? '_' : (char)tolower((unsigned char)word[n]);
	w[n] = '\0';
	if (n == 0)
		return FINISH_NONE;
	for (size_t i = 0; i < ARRAY_SIZE(WORDS); i++)
		if (strcmp(w, WORDS[i].word) == 0)
			return WORDS[i].kind;
	const struct ending *own = provider_ending(w);
	if (own != NULL)
		return own->kind;
	for (size_t i = 0; i < ARRAY_SIZE(FILTERS); i++)
		if (strstr(w, FILTERS[i]) != NULL)
			return FINISH_FILTERED;
	return FINISH_UNKNOWN;
}

bool reply_is_whole(const struct reply *r)
{
	enum finish_kind kind = finish_kind(r->finish);
	if (kind == FINISH_NONE)
		return r->has_mark || r->is_document;
	return kind != FINISH_UNKNOWN;
}

static const char *proof_of(const struct reply *r)
{
	enum finish_kind kind = finish_kind(r->finish);
	if (!reply_is_whole(r))
		return NULL;
	if (r->is_document)
		return "body";
	return kind == FINISH_NONE ? "mark" : r->has_mark ? "reason+mark" : "reason";
}

static const char *reason_of(const struct reply *r)
{
	if (r->is_refused)
		return "content_filter";
	switch (finish_kind(r->finish)) {
	case FINISH_NONE:
		return NULL;
	case FINISH_STOP:
		return r->n_begun > 0 ? "tool_calls" : "stop";
	case FINISH_LENGTH:
		return "length";
	case FINISH_FILTERED:
		return "content_filter";
	default:
		return r->finish;
	}
}

static const char *word_of(const struct reply *r)
{
	return r->finish[0] != '\0' ? r->finish : "no reason said";
}

static int starved(const struct reply *r, struct err *err)
{
	if (r->n_begun > 0)
		return err_set(err, ERR_STARVED, "the answer was cut inside of a tool call (%.31s): raise max_tokens",
		               word_of(r));
	if (r->has_thought)
		return err_set(err, ERR_STARVED,
		               "everything went into thinking, nothing was left for the answer (%.31s): raise max_tokens",
		               word_of(r));
	return err_set(err, ERR_STARVED, "the answer was cut before its first word (%.31s): raise max_tokens", word_of(r));
}

/* The reply is whole and ended normally: is there text or a tool call in it? -1 with err: there is
 * none. */
static int used(const struct evidence *h, struct err *err)
{
	const struct reply *r = h->reply;
	if (h->has_text || r->n_calls > 0)
		return 0;
	if (h->late->code != ERR_OK)
		*err = *h->late;
	else if (finish_kind(r->finish) == FINISH_NONE) /* an end mark without an answer */
		err_set(err, ERR_TRUNCATED, "the body ended without an answer, after %zu bytes", h->body_bytes);
	else
		err_set(err, ERR_NO_ANSWER, "an empty answer (%.31s)", word_of(r));
	return -1;
}

/* The first rule that fits decides; each is a line of the decision note's table. */
static int verdict_judge(const struct evidence *h, struct err *err)
{
	const struct reply *r = h->reply;
	enum finish_kind kind = finish_kind(r->finish);
	if (kind == FINISH_FILTERED || (r->is_refused && reply_is_whole(r)))
		return err_set(err, ERR_CONTENT_FILTER, "the provider withheld the answer (%.40s)",
		               r->is_refused ? "refusal" : r->finish);
	if (h->error->code != ERR_OK && !reply_is_whole(r)) {
		*err = *h->error;
		return -1;
	}
	if (kind == FINISH_FAULT)
		return err_set(err, ERR_NO_ANSWER, "the model gave nothing that can be used (%.31s)", r->finish);
	if (kind == FINISH_LENGTH)
		return h->has_text ? 0 : starved(r, err);
	if (h->calls->code != ERR_OK && reply_is_whole(r)) {
		*err = *h->calls;
		return -1;
	}
	if (reply_is_whole(r))
		return used(h, err);
	if (h->transport != NULL) {
		*err = *h->transport;
		return -1;
	}
	if (kind == FINISH_UNKNOWN)
		return err_set(err, ERR_TRUNCATED, "the provider broke off (%.47s)", r->finish);
	return err_set(err, ERR_TRUNCATED, "the stream ended without a reason or an end mark, after %zu bytes", h->body_bytes);
}

struct verdict verdict(const struct evidence *h)
{
	struct verdict v = { .finish_reason = reason_of(h->reply), .proof = proof_of(h->reply) };
	verdict_judge(h, &v.err);
	return v;
}
