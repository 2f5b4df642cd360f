/* A calculation as a Python program. */
#include "worker/calculate/tree.h"

/* How strongly Python binds: https://docs.python.org/3/reference/expressions.html#operator-precedence */
enum bind { BIND_NOTHING, BIND_SUM, BIND_PRODUCT, BIND_SIGN, BIND_POWER, BIND_ATOM };

static const struct form {
	const char *text; /* of an operator, or a function's name */
	enum bind bind;
	bool is_whole; /* of whole numbers it makes a whole number */
	bool has_list; /* a function of one list */
} FORMS[] = {
	[N_NUMBER] = { "", BIND_ATOM, true, false },
	[N_ADD] = { " + ", BIND_SUM, true, false },
	[N_SUBTRACT] = { " - ", BIND_SUM, true, false },
	[N_MULTIPLY] = { " * ", BIND_PRODUCT, true, false },
	[N_DIVIDE] = { " / ", BIND_PRODUCT, false, false },
	[N_MODULO] = { " % ", BIND_PRODUCT, true, false },
	[N_POWER] = { " ** ", BIND_POWER, true, false },
	[N_NEGATE] = { "-", BIND_SIGN, true, false },
	[N_SQRT] = { "math.sqrt(", BIND_ATOM, false, false },
	[N_CBRT] = { "math.cbrt(", BIND_ATOM, false, false },
	[N_FACTORIAL] = { "math.factorial(", BIND_ATOM, true, false },
	[N_ABSOLUTE] = { "abs(", BIND_ATOM, true, false },
	[N_SUM] = { "sum(", BIND_ATOM, true, true },
	[N_PRODUCT] = { "math.prod(", BIND_ATOM, true, true },
	[N_MEAN] = { "statistics.mean(", BIND_ATOM, false, true },
	[N_MEDIAN] = { "statistics.median(", BIND_ATOM, false, true },
	[N_MAXIMUM] = { "max(", BIND_ATOM, true, true },
	[N_MINIMUM] = { "min(", BIND_ATOM, true, true },
	[N_SORT] = { "sorted(", BIND_ATOM, true, true },
	[N_SORT_FALLING] = { "sorted(", BIND_ATOM, true, true },
};

/* True if Python's value is a whole number, which it prints as it is. */
static bool is_whole(const struct node *n)
{
	if (n->kind == N_NUMBER)
		return strchr(n->number, '.') == NULL;
	/* 2 ** -1 is none */
	bool all = FORMS[n->kind].is_whole &&
	           (n->kind != N_POWER || n->child->next->kind == N_NUMBER || n->child->next->kind == N_POWER);
	for (const struct node *c = n->child; c != NULL; c = c->next)
		all = all && is_whole(c);
	return all;
}

static bool uses(const struct node *n, const char *module)
{
	bool any = strncmp(FORMS[n->kind].text, module, strlen(module)) == 0;
	for (const struct node *c = n->child; c != NULL; c = c->next)
		any = any || uses(c, module);
	return any;
}

static void put_node(struct strbuf *b, const struct node *n, enum bind at_least);

static void put_call(struct strbuf *b, const struct node *n)
{
	const struct form *f = &FORMS[n->kind];
	strbuf_str(b, f->text);
	strbuf_str(b, f->has_list ? "[" : "");
	for (const struct node *c = n->child; c != NULL; c = c->next) {
		put_node(b, c, BIND_NOTHING);
		if (c->next != NULL)
			strbuf_str(b, ", ");
	}
	strbuf_str(b, f->has_list ? "]" : "");
	strbuf_str(b, n->kind == N_SORT_FALLING ? ", reverse=True)" : ")");
}

/* at_least: what binds less needs parentheses; so does what was written in them, where it is not the whole. */
static void put_node(struct strbuf *b, const struct node *n, enum bind at_least)
{
	const struct form *f = &FORMS[n->kind];
	bool is_apart = f->bind < at_least || (n->is_group && at_least > BIND_NOTHING && f->bind < BIND_ATOM);
	strbuf_str(b, is_apart ? "(" : "");
	if (n->kind == N_NUMBER) {
		strbuf_str(b, n->number);
	} else if (n->kind == N_NEGATE) {
		strbuf_char(b, '-');
		put_node(b, n->child, BIND_POWER);
	} else if (f->bind == BIND_ATOM) {
		put_call(b, n);
	} else {
		put_node(b, n->child, n->kind == N_POWER ? BIND_ATOM : f->bind);
		strbuf_str(b, f->text);
		put_node(b, n->child->next, n->kind == N_POWER ? BIND_SIGN : f->bind + 1);
	}
	strbuf_str(b, is_apart ? ")" : "");
}

void calculation_python(struct strbuf *b, const struct node *n)
{
	bool is_plain = is_whole(n) || n->kind == N_SORT || n->kind == N_SORT_FALLING;
	if (uses(n, "math."))
		strbuf_str(b, "import math\n");
	if (uses(n, "statistics."))
		strbuf_str(b, "import statistics\n");
	/* 15 digits are those that a double has for certain: 0.1 + 0.2 is 0.3. */
	strbuf_str(b, is_plain ? "print(" : "print(f\"{");
	put_node(b, n, BIND_NOTHING);
	strbuf_str(b, is_plain ? ")" : ":.15g}\")");
}
