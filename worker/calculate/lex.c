#include "worker/calculate/lex.h"

#include "shared/utf8.h"

#define TEXT_MAX 400 /* bytes: a longer message asks for more than a calculation */

static const struct word {
	enum token_kind kind;
	enum language_of language;
	const char *text;
} WORDS[] = {
#define WORD(kind, language, text) { T_##kind, language, text },
#include "worker/calculate/words.def"
#undef WORD
};

/* What is written in signs; of those that begin alike the longer one is first. */
static const struct sign {
	const char *text;
	enum token_kind kind;
} SIGNS[] = {
	{ "**", T_POWER },    { "^", T_POWER }, { "*", T_STAR },    { "×", T_STAR },      { "·", T_STAR },     { "⋅", T_STAR },
	{ "∗", T_STAR },      { "✕", T_STAR },  { "÷", T_DIVIDED }, { "/", T_SLASH },     { "∕", T_SLASH },    { "+", T_PLUS },
	{ "-", T_MINUS },     { "−", T_MINUS }, { "–", T_MINUS },   { "—", T_MINUS },     { "‐", T_MINUS },    { "‑", T_MINUS },
	{ "(", T_OPEN },      { ")", T_CLOSE }, { "√", T_ROOT },    { "∛", T_CUBE_ROOT }, { "%", T_PERCENT },  { ",", T_COMMA },
	{ ";", T_SEMICOLON }, { ":", T_COLON }, { ".", T_DOT },     { "…", T_DOT },       { "?", T_QUESTION }, { "!", T_BANG },
	{ "=", T_EQUALS },
};
static const char *const SPACES[] = { " ", "\xc2\xa0", "\xe2\x80\xaf", "\xe2\x80\x89", "\t", "\n", "\r" };
#define GROUPING 4 /* the first of them may stand between groups of three digits */
static const char *const RAISED[] = { "⁰", "¹", "²", "³", "⁴", "⁵", "⁶", "⁷", "⁸", "⁹" };

struct lex {
	const char *at, *end;
	struct token *out;
	int n;
	struct arena *arena;
};

static size_t starts(const struct lex *l, const char *at, const char *with)
{
	size_t n = strlen(with);
	return (size_t)(l->end - at) >= n && memcmp(at, with, n) == 0 ? n : 0;
}

static size_t one_of(const struct lex *l, const char *at, const char *const *texts, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (starts(l, at, texts[i]) > 0)
			return strlen(texts[i]);
	return 0;
}

static size_t space_at(const struct lex *l, const char *at)
{
	return one_of(l, at, SPACES, ARRAY_SIZE(SPACES));
}

static bool is_digit(const struct lex *l, const char *at)
{
	return at < l->end && *at >= '0' && *at <= '9';
}

static bool is_letter(const struct lex *l, const char *at)
{
	return at < l->end && *at >= 'a' && *at <= 'z';
}

static struct token *put(struct lex *l, enum token_kind kind, size_t n)
{
	struct token *t = &l->out[l->n++];
	*t = (struct token){ .kind = kind, .text = { l->at, n } };
	l->at += n;
	return t;
}

/* The length of a group of three digits behind a space, with the space; 0: there is none. */
static size_t group_at(const struct lex *l, const char *at)
{
	size_t space = one_of(l, at, SPACES, GROUPING);
	const char *digits = at + space;
	if (space == 0 || !is_digit(l, digits) || !is_digit(l, digits + 1) || !is_digit(l, digits + 2) || is_digit(l, digits + 3))
		return 0;
	return space + 3;
}

/* Digits, with the dots and commas between them; a number that begins with one to three digits may go on in groups. */
static void lex_number(struct lex *l)
{
	const char *at = l->at;
	size_t group, n = 0;
	while (is_digit(l, at))
		at++;
	bool may_group = at - l->at <= 3;
	char *text = arena_alloc(l->arena, (size_t)(l->end - l->at) + 1);
	memcpy(text, l->at, n = (size_t)(at - l->at));
	while (may_group && (group = group_at(l, at)) > 0) {
		text[n++] = '_';
		memcpy(text + n, at + group - 3, 3);
		n += 3;
		at += group;
	}
	while (at < l->end && (*at == '.' || *at == ',') && is_digit(l, at + 1)) {
		text[n++] = *at++;
		while (is_digit(l, at))
			text[n++] = *at++;
	}
	put(l, T_NUMBER, (size_t)(at - l->at))->text = (struct str){ text, n };
}

static bool lex_raised(struct lex *l)
{
	char *digits = arena_alloc(l->arena, 8);
	size_t n = 0, all = 0;
	bool is_more = true;
	while (is_more && n < 4) {
		is_more = false;
		for (size_t i = 0; i < ARRAY_SIZE(RAISED) && !is_more; i++) {
			size_t bytes = starts(l, l->at + all, RAISED[i]);
			if (bytes > 0) {
				digits[n++] = (char)('0' + i);
				all += bytes;
				is_more = true;
			}
		}
	}
	bool is_power = n > 0 && n < 4 && digits[0] != '0' && !is_more;
	if (is_power)
		put(l, T_RAISED, all)->text = (struct str){ digits, n };
	return is_power;
}

static bool lex_sign(struct lex *l)
{
	for (size_t i = 0; i < ARRAY_SIZE(SIGNS); i++) {
		size_t n = starts(l, l->at, SIGNS[i].text);
		if (n > 0) {
			put(l, SIGNS[i].kind, n);
			return true;
		}
	}
	return false;
}

/* Skips what lies between two words: a space, an apostrophe or a hyphen. */
static const char *behind_gap(const struct lex *l, const char *at)
{
	size_t n = space_at(l, at);
	if (n > 0) {
		for (; n > 0; n = space_at(l, at))
			at += n;
		return at;
	}
	static const char *const GAPS[] = { "'", "’", "ʼ", "`", "-", "‐", "‑" };
	for (size_t i = 0; i < ARRAY_SIZE(GAPS); i++)
		if (starts(l, at, GAPS[i]) > 0 && is_letter(l, at + strlen(GAPS[i])))
			return at + strlen(GAPS[i]);
	return NULL;
}

/* How far a word of the list reaches from here; 0: it is not here. */
static size_t word_at(const struct lex *l, const char *word)
{
	const char *at = l->at;
	for (; *word != '\0'; word++) {
		if (*word == ' ') {
			at = behind_gap(l, at);
			if (at == NULL)
				return 0;
		} else if (at < l->end && *at == *word) {
			at++;
		} else {
			return 0;
		}
	}
	return is_letter(l, at) || is_digit(l, at) ? 0 : (size_t)(at - l->at);
}

static bool lex_word(struct lex *l)
{
	const struct word *best = NULL;
	size_t longest = 0;
	if (*l->at == 'x' && l->n > 0 && !is_letter(l, l->at + 1)) {
		put(l, T_LETTER_X, 1);
		return true;
	}
	for (size_t i = 0; i < ARRAY_SIZE(WORDS); i++) {
		size_t n = word_at(l, WORDS[i].text);
		if (n > longest) {
			longest = n;
			best = &WORDS[i];
		}
	}
	if (best != NULL)
		put(l, best->kind, longest)->language = best->language;
	return best != NULL;
}

/* A word that touches a number is a unit, not a word of a question; only x may. */
static bool touches_number(const struct lex *l)
{
	const struct token *t = &l->out[l->n - 1];
	if (l->n < 2 || t->space_before)
		return false;
	bool is_word = t->text.ptr[0] >= 'a' && t->text.ptr[0] <= 'z' && t->kind != T_LETTER_X;
	return is_word && t[-1].kind == T_NUMBER;
}

/* A mark that belongs to a digit or a sign (a line above 3, a stroke through =) says something that folding takes away. */
static bool has_marked_sign(struct str text)
{
	for (size_t i = 0; i + 1 < text.len; i++) {
		unsigned char a = (unsigned char)text.ptr[i], b = (unsigned char)text.ptr[i + 1];
		bool is_mark = (a == 0xcc && b >= 0x80) || (a == 0xcd && b <= 0xaf);
		bool is_letter = i > 0 && ((text.ptr[i - 1] >= 'a' && text.ptr[i - 1] <= 'z') ||
		                           (text.ptr[i - 1] >= 'A' && text.ptr[i - 1] <= 'Z'));
		if (is_mark && !is_letter)
			return true;
	}
	return memmem(text.ptr, text.len, "≠", 3) != NULL;
}

int calculation_lex(struct arena *arena, struct str text, struct token out[TOKENS_MAX])
{
	if (text.len > TEXT_MAX || has_marked_sign(text))
		return 0;
	struct strbuf folded = STRBUF_INIT(4 * TEXT_MAX);
	utf8_fold(&folded, text);
	const char *own = arena_dup(arena, strbuf_text(&folded), folded.len);
	struct lex l = { .at = own, .end = own + folded.len, .out = out, .arena = arena };
	bool is_broken = folded.broken, is_space = true, was_word = false, is_line = true;
	strbuf_release(&folded);
	while (!is_broken && l.n < TOKENS_MAX - 1) {
		size_t space;
		if (was_word && space_at(&l, l.at) == 0 && behind_gap(&l, l.at) != NULL)
			l.at = behind_gap(&l, l.at); /* calcule-moi, l'addition */
		for (; l.at < l.end && (space = space_at(&l, l.at)) > 0; l.at += space) {
			is_space = true;
			is_line |= *l.at == '\n' || *l.at == '\r';
		}
		if (l.n > 0)
			out[l.n - 1].space_after = is_space;
		if (l.at == l.end) {
			put(&l, T_END, 0);
			return l.n;
		}
		was_word = is_letter(&l, l.at) && *l.at != 'x';
		if (is_digit(&l, l.at))
			lex_number(&l);
		else if (!lex_sign(&l) && !lex_raised(&l) && !lex_word(&l))
			return 0;
		out[l.n - 1].space_before = is_space;
		out[l.n - 1].line_before = is_line;
		if (touches_number(&l))
			return 0;
		is_space = is_line = false;
		if (out[l.n - 1].kind == T_NOTHING) {
			l.n--;
			is_line = out[l.n].line_before; /* of the next one */
		}
	}
	return 0;
}
