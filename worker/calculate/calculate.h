#pragma once
/*
 * Calculations that are asked for in words, in French or English: "Calcule 5 + 3", "what is 17% of 2,340?". Only a message
 * that is one as a whole is taken for one: every character of it must be understood. What might be a date, a score, a
 * dimension or an order number is not, and goes to the model. Pure: no state, any thread.
 */
#include "shared/arena.h"
#include "shared/str.h"
#include "worker/code/result.h"

struct calculation {
	const char *code; /* Python, which prints the result; it contains no text of the message beyond its digits */
	bool is_french;   /* the question's language; English where nothing tells */
};

/* True if the text is surely a calculation. The result is in the arena. */
bool calculation_read(struct arena *, struct str text, struct calculation *out);

/* Appends the answer: the code, and its real result. cached_from: the run whose result this is, as the same calculation was run
 * before; NULL: it was run for this message. */
void calculation_answer(struct strbuf *, const struct calculation *, const struct real_result *, const char *cached_from);
