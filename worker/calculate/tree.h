#pragma once
/* A calculation as a tree, and what makes one and prints one. Nodes live in the arena. */
#include "worker/calculate/lex.h"

/* What a node does with its children. */
enum node_kind {
	N_NUMBER,
	N_ADD,
	N_SUBTRACT,
	N_MULTIPLY,
	N_DIVIDE,
	N_MODULO,
	N_POWER,
	N_NEGATE,
	N_SQRT,
	N_CBRT,
	N_FACTORIAL,
	N_ABSOLUTE, /* without its sign */
	N_SUM,
	N_PRODUCT,
	N_MEAN,
	N_MEDIAN,
	N_MAXIMUM,
	N_MINIMUM,
	N_SORT,
	N_SORT_FALLING,
};

struct node {
	enum node_kind kind;
	const char *number;        /* as Python writes it */
	struct node *child, *next; /* the first child; the next of its parent */
	bool is_group;             /* it was written in parentheses */
	/* It was said in words, and what follows it might belong to it: "racine carrée de 9 plus 16". */
	bool is_open;
};

/* NULL: the tokens are not surely a calculation. */
struct node *calculation_parse(struct arena *, const struct token *, int n, enum language_of *);

/* Appends a program that prints the value. */
void calculation_python(struct strbuf *, const struct node *);
