#include "worker/llm/text.h"

#include "shared/utf8.h"

static const struct {
	const char *open, *close;
} TAGS[] = {
	{ "<think>", "</think>" },
	{ "<thinking>", "</thinking>" },
	{ "<thought>", "</thought>" },
};

/* Length in bytes of the blank at the beginning of s; 0: none. Blanks are those of ASCII, U+0085,
 * U+00A0, U+1680, U+2000 to U+200F, U+2028, U+2029, U+202F, U+205F, U+2060, U+3000, U+FEFF. */
static size_t blank(struct str s)
{
	static const char *const WIDE[] = { "\xC2\x85",     "\xC2\xA0",     "\xE1\x9A\x80", "\xE2\x80\xA8", "\xE2\x80\xA9",
		                            "\xE2\x80\xAF", "\xE2\x81\x9F", "\xE2\x81\xA0", "\xE3\x80\x80", "\xEF\xBB\xBF" };
	if (s.len == 0 || (unsigned char)*s.ptr < 0x80) /* most text: nothing else begins like this */
		return s.len > 0 && *s.ptr != '\0' && strchr(" \t\r\n\v\f", *s.ptr) != NULL;
	if (str_starts(s, "\xE2\x80") && s.len > 2 && (unsigned char)s.ptr[2] < 0x90)
		return 3;
	for (size_t k = 0; k < ARRAY_SIZE(WIDE); k++)
		if (str_starts(s, WIDE[k]))
			return strlen(WIDE[k]);
	return 0;
}

/* Length in bytes of all blanks at the beginning of s. */
static size_t blanks(struct str s)
{
	size_t i = 0;
	for (size_t n; (n = blank((struct str){ s.ptr + i, s.len - i })) > 0;)
		i += n;
	return i;
}

bool text_is_blank(struct str s)
{
	return blanks(s) == s.len;
}

static void hand_on(struct text *t, struct str s)
{
	if (s.len == 0)
		return;
	t->has_words = t->has_words || !text_is_blank(s);
	t->on_text(t->ctx, s);
}

/* The answer begins: passes on what was held. Blanks between the thinking and the first word are
 * dropped. */
static void speak(struct text *t)
{
	struct str held = { strbuf_text(&t->held), t->held.len };
	size_t skip = t->has_thought ? blanks(held) : 0;
	t->state = TEXT_SPOKEN;
	hand_on(t, (struct str){ held.ptr + skip, held.len - skip });
	strbuf_release(&t->held);
	t->held.cap = TEXT_BLANKS_MAX;
	t->n_blank = 0;
}

/* Returns the length of `tag` when s begins with it, the length of s when s may be the beginning of
 * it, else 0. */
static size_t begins(struct str s, const char *tag)
{
	size_t n = MIN(strlen(tag), s.len);
	return memcmp(s.ptr, tag, n) == 0 ? n : 0;
}

/* Looks for an opening tag after blanks. Returns how many bytes of the held text are used up; calls
 * speak() when no tag can follow. */
static size_t look_for_thought(struct text *t, struct str s, bool is_end)
{
	size_t n = t->n_blank + blanks((struct str){ s.ptr + t->n_blank, s.len - t->n_blank });
	struct str rest = { s.ptr + n, s.len - n };
	t->n_blank = n;
	bool may_be = rest.len == 0;
	for (size_t i = 0; i < ARRAY_SIZE(TAGS) && rest.len > 0; i++) {
		if (begins(rest, TAGS[i].open) == strlen(TAGS[i].open)) {
			t->state = TEXT_THOUGHT;
			t->tag = (int)i;
			t->has_thought = true;
			return n + strlen(TAGS[i].open);
		}
		may_be |= begins(rest, TAGS[i].open) > 0;
	}
	if (!may_be || s.len >= TEXT_BLANKS_MAX / 2 || (is_end && rest.len > 0))
		speak(t);
	return 0;
}

/* Skips thinking, up to the closing tag. Returns how many bytes of the held text are used up. */
static size_t pass_thought(struct text *t, struct str s)
{
	const char *close = TAGS[t->tag].close;
	for (size_t i = 0; i < s.len; i++) {
		struct str rest = { s.ptr + i, s.len - i };
		if (s.ptr[i] != '<' || begins(rest, close) == 0)
			continue;
		if (begins(rest, close) < strlen(close))
			return i; /* the rest of the tag may come */
		t->state = TEXT_BLANK;
		return i + strlen(close);
	}
	return s.len;
}

/* Reads the held beginning of an answer, until its first word. */
static void look_at_held(struct text *t, bool is_end)
{
	while (t->state != TEXT_SPOKEN && t->held.len > 0) {
		struct str s = { t->held.ptr, t->held.len };
		size_t n = t->state == TEXT_BLANK ? look_for_thought(t, s, is_end) : pass_thought(t, s);
		if (n == 0)
			return;
		memmove(t->held.ptr, t->held.ptr + n, t->held.len - n);
		t->held.len -= n;
		t->n_blank = 0;
		t->held.ptr[t->held.len] = '\0';
	}
}

static void add_joined(struct text *t, struct str s)
{
	while (t->state != TEXT_SPOKEN && s.len > 0) {
		size_t n = MIN(s.len, TEXT_BLANKS_MAX / 4);
		n -= utf8_unfinished((struct str){ s.ptr, n });
		strbuf_add(&t->held, s.ptr, n);
		s = (struct str){ s.ptr + n, s.len - n };
		look_at_held(t, false);
	}
	hand_on(t, s);
}

static bool is_high_half(struct str s)
{
	return s.len == 3 && (unsigned char)s.ptr[0] == 0xED && (unsigned char)s.ptr[1] >= 0xA0 && (unsigned char)s.ptr[1] < 0xB0;
}

/* Bytes at the end that may be the first part of a character or of a surrogate pair. */
static size_t cut_at_end(struct str s)
{
	struct str last = { s.ptr + s.len - MIN(s.len, 3), MIN(s.len, 3) };
	return is_high_half(last) ? 3 : utf8_unfinished(s);
}

void text_add(struct text *t, struct str piece)
{
	size_t n;
	t->bytes_in += piece.len;
	if (t->n_cut == 0 && (n = cut_at_end(piece)) == 0 && utf8_valid(piece)) {
		add_joined(t, piece);
		return;
	}
	struct strbuf raw = STRBUF_INIT(piece.len + sizeof t->cut), whole = STRBUF_INIT((piece.len + sizeof t->cut) * 3);
	strbuf_add(&raw, t->cut, (size_t)t->n_cut);
	strbuf_add(&raw, piece.ptr, piece.len);
	n = cut_at_end((struct str){ strbuf_text(&raw), raw.len });
	utf8_repair(&whole, (struct str){ strbuf_text(&raw), raw.len - n });
	memcpy(t->cut, strbuf_text(&raw) + raw.len - n, n);
	t->n_cut = (int)n;
	add_joined(t, (struct str){ strbuf_text(&whole), whole.len });
	strbuf_release(&raw);
	strbuf_release(&whole);
}

void text_end(struct text *t)
{
	if (t->n_cut > 0)
		add_joined(t, STR("\xEF\xBF\xBD"));
	t->n_cut = 0;
	look_at_held(t, true);
}

void text_release(struct text *t)
{
	strbuf_release(&t->held);
}
