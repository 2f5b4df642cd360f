#pragma once
/*
 * Decides how a reply ended, for all protocols: from what was read, not from how it was
 * transported. Pure functions. docs/decisions/015-how-a-reply-ends.md has the table: what happens
 * to the message, what is paid, which route is called next.
 */
#include "worker/llm/provider.h"

/* Knows the common words and those of every protocol, in any letter case, with _, - or blanks. */
enum finish_kind finish_kind(const char *word);

/* What was read of a body when it ended, or when reading was stopped. */
struct evidence {
	const struct reply *reply;
	bool has_text;               /* text that is not only blanks; thinking is no text */
	const struct err *error;     /* error in the body before the reply was whole; OK: none */
	const struct err *late;      /* error in the body after the reply was whole */
	const struct err *calls;     /* why the tool calls of a whole reply cannot be used */
	const struct err *transport; /* why the transfer failed; NULL: the body ended normally */
	size_t body_bytes;
};

struct verdict {
	struct err err; /* code OK: an answer */
	/* stop, length, tool_calls, content_filter, or the provider's own word, which lives
	 * as long as the reply; NULL: none */
	const char *finish_reason;
	/* what proves that nothing is missing: reason, mark, reason+mark, body; NULL: nothing */
	const char *proof;
};

/* True when the provider has said that the reply is done: errors of the transport do not matter
 * from here on. More text may still come, and usage. */
bool reply_is_whole(const struct reply *);
/* The finish_reason of an answer with tool calls is tool_calls, whatever word for a stop came with
 * them. */
struct verdict verdict(const struct evidence *);
