#pragma once
/*
 * Cleans the text of an answer as it comes from a provider. Bytes of a character, and halves of a
 * surrogate pair, that came in two pieces are joined; other invalid bytes become U+FFFD. Thinking
 * that a model wrote between <think> and </think> at the beginning is left out. Blanks before the
 * first word are held back until that word comes, so that an answer of blanks is no answer. Pure
 * functions; linear in the bytes.
 */
#include "shared/str.h"

/* size of `held`; when half of it is full, blanks are passed on as text */
#define TEXT_BLANKS_MAX 4096

struct text {
	char cut[4]; /* beginning of a character whose rest has not come */
	int n_cut;
	enum { TEXT_BLANK, TEXT_THOUGHT, TEXT_SPOKEN } state;
	/* BLANK: blanks, and a possible beginning of <think>; THOUGHT: one of </think> */
	struct strbuf held;
	size_t n_blank;              /* bytes at the beginning of `held` that are known to be blanks */
	int tag;                     /* THOUGHT: index of the open tag */
	bool has_thought, has_words; /* has_words: more than blanks was passed on */
	size_t bytes_in;             /* bytes that came, with the thinking */
	void (*on_text)(void *ctx, struct str text);
	void *ctx;
};
#define TEXT_INIT(fn, ctx_)                                                          \
	{                                                                            \
		.held = STRBUF_INIT(TEXT_BLANKS_MAX), .on_text = (fn), .ctx = (ctx_) \
	}

/* True when nothing in the text is visible: blanks of ASCII, and Unicode's blanks of any width
 * (also of none). */
bool text_is_blank(struct str);
void text_add(struct text *, struct str piece);
/* The text has ended: passes on what was held back. Blanks alone are dropped. */
void text_end(struct text *);
void text_release(struct text *);
