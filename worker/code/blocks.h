#pragma once
/*
 * Blocks of code in an answer (CommonMark's fenced blocks) that can be run, and what the model says that they print. Pure
 * functions, linear in the bytes.
 */
#include "shared/arena.h"
#include "shared/str.h"

struct code_block {
	const char *language; /* as the sandbox names it: python, javascript, bash */
	struct str code;      /* in the arena */
	size_t begin, end;    /* bytes of the answer: from its opening fence, to behind its closing one */
	size_t simulated_end; /* behind what follows it and is said to be its output; end: nothing is */
};

/* The first max blocks that lie behind `from`; one without a closing fence is none. Returns how many there are in all. */
int code_blocks(struct arena *, struct str answer, size_t from, struct code_block *out, int max);
/* Of an answer that is still being written: the bytes that may be shown, up to the first block behind `from` that will be
 * run, or to a line that may begin one. */
size_t code_settled(struct str answer, size_t from);
