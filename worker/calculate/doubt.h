#pragma once
/* What has the form of a calculation and might be something else. */
#include "worker/calculate/lex.h"

/* How surely the words around it ask for a calculation. */
enum asked { BARE, ASKED, ASKED_WHAT, ASKED_TO_CALCULATE };

/* from, to: the tokens of the calculation itself; to[0] is what follows. before: how it is asked for before it, as in "je voudrais";
 * asked: on both sides. True: it is not surely a calculation. */
bool is_doubtful(const struct token *from, const struct token *to, enum asked before, enum asked asked);
