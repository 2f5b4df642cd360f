/*
 * The grammar of questions. A parser of the usual kind for expressions (recursive descent), with words for signs, and
 * around it what people say when they ask.
 *
 *     question  = {POLITE | ASK | IS | SURE | AROUND} request {POLITE | SURE | AROUND | TAIL | "=" | "?" | "."} END
 *     request   = verb operands | expression
 */
#include "worker/calculate/doubt.h"
#include "worker/calculate/number.h"
#include "worker/calculate/tree.h"

#define DEPTH_MAX 24

struct parse {
	struct arena *arena;
	const struct token *at;
	enum language_of language;
	int depth;
	bool is_broken; /* it is no calculation: all that is read from here on is thrown away */
};

static struct node *parse_sum(struct parse *);

static struct node *no_calculation(struct parse *p)
{
	p->is_broken = true;
	struct node *n = arena_alloc(p->arena, sizeof *n);
	n->number = "0";
	return n;
}

static bool take(struct parse *p, enum token_kind kind)
{
	if (p->at->kind != kind)
		return false;
	p->at++;
	return true;
}

static struct node *new_node(struct parse *p, enum node_kind kind, struct node *a, struct node *b)
{
	struct node *n = arena_alloc(p->arena, sizeof *n);
	n->kind = kind;
	n->child = a;
	if (a != NULL)
		a->next = b;
	return n;
}

static struct node *new_binary(struct parse *p, enum node_kind kind, struct node *a, struct node *b)
{
	struct node *n = new_node(p, kind, a, b);
	n->is_open = b->is_open;
	return a->is_open ? no_calculation(p) : n;
}

static struct node *new_number(struct parse *p, const char *text)
{
	struct node *n = new_node(p, N_NUMBER, NULL, NULL);
	n->number = text;
	return n;
}

/* ---------------------------------------------------------------- expressions */

static struct node *parse_number(struct parse *p)
{
	const char *text = number_read(p->arena, p->at->text, p->language);
	if (p->at->kind != T_NUMBER || text == NULL)
		return no_calculation(p);
	p->at++;
	return new_number(p, text);
}

static struct node *hundredth(struct parse *p, struct node *n)
{
	return new_node(p, N_DIVIDE, n, new_number(p, "100"));
}

/* ---- functions of a list */

static bool take_separator(struct parse *p, bool by)
{
	bool any = take(p, T_COMMA) || take(p, T_SEMICOLON);
	any = take(p, T_AND) || any;
	return any || (by && (take(p, T_BY) || take(p, T_WITH)));
}

/* Whether commas stand between digits, and no dot says of which kind they are. 3,5,7 is a list in English, where it is the whole
 * list; 1,234 has two readings. */
static bool is_stuck(const struct parse *p)
{
	const struct token *t = p->at;
	return p->language != FR && t->kind == T_NUMBER && memchr(t->text.ptr, ',', t->text.len) != NULL &&
	       memchr(t->text.ptr, '.', t->text.len) == NULL;
}

static struct node *parse_stuck_list(struct parse *p)
{
	struct str rest = p->at->text;
	struct node *first = NULL, **end = &first;
	if (number_read(p->arena, rest, EN) != NULL)
		return no_calculation(p);
	while (rest.len > 0) {
		const char *comma = memchr(rest.ptr, ',', rest.len);
		struct str one = { rest.ptr, comma != NULL ? (size_t)(comma - rest.ptr) : rest.len };
		const char *text = number_read(p->arena, one, p->language);
		if (text == NULL)
			return no_calculation(p);
		*end = new_number(p, text);
		end = &(*end)->next;
		size_t used = one.len + (comma != NULL);
		rest = (struct str){ rest.ptr + used, rest.len - used };
	}
	p->at++;
	return first;
}

static struct node *parse_power(struct parse *);

/* A number, or something in parentheses: of more, in words, nobody knows how far it reaches. */
static struct node *parse_operand(struct parse *p)
{
	bool is_negative = take(p, T_MINUS);
	struct node *n = p->at->kind == T_OPEN ? parse_power(p) : parse_number(p);
	return is_negative ? new_node(p, N_NEGATE, n, NULL) : n;
}

/* by: "14 par 23" is a list of two. */
static struct node *parse_list(struct parse *p, enum node_kind kind, bool by)
{
	struct node *list = new_node(p, kind, NULL, NULL), **end = &list->child;
	int n = 0, n_parts = 0;
	bool has_stuck = false;
	while (take(p, T_OF) || take(p, T_BETWEEN) || take(p, T_NUMBERS) || take(p, T_COLON) || take(p, T_EACH_OTHER))
		;
	bool is_call = take(p, T_OPEN);
	do {
		has_stuck |= is_stuck(p);
		*end = is_stuck(p) ? parse_stuck_list(p) : parse_operand(p);
		for (; *end != NULL && !p->is_broken; n++)
			end = &(*end)->next;
		n_parts++;
	} while (!p->is_broken && take_separator(p, by));
	if (has_stuck && (n_parts > 1 || n < 3))
		return no_calculation(p);
	if ((is_call && !take(p, T_CLOSE)) || n < 2)
		return no_calculation(p);
	list->is_open = !is_call;
	return list;
}

/* is_said: the verb means nothing else ("order 12 and 14" may be a purchase). */
static struct node *parse_sort(struct parse *p, bool is_said)
{
	take(p, T_NUMBERS);
	bool rises = take(p, T_RISING), falls = take(p, T_FALLING);
	struct node *n = parse_list(p, N_SORT, false);
	rises = take(p, T_RISING) || rises;
	falls = take(p, T_FALLING) || falls;
	n->kind = falls ? N_SORT_FALLING : N_SORT;
	return is_said || rises || falls ? n : no_calculation(p);
}

/* "la différence entre 2024 et 1987" */
static struct node *parse_difference(struct parse *p)
{
	if (!take(p, T_BETWEEN))
		take(p, T_OF);
	struct node *a = parse_operand(p);
	if (!take(p, T_AND))
		return no_calculation(p);
	struct node *b = parse_operand(p), *n = new_node(p, N_SUBTRACT, a, b);
	bool is_plain = a->kind == N_NUMBER && b->kind == N_NUMBER && strtod(a->number, NULL) >= strtod(b->number, NULL);
	n = is_plain ? n : new_node(p, N_ABSOLUTE, n, NULL);
	n->is_open = true;
	return n;
}

/* "le quotient de 84 par 7", "remainder of 250 divided by 16" */
static struct node *parse_division(struct parse *p, enum node_kind kind)
{
	while (take(p, T_OF) || take(p, T_DIVISION) || take(p, T_WHEN) || (kind == N_MODULO && take(p, T_WHOLE_DIVISION)))
		;
	struct node *a = parse_operand(p);
	if (!take(p, T_BY) && !take(p, T_DIVIDED) && !take(p, T_SLASH) && !take(p, T_AND))
		return no_calculation(p);
	struct node *n = new_node(p, kind, a, parse_operand(p));
	n->is_open = true;
	return n;
}

/* ---- of one number */

/* "racine carrée de 144", "√(9 + 16)" */
static struct node *parse_of(struct parse *p, enum node_kind kind, const char *power)
{
	bool is_sign = (unsigned char)p->at[-1].text.ptr[0] > 0x7f; /* √ */
	take(p, T_OF);
	struct node *of = parse_power(p), *n = new_node(p, kind, of, power != NULL ? new_number(p, power) : NULL);
	n->is_open = !is_sign && !of->is_group;
	return n;
}

/* Opens with its token. NULL: it is no function. */
static struct node *parse_function(struct parse *p)
{
	switch (p->at++->kind) {
	case T_ROOT:
		return parse_of(p, N_SQRT, NULL);
	case T_CUBE_ROOT:
		return parse_of(p, N_CBRT, NULL);
	case T_FACTORIAL:
		return parse_of(p, N_FACTORIAL, NULL);
	case T_SQUARE:
		return parse_of(p, N_POWER, "2");
	case T_CUBE:
		return parse_of(p, N_POWER, "3");
	case T_SUM:
		return parse_list(p, N_SUM, false);
	case T_PRODUCT:
		return parse_list(p, N_PRODUCT, true);
	case T_MEAN:
		return parse_list(p, N_MEAN, false);
	case T_MEDIAN:
		return parse_list(p, N_MEDIAN, false);
	case T_MAXIMUM:
		return parse_list(p, N_MAXIMUM, false);
	case T_MINIMUM:
		return parse_list(p, N_MINIMUM, false);
	case T_SORT:
		return parse_sort(p, true);
	case T_ARRANGE:
		return parse_sort(p, false);
	case T_DIFFERENCE:
		return parse_difference(p);
	case T_QUOTIENT:
		return parse_division(p, N_DIVIDE);
	case T_REMAINDER:
		return parse_division(p, N_MODULO);
	default:
		p->at--;
		return NULL;
	}
}

static struct node *parse_atom(struct parse *p)
{
	struct node *n;
	if (take(p, T_OPEN)) {
		n = parse_sum(p);
		n->is_group = true;
		n->is_open = false;
		return take(p, T_CLOSE) ? n : no_calculation(p);
	}
	if (p->at->kind != T_NUMBER)
		return (n = parse_function(p)) != NULL ? n : no_calculation(p);
	n = parse_number(p);
	if (!take(p, T_PERCENT))
		return n;
	if (!take(p, T_OF)) /* "50 + 20 %" has two meanings */
		return no_calculation(p);
	struct node *of = parse_power(p);
	n = new_node(p, N_MULTIPLY, hundredth(p, n), of);
	n->is_group = true;
	n->is_open = !of->is_group;
	return n;
}

static struct node *parse_postfix(struct parse *p)
{
	struct node *n = parse_atom(p);
	for (;;) {
		/* "5 !" may be an exclamation. */
		bool is_factorial = p->at->kind == T_BANG && !p->at->space_before && p->at[-1].kind == T_NUMBER;
		if (take(p, T_SQUARED))
			n = new_binary(p, N_POWER, n, new_number(p, "2"));
		else if (take(p, T_CUBED))
			n = new_binary(p, N_POWER, n, new_number(p, "3"));
		else if (take(p, T_RAISED))
			n = new_node(p, N_POWER, n, new_number(p, arena_dup(p->arena, p->at[-1].text.ptr, p->at[-1].text.len)));
		else if ((is_factorial && take(p, T_BANG)) || (p->at[1].kind != T_OF && take(p, T_FACTORIAL)))
			n = new_node(p, N_FACTORIAL, n, NULL);
		else
			return n;
	}
}

static struct node *parse_power(struct parse *p)
{
	if (++p->depth > DEPTH_MAX)
		return no_calculation(p);
	struct node *n;
	if (take(p, T_MINUS)) {
		n = parse_power(p);
		/* -3² is 9 for some and -9 for others. */
		bool is_open = n->is_open;
		n = n->kind == N_POWER && !n->is_group ? no_calculation(p) : new_node(p, N_NEGATE, n, NULL);
		n->is_open = is_open;
	} else {
		n = parse_postfix(p);
		if (take(p, T_POWER))
			n = new_binary(p, N_POWER, n, parse_power(p));
	}
	p->depth--;
	return n;
}

static struct node *parse_product(struct parse *p)
{
	struct node *n = parse_power(p);
	for (;;) {
		if (take(p, T_STAR) || take(p, T_LETTER_X) || take(p, T_TIMES))
			n = new_binary(p, N_MULTIPLY, n, parse_power(p));
		else if (take(p, T_DIVIDED) || take(p, T_SLASH) || take(p, T_OVER))
			n = new_binary(p, N_DIVIDE, n, parse_power(p));
		else if (p->at->space_before && p->at[1].kind == T_NUMBER && take(p, T_COLON))
			n = new_binary(p, N_DIVIDE, n, parse_power(p));
		else if (take(p, T_MODULO))
			n = new_binary(p, N_MODULO, n, parse_power(p));
		else
			return n;
	}
}

static struct node *parse_sum(struct parse *p)
{
	struct node *n = parse_product(p);
	for (;;) {
		if (take(p, T_PLUS))
			n = new_binary(p, N_ADD, n, parse_product(p));
		else if (take(p, T_MINUS))
			n = new_binary(p, N_SUBTRACT, n, parse_product(p));
		else
			return n;
	}
}

/* ---------------------------------------------------------------- verbs */

/* "augmente 80 de 15 %": also "add 15% to 80". */
static struct node *changed(struct parse *p, struct node *of, enum node_kind kind, struct node *by)
{
	if (of->kind == N_NEGATE)
		return no_calculation(p); /* which way is up? */
	return new_node(p, N_MULTIPLY, of, new_node(p, kind, new_number(p, "1"), hundredth(p, by)));
}

/* "ajoute 45 à 78": the list of two has its own word. */
static struct node *parse_to(struct parse *p, enum node_kind kind, bool is_turned)
{
	struct node *a = parse_operand(p);
	bool is_share = (kind == N_ADD || kind == N_SUBTRACT) && take(p, T_PERCENT);
	/* "retranche 5 de 20"; of a share (20 % de 50) that is another thing, and so is "take 2 to 4". */
	bool is_french = p->language == FR, is_minus = kind == N_SUBTRACT;
	bool has_word = take(p, T_FROM) || ((is_french || !is_minus) && take(p, T_TO)) ||
	                (is_french && is_minus && !is_share && take(p, T_OF)) ||
	                (!is_minus && !is_share && (take(p, T_BY) || take(p, T_WITH) || take(p, T_AND)));
	if (!has_word)
		return no_calculation(p);
	struct node *b = parse_operand(p);
	if (is_share)
		return changed(p, b, kind, a);
	return is_turned ? new_node(p, kind, b, a) : new_node(p, kind, a, b);
}

static struct node *parse_change(struct parse *p, enum node_kind kind)
{
	struct node *of = parse_operand(p);
	if (!take(p, T_BY) && !take(p, T_OF))
		return no_calculation(p);
	struct node *by = parse_number(p);
	return take(p, T_PERCENT) ? changed(p, of, kind, by) : no_calculation(p);
}

/* True if a list follows, not two numbers with a word between them. */
static bool is_list_ahead(const struct parse *p)
{
	const struct token *t = p->at;
	if (t->kind == T_OF || t->kind == T_NUMBERS || t->kind == T_COLON || t->kind == T_EACH_OTHER)
		return true;
	while (t->kind != T_END && t->kind != T_COMMA && t->kind != T_SEMICOLON && t->kind != T_AND && t->kind != T_TO &&
	       t->kind != T_BY && t->kind != T_WITH && t->kind != T_FROM)
		t++;
	return t->kind == T_COMMA || t->kind == T_SEMICOLON || t->kind == T_AND;
}

/* How often one number is in another: "en 91 combien de fois 7", "how many times does 9 go into 63". */
static struct node *how_often(struct parse *p, const struct node *a, const struct node *b)
{
	/* 7 is 14 times in 100 for some, and 14.28 times for others. */
	bool is_whole = strspn(a->number, "0123456789") == strlen(a->number) &&
	                strspn(b->number, "0123456789") == strlen(b->number) && strlen(a->number) < 16 &&
	                strtoll(b->number, NULL, 10) > 0 && strtoll(a->number, NULL, 10) % strtoll(b->number, NULL, 10) == 0;
	return is_whole ? new_node(p, N_DIVIDE, new_number(p, a->number), new_number(p, b->number)) : no_calculation(p);
}

static struct node *parse_how_often(struct parse *p)
{
	if (take(p, T_IN)) {
		struct node *a = parse_number(p);
		take(p, T_COMMA);
		return take(p, T_HOW_OFTEN) ? how_often(p, a, parse_number(p)) : no_calculation(p);
	}
	bool is_in = take(p, T_HOW_OFTEN);
	if (!is_in)
		p->at++;
	struct node *b = parse_number(p);
	if (!(is_in ? take(p, T_IN) : take(p, T_GO_INTO)))
		return no_calculation(p);
	return how_often(p, parse_number(p), b);
}

static struct node *parse_request(struct parse *p)
{
	switch (p->at->kind) {
	case T_IN:
	case T_HOW_OFTEN:
	case T_HOW_MANY_TIMES:
		return parse_how_often(p);
	case T_ADD:
		p->at++;
		return is_list_ahead(p) ? parse_list(p, N_SUM, false) : parse_to(p, N_ADD, false);
	case T_SUBTRACT:
		p->at++;
		return parse_to(p, N_SUBTRACT, true);
	case T_MULTIPLY:
		p->at++;
		return is_list_ahead(p) ? parse_list(p, N_PRODUCT, false) : parse_to(p, N_MULTIPLY, false);
	case T_DIVIDE:
		p->at++;
		return parse_to(p, N_DIVIDE, false);
	case T_INCREASE:
		p->at++;
		return parse_change(p, N_ADD);
	case T_DECREASE:
		p->at++;
		return parse_change(p, N_SUBTRACT);
	default:
		return parse_sum(p);
	}
}

/* ---------------------------------------------------------------- the question */

static bool is_polite(enum token_kind k)
{
	return k == T_POLITE || k == T_AROUND || k == T_COMMA || k == T_DOT || k == T_COLON;
}

static enum asked take_before(struct parse *p)
{
	enum asked asked = BARE;
	for (;; p->at++) {
		enum token_kind k = p->at->kind;
		enum asked by = k == T_SURE || k == T_AROUND ? ASKED_TO_CALCULATE
		                : k == T_IS                  ? ASKED_WHAT
		                : k == T_ASK                 ? ASKED
		                                             : BARE;
		bool is_point = (k == T_DOT || k == T_COMMA) && !p->at->space_after && p->at[1].kind == T_NUMBER; /* .5 */
		if (is_point || (by == BARE && !is_polite(k) && k != T_BANG))
			return asked;
		asked = MAX(asked, by);
	}
}

static enum asked take_behind(struct parse *p)
{
	enum asked asked = BARE;
	for (;; p->at++) {
		enum token_kind k = p->at->kind;
		if (k == T_AROUND || k == T_EQUALS || k == T_TAIL || k == T_SURE)
			asked = ASKED_TO_CALCULATE;
		else if (k == T_QUESTION)
			asked = MAX(asked, ASKED);
		else if (!is_polite(k) && k != T_BANG)
			return asked;
	}
}

static bool is_number_alone(const struct node *n)
{
	while (n->kind == N_NEGATE)
		n = n->child;
	return n->kind == N_NUMBER;
}

/* French or English, by its words; where they do not tell, by how numbers are written. Both: not surely anything. */
static bool find_language(const struct token *tokens, int n, enum language_of *out)
{
	bool has_word[3] = { false }, has_number[3] = { false };
	for (int i = 0; i < n; i++) {
		has_word[tokens[i].language] = true;
		if (tokens[i].kind == T_NUMBER)
			has_number[number_language(tokens[i].text)] = true;
	}
	const bool *by = has_word[FR] || has_word[EN] ? has_word : has_number;
	*out = by[FR] ? FR : by[EN] ? EN : NO_LANGUAGE;
	return !(by[FR] && by[EN]);
}

struct node *calculation_parse(struct arena *a, const struct token *tokens, int n, enum language_of *language)
{
	struct parse p = { .arena = a, .at = tokens };
	if (!find_language(tokens, n, &p.language))
		return NULL;
	enum asked asked = take_before(&p);
	const struct token *from = p.at;
	struct node *root = parse_request(&p);
	const struct token *to = p.at;
	enum asked behind = take_behind(&p);
	if (p.is_broken || p.at->kind != T_END || is_number_alone(root) || is_doubtful(from, to, asked, MAX(asked, behind)))
		return NULL;
	*language = p.language;
	return root;
}
