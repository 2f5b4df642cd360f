#pragma once
/*
 * The text of an answer as it comes from a provider, made whole for those who read it: bytes of a character, and halves of a surrogate pair, that
 * came in two pieces are joined, others become U+FFFD; thinking that a model wrote between <think> and </think> at the beginning is left out;
 * blanks before the first word are held back until it comes, so that an answer of blanks is none. Pure; linear in the bytes.
 */
#include "shared/str.h"

#define TEXT_BLANKS_MAX 4096 /* bytes of blanks are held back; then they are text */

struct text {
	char cut[4]; /* the beginning of a character that is not there yet */
	int n_cut;
	enum { TEXT_BLANK, TEXT_THOUGHT, TEXT_SPOKEN } state;
	struct strbuf held; /* BLANK: blanks, and what may be the beginning of <think>; THOUGHT: what may be that of </think> */
	int tag;            /* THOUGHT: which one is open */
	bool has_thought, has_words; /* has_words: more than blanks was handed on */
	size_t bytes_in;             /* that came, thinking and all */
	void (*on_text)(void *ctx, struct str text);
	void *ctx;
};
#define TEXT_INIT(fn, ctx_)                                                          \
	{                                                                            \
		.held = STRBUF_INIT(TEXT_BLANKS_MAX), .on_text = (fn), .ctx = (ctx_) \
	}

/* Nothing that is seen: blanks of ASCII, and the wide, thin and empty ones of Unicode. */
bool text_is_blank(struct str);
void text_add(struct text *, struct str piece);
/* Nothing more comes. */
void text_end(struct text *);
void text_release(struct text *);
