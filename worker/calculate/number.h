#pragma once
#include "worker/calculate/lex.h"

/* The language that writes a number (the text of a NUMBER) in this way: 2,5 and 2 340,5 FR; 2,340 EN. */
enum language_of number_language(struct str);
/* As Python writes it; NULL: it is none in that language. In the arena. */
const char *number_read(struct arena *, struct str, enum language_of);
