#pragma once
/*
 * How a reply ended, for all protocols: judged by what was read, never by how it was transported. Pure. docs/decisions/015-how-a-reply-ends.md has
 * the table: what the message becomes, what is paid, who is called next.
 */
#include "worker/llm/provider.h"

/* Common words, and those of every protocol's provider, in lower case or not, with _ or -. */
enum finish_kind finish_kind(const char *word);

/* What was read of a body, when it ended or when nobody reads on. */
struct evidence {
	const struct reply *reply;
	bool has_text;               /* more than blanks, and no thinking */
	const struct err *error;     /* said inside of the body before it was whole; code OK: none */
	const struct err *late;      /* the same, after it was whole */
	const struct err *calls;     /* why the calls of a whole reply cannot be used */
	const struct err *transport; /* NULL: the body came to its end by itself */
	size_t body_bytes;
};

struct verdict {
	struct err err; /* code OK: an answer */
	const char *
		finish_reason; /* stop, length, tool_calls, content_filter, or the reply's own word, which lives as long as the reply; NULL: none */
	const char *proof; /* what showed that nothing is missing: reason, mark, reason+mark, body; NULL: nothing did */
};

/* Nothing that the transport does from here on matters: the provider said that it was done. More text may still come, and usage. */
bool reply_is_whole(const struct reply *);
/* finish_reason of an answer with calls is tool_calls, whatever word came with them. */
struct verdict verdict(const struct evidence *);
