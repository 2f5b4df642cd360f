#pragma once
/* Takes the text of a question apart. */
#include "shared/arena.h"
#include "shared/str.h"

enum language_of { NO_LANGUAGE, FR, EN };

/* Words (words.def), and what is written in signs. */
#define TOKENS(X)                                                                                                                \
	X(END)                                                                                                                   \
	X(NUMBER)                                                                                                                \
	X(OPEN)                                                                                                                  \
	X(CLOSE)                                                                                                                 \
	X(COMMA)                                                                                                                 \
	X(SEMICOLON)                                                                                                             \
	X(COLON)                                                                                                                 \
	X(DOT)                                                                                                                   \
	X(QUESTION) X(BANG) X(EQUALS) X(PLUS) X(MINUS) X(STAR) X(LETTER_X) X(DIVIDED) X(SLASH) X(OVER) X(MODULO) X(POWER)        \
		X(RAISED) X(SQUARED) X(CUBED) X(PERCENT) X(TIMES) X(ROOT) X(CUBE_ROOT) X(SQUARE) X(CUBE) X(FACTORIAL) X(SUM)     \
			X(PRODUCT) X(MEAN) X(MEDIAN) X(MAXIMUM) X(MINIMUM) X(SORT) X(ARRANGE) X(RISING) X(FALLING) X(DIFFERENCE) \
				X(QUOTIENT) X(REMAINDER) X(ADD) X(SUBTRACT) X(MULTIPLY) X(DIVIDE) X(INCREASE) X(DECREASE) X(OF)  \
					X(AND) X(BY) X(TO) X(FROM) X(WITH) X(BETWEEN) X(EACH_OTHER) X(WHEN) X(DIVISION)          \
						X(WHOLE_DIVISION) X(HOW_OFTEN) X(IN) X(HOW_MANY_TIMES) X(GO_INTO) X(POLITE)      \
							X(ASK) X(IS) X(SURE) X(AROUND) X(TAIL) X(NOTHING) X(NUMBERS)
enum token_kind {
#define X(name) T_##name,
	TOKENS(X)
#undef X
};

struct token {
	enum token_kind kind;
	enum language_of language;                   /* of a word */
	bool space_before, space_after, line_before; /* line_before: it begins a line */
	/* NUMBER: as written, with '_' for a space between groups of three; RAISED: the digits of a power in small figures. */
	struct str text;
};

#define TOKENS_MAX 120

/* The tokens of the text, the last of which is END; their number. 0: there is a word or a sign that no calculation has, or
 * more than TOKENS_MAX. */
int calculation_lex(struct arena *, struct str text, struct token out[TOKENS_MAX]);
