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

/* The blocks that lie behind `from`; one without a closing fence is none. Only the first max have their code. Returns how many
 * there are; *out is in the arena. */
int code_blocks(struct arena *, struct str answer, size_t from, int max, struct code_block **out);

/* Appends the answer's bytes from `from`, the beginning of a line outside of any block, to `to`. In the place of each line that has
 * the form in which we write a real result (result.h) stands `notice`: where the model wrote one, it is forged. False: none was.
 * are_run: as of code_settled(). */
bool code_disarm(struct strbuf *out, struct str answer, size_t from, size_t to, bool are_run, const char *notice);

/* How far an answer that is still being written was looked through; zeros: not at all. */
struct code_scan {
	size_t at;    /* the beginning of a line outside of any block */
	bool is_held; /* nothing from there on may be shown, whatever comes */
};
/* Of such an answer: the bytes that may be shown, up to a line that is forged, to the first block that will be run (if blocks
 * are), or to a line that may become either. */
size_t code_settled(struct str answer, bool are_run, struct code_scan *);
