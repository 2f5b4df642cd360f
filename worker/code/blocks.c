#include "worker/code/blocks.h"

#include "shared/utf8.h"

#define LABEL_MAX 160 /* bytes of a line that can name an output */

static const struct {
	const char *word, *language;
} LANGUAGES[] = {
	{ "python", "python" }, { "py", "python" },       { "python3", "python" },    { "javascript", "javascript" },
	{ "js", "javascript" }, { "node", "javascript" }, { "nodejs", "javascript" }, { "bash", "bash" },
	{ "sh", "bash" },       { "shell", "bash" },
};

/* Languages of a block that holds an output, and how a line begins that announces one (without accents). */
static const char *const OUTPUTS[] = { "",          "text",   "txt",    "output",   "console",
	                               "plaintext", "stdout", "result", "resultat", "sortie" };
static const char *const LABELS[] = {
	"output",
	"expected output",
	"sample output",
	"the output",
	"result",
	"the result",
	"expected result",
	"simulated output",
	"simulated result",
	"simulated execution",
	"execution simulee",
	"execution",
	"resultat",
	"le resultat",
	"resultat simule",
	"resultat attendu",
	"resultat de l'execution",
	"sortie",
	"la sortie",
	"sortie attendue",
	"sortie simulee",
	"affichage",
	"this prints",
	"this will print",
	"it prints",
	"cela affiche",
	"ce code affiche",
	"le code affiche",
};

struct line {
	size_t begin, end, next; /* end: without the line's end; next: the next line */
	bool is_whole;           /* it has its end */
};

static struct line line_at(struct str s, size_t at)
{
	const char *end = at < s.len ? memchr(s.ptr + at, '\n', s.len - at) : NULL;
	size_t n = end != NULL ? (size_t)(end - s.ptr) : s.len;
	struct line l = { at, n, end != NULL ? n + 1 : s.len, end != NULL };
	if (l.end > l.begin && s.ptr[l.end - 1] == '\r')
		l.end--;
	return l;
}

/* ---- fences */

struct fence {
	char mark;
	size_t length, indent;
	struct str info; /* the first word behind it */
};

static bool is_word_char(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '+' || c == '#' || c == '_' ||
	       c == '-';
}

/* Length 0: the line is no fence. */
static struct fence fence_of(struct str s, struct line l)
{
	struct fence f = { 0 };
	size_t at = l.begin;
	while (at < l.end && (s.ptr[at] == ' ' || s.ptr[at] == '\t'))
		at++;
	f.indent = at - l.begin;
	f.mark = at < l.end ? s.ptr[at] : '\0';
	if (f.mark != '`' && f.mark != '~')
		return f;
	size_t begin = at;
	while (at < l.end && s.ptr[at] == f.mark)
		at++;
	if (at - begin < 3 || (f.mark == '`' && memchr(s.ptr + at, '`', l.end - at) != NULL))
		return f;
	f.length = at - begin;
	while (at < l.end && !is_word_char(s.ptr[at]))
		at++;
	size_t word = at;
	while (at < l.end && is_word_char(s.ptr[at]))
		at++;
	f.info = (struct str){ s.ptr + word, at - word };
	return f;
}

static bool is_same_word(struct str s, const char *word)
{
	return s.len == strlen(word) && strncasecmp(s.ptr, word, s.len) == 0;
}

static const char *fence_language(struct str info)
{
	for (size_t i = 0; i < ARRAY_SIZE(LANGUAGES); i++)
		if (is_same_word(info, LANGUAGES[i].word))
			return LANGUAGES[i].language;
	return NULL;
}

static bool closes(struct str s, struct line l, const struct fence *open)
{
	struct fence f = fence_of(s, l);
	return f.length >= open->length && f.mark == open->mark && f.info.len == 0;
}

/* From the line behind an opening fence: the line that closes it. False: none does. */
static bool find_close(struct str s, size_t at, const struct fence *open, struct line *out)
{
	while (at < s.len) {
		struct line l = line_at(s, at);
		if (closes(s, l, open)) {
			*out = l;
			return true;
		}
		at = l.next;
	}
	return false;
}

/* The lines between, without the fence's own indentation. */
static struct str code_between(struct arena *a, struct str s, size_t from, size_t to, size_t indent)
{
	char *out = arena_alloc(a, to - from + 1);
	size_t n = 0;
	while (from < to) {
		struct line l = line_at(s, from);
		size_t at = l.begin;
		while (at < l.end && at - l.begin < indent && (s.ptr[at] == ' ' || s.ptr[at] == '\t'))
			at++;
		memcpy(out + n, s.ptr + at, l.end - at);
		n += l.end - at;
		out[n++] = '\n';
		from = l.next;
	}
	return (struct str){ out, n };
}

/* ---- what is said to be the output */

static bool line_is_blank(struct str s, struct line l)
{
	for (size_t i = l.begin; i < l.end; i++)
		if (s.ptr[i] != ' ' && s.ptr[i] != '\t')
			return false;
	return true;
}

static size_t behind_blanks(struct str s, size_t at)
{
	while (at < s.len && line_is_blank(s, line_at(s, at)))
		at = line_at(s, at).next;
	return at;
}

enum label { NO_LABEL, LABEL_ALONE, LABEL_WITH_VALUE };

/* A line without accents, capitals, and what stands before its first letter; "" where it is too long to be looked at. */
static const char *folded_line(struct strbuf *b, struct str s, struct line l)
{
	if (l.end - l.begin <= LABEL_MAX)
		utf8_fold(b, (struct str){ s.ptr + l.begin, l.end - l.begin });
	const char *text = strbuf_text(b);
	return text + strcspn(text, "abcdefghijklmnopqrstuvwxyz0123456789");
}

static const char *behind_marks(const char *text)
{
	return text + strspn(text, " *_\xc2\xa0\xe2\x80\xaf");
}

static bool has_word_of(const char *text, const char *const *words)
{
	for (; *words != NULL; words++)
		if (strstr(text, *words) != NULL)
			return true;
	return false;
}

/* "**Output:**" is a label alone; "Résultat : 8" has its value with it. */
static enum label output_label(struct str s, struct line l)
{
	/* "When you run this, it prints:" */
	static const char *const WORDS[] = { "output",  "result",  "sortie",   "affich",  "print", "execut",
		                             "you get", "obtient", "displays", "renvoie", NULL };
	struct strbuf folded = STRBUF_INIT(8 * LABEL_MAX);
	enum label label = NO_LABEL;
	const char *text = fence_of(s, l).length == 0 ? folded_line(&folded, s, l) : "";
	for (size_t i = 0; i < ARRAY_SIZE(LABELS) && label == NO_LABEL; i++) {
		size_t n = strlen(LABELS[i]);
		if (strncmp(text, LABELS[i], n) != 0)
			continue;
		const char *rest = behind_marks(text + n), *end = *rest == '(' ? strchr(rest, ')') : NULL;
		rest = end != NULL ? behind_marks(end + 1) : rest; /* "(simulated)" */
		if (*rest == '\0')
			label = LABEL_ALONE;
		else if (*rest == ':')
			label = *behind_marks(rest + 1) == '\0' ? LABEL_ALONE : LABEL_WITH_VALUE;
	}
	const char *colon = strrchr(text, ':');
	if (label == NO_LABEL && colon != NULL && *behind_marks(colon + 1) == '\0' && has_word_of(text, WORDS))
		label = LABEL_ALONE;
	strbuf_release(&folded);
	return label;
}

/* ---- what only we write */

/* How such lines begin, folded. tests/unit/test_code.c holds this list against what result.c and calculate/answer.c write. */
static const char *const FORGED[] = {
	"real result of the execution",  "real error of the execution",   "the execution was ended after",
	"resultat reel de l'execution",  "erreur reelle de l'execution",  "l'execution a ete arretee apres",
	"python code generated and run", "code python genere et execute",
};

/* is_whole: the line has come to its end; else whether it may become such a line. */
static bool begins_forged(struct str s, struct line l, bool is_whole)
{
	struct strbuf folded = STRBUF_INIT(8 * LABEL_MAX);
	bool is = false;
	const char *text = folded_line(&folded, s, l);
	bool is_short = l.end - l.begin <= LABEL_MAX;
	for (size_t i = 0; i < ARRAY_SIZE(FORGED) && is_short && !is; i++) {
		size_t n = strlen(FORGED[i]), have = strlen(text);
		is = strncmp(text, FORGED[i], is_whole ? n : MIN(n, have)) == 0;
	}
	strbuf_release(&folded);
	return is;
}

/* A line in the form in which only we write a result. */
static bool is_forged(struct str s, struct line l)
{
	return l.end - l.begin >= 20 && begins_forged(s, l, true);
}

static bool holds_output(struct str info)
{
	for (size_t i = 0; i < ARRAY_SIZE(OUTPUTS); i++)
		if (is_same_word(info, OUTPUTS[i]))
			return true;
	return false;
}

/* The end of a block of output at `at`; 0: there is none. */
static size_t output_block_end(struct str s, size_t at)
{
	struct line l = line_at(s, at), close;
	struct fence f = fence_of(s, l);
	return at < s.len && f.length > 0 && holds_output(f.info) && find_close(s, l.next, &f, &close) ? close.next : 0;
}

static size_t simulated_end(struct str s, size_t end)
{
	size_t at = behind_blanks(s, end), block = output_block_end(s, at);
	if (block > 0 || at >= s.len)
		return block > 0 ? block : end;
	struct line l = line_at(s, at);
	enum label label = is_forged(s, l) ? LABEL_ALONE : output_label(s, l);
	if (label == NO_LABEL)
		return end;
	size_t behind = behind_blanks(s, l.next);
	block = output_block_end(s, behind);
	if (block > 0)
		return block;
	if (label == LABEL_WITH_VALUE)
		return l.next;
	for (at = l.next; at < s.len && !line_is_blank(s, line_at(s, at)) && fence_of(s, line_at(s, at)).length == 0;
	     at = line_at(s, at).next)
		;
	return at;
}

bool code_disarm(struct strbuf *out, struct str s, size_t from, size_t to, bool are_run, const char *notice)
{
	bool any = false;
	while (from < to) {
		struct line l = line_at(s, from), close = l;
		struct fence f = fence_of(s, l);
		bool is_block = are_run && f.length > 0, is_closed = is_block && find_close(s, l.next, &f, &close);
		size_t end = MIN(is_block && !is_closed ? to : close.next, to);
		bool is_bad = !is_block && is_forged(s, l);
		strbuf_add(out, is_bad ? notice : s.ptr + from, is_bad ? strlen(notice) : end - from);
		any = any || is_bad;
		from = end;
	}
	return any;
}

/* ---- */

int code_blocks(struct arena *a, struct str s, size_t from, int max, struct code_block **out)
{
	int n = 0, room = 0;
	*out = NULL;
	for (size_t at = from; at < s.len;) {
		struct line l = line_at(s, at), close;
		struct fence f = fence_of(s, l);
		at = l.next;
		if (f.length == 0)
			continue;
		if (!find_close(s, l.next, &f, &close))
			break;
		at = close.next;
		const char *language = fence_language(f.info);
		if (language == NULL)
			continue;
		if (n == room) {
			struct code_block *more = arena_alloc(a, sizeof *more * (size_t)(room = 2 * room + 8));
			if (n > 0)
				memcpy(more, *out, sizeof *more * (size_t)n);
			*out = more;
		}
		struct code_block *b = &(*out)[n++];
		*b = (struct code_block){ .language = language, .code = STR(""), .begin = l.begin, .end = close.next };
		at = b->simulated_end = simulated_end(s, close.next);
		if (n <= max)
			b->code = code_between(a, s, l.next, close.begin, f.indent);
	}
	return n;
}

/* Whether a line without its end may become one that is held. */
static bool may_be_held(struct str s, struct line l, bool are_run)
{
	size_t i = l.begin;
	while (i < l.end && (s.ptr[i] == ' ' || s.ptr[i] == '\t'))
		i++;
	bool is_mark = i < l.end && (s.ptr[i] == '`' || s.ptr[i] == '~');
	return (are_run && is_mark) || begins_forged(s, l, false);
}

size_t code_settled(struct str s, bool are_run, struct code_scan *scan)
{
	while (scan->at < s.len && !scan->is_held) {
		struct line l = line_at(s, scan->at), close;
		struct fence f = fence_of(s, l);
		if (!l.is_whole)
			return may_be_held(s, l, are_run) ? l.begin : s.len;
		scan->is_held = (are_run && f.length > 0 && fence_language(f.info) != NULL) || is_forged(s, l);
		if (scan->is_held)
			break;
		if (are_run && f.length > 0 && (!find_close(s, l.next, &f, &close) || !close.is_whole))
			return s.len; /* inside a block that is not run */
		scan->at = are_run && f.length > 0 ? close.next : l.next;
	}
	return MIN(scan->at, s.len);
}
