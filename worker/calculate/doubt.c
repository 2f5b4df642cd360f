#include "worker/calculate/doubt.h"

#include "worker/calculate/number.h"

static bool is_int(struct str s)
{
	return s.len <= 9 && memchr(s.ptr, '.', s.len) == NULL && memchr(s.ptr, ',', s.len) == NULL &&
	       memchr(s.ptr, '_', s.len) == NULL;
}

static bool is_small_int(struct str s)
{
	return is_int(s) && s.len <= 2 && strtol(s.ptr, NULL, 10) <= 31;
}

static bool is_year(struct str s)
{
	return is_int(s) && s.len == 4 && strtol(s.ptr, NULL, 10) >= 1900 && strtol(s.ptr, NULL, 10) <= 2100;
}

static bool comes_out(struct str a, struct str b)
{
	return is_int(a) && is_int(b) && strtol(b.ptr, NULL, 10) > 0 && strtol(a.ptr, NULL, 10) % strtol(b.ptr, NULL, 10) == 0;
}

/* The value of its whole part. */
static double about(struct str s)
{
	enum language_of language = number_language(s);
	double n = 0;
	for (size_t i = 0; i < s.len && s.ptr[i] != '.' && (s.ptr[i] != ',' || language == EN); i++)
		n = s.ptr[i] >= '0' && s.ptr[i] <= '9' ? n * 10 + (s.ptr[i] - '0') : n;
	return n;
}

/* One sign between all numbers, which begin at `from`: what that might be. */
struct chain {
	int n;          /* tokens */
	bool is_tight;  /* no spaces */
	bool is_small;  /* days and months at most */
	bool is_rising; /* the first number is not more than the second */
	bool are_int, has_year;
};

static bool read_chain(const struct token *from, const struct token *to, struct chain *c)
{
	*c = (struct chain){ .n = (int)(to - from), .is_tight = true, .is_small = true, .are_int = true };
	if (c->n < 3 || c->n % 2 == 0)
		return false;
	for (int i = 0; i < c->n; i++) {
		const struct token *t = &from[i];
		if (i % 2 == 0 ? t->kind != T_NUMBER : t->kind != from[1].kind)
			return false;
		c->is_tight = c->is_tight && (i % 2 == 0 || (!t->space_before && !t->space_after));
		c->are_int = c->are_int && (i % 2 != 0 || is_int(t->text));
		c->is_small = c->is_small && (i % 2 != 0 || is_small_int(t->text));
		c->has_year = c->has_year || (i % 2 == 0 && is_year(t->text));
	}
	c->is_rising = about(from[0].text) <= about(from[2].text);
	return true;
}

/* Numbers with one sign between them might be something else, unless the question says that it is to be calculated: without
 * spaces a date, a score, a range, a telephone number, a dose (5-3, 9/11, 2024-01-15), with an x dimensions. With spaces, where
 * nothing is asked: small ones, years, dates (24 - 12 - 2024), ranges (100 - 150), and fractions that do not come out. */
static bool is_doubtful_chain(const struct token *from, const struct token *to, enum asked asked)
{
	const struct token *sign = from + 1;
	bool is_word = sign->language != NO_LANGUAGE, is_cross = sign->kind == T_STAR && sign->text.len == 2; /* × */
	struct chain c;
	if (is_word || !read_chain(from, to, &c))
		return false;
	if (sign->kind == T_LETTER_X || is_cross)
		return asked < ASKED_TO_CALCULATE && (c.is_tight || (!is_cross && asked != ASKED_WHAT));
	if (sign->kind != T_MINUS && sign->kind != T_SLASH && sign->kind != T_COLON)
		return false;
	if (c.is_tight && c.n > 3 && c.are_int)
		return true; /* 12/05/2024, whatever is asked */
	if (asked == ASKED_TO_CALCULATE)
		return false;
	if (c.is_tight || asked == ASKED_WHAT)
		return c.is_tight;
	bool is_odd = sign->kind == T_SLASH && !comes_out(from[0].text, from[2].text);
	return c.is_small || c.n > 3 || c.is_rising || c.has_year || is_odd;
}

/* Marks and results of games: 15/20 + 12/20, 1/2-1/2. */
static bool has_small_fraction(const struct token *from, const struct token *to)
{
	for (const struct token *t = from + 1; t + 1 < to; t++)
		if (t->kind == T_SLASH && !t->space_before && !t->space_after && t[-1].kind == T_NUMBER &&
		    t[1].kind == T_NUMBER && is_small_int(t[-1].text) && is_small_int(t[1].text))
			return true;
	return false;
}

/* Small numbers and signs only: "je voudrais 2 plus 1" may be an order, "je voudrais la moyenne de 2 et 1" is none. */
static bool is_bare_sum(const struct token *from, const struct token *to)
{
	for (; from < to; from++)
		if ((from->kind >= T_ROOT && from->kind <= T_DECREASE) || (from->kind == T_NUMBER && !is_small_int(from->text)))
			return false;
	return true;
}

/* Two lines are two questions. */
static bool has_line(const struct token *from, const struct token *to)
{
	for (from++; from < to; from++)
		if (from->line_before)
			return true;
	return false;
}

/* 7 sur 10, 3 : 1 */
static bool is_ratio(const struct token *from, const struct token *to)
{
	for (; from < to; from++)
		if (from->kind == T_OVER || (from->kind == T_COLON && from[-1].kind == T_NUMBER))
			return true;
	return false;
}

/* "5 + 3!", "I need 50!": a factorial or joy. */
static bool is_loud(const struct token *from, const struct token *to, enum asked asked)
{
	return to[-1].kind == T_BANG && to[0].kind == T_END && (to - from > 2 || asked < ASKED_WHAT);
}

bool is_doubtful(const struct token *from, const struct token *to, enum asked before, enum asked asked)
{
	if (is_doubtful_chain(from, to, asked) || has_line(from, to) || is_loud(from, to, asked))
		return true;
	if (asked < ASKED_WHAT && has_small_fraction(from, to))
		return true;
	return asked < ASKED_TO_CALCULATE && (is_ratio(from, to) || (before == ASKED && is_bare_sum(from, to)));
}
