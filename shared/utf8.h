#pragma once
/*
 * Text from outside, made fit to be shown. Pure: no locale, no state. The only code that decides how a character of a message, an
 * answer, a name or an error appears on a terminal. Widths and classes are utf8proc's (Unicode 15). What it shows depends on what stands
 * around it: a joiner (U+200C, U+200D) is text inside of a word of a script that spells with it, and anywhere else a hidden character.
 */
#include "shared/base.h"
#include "shared/str.h"

/* One thing as it is shown: a character with its marks, or a visible escape such as ^[, <U+202E>, <FF>. */
struct glyph {
	char text[24];
	int len;        /* bytes of text */
	int width;      /* cells, 0 to 12; 0 with len 0 = dropped */
	int joiner;     /* bytes of a joiner that ended it: text only together with what follows, so that a line that ends here leaves them out */
	bool is_escape; /* made visible: to be drawn apart */
};

/* Decodes one glyph at `at` (< end) and returns where the next begins. Newline and tab are escapes here: a view that breaks lines
 * takes them out before. With `ascii` everything over 0x7e is an escape, except that letters become '?'. */
const char *utf8_glyph(const char *at, const char *end, bool ascii, struct glyph *out);

/* Whole text made safe for a plain terminal or a log: newlines and tabs stay if `lines`. */
void utf8_safe(struct strbuf *out, struct str text, bool lines);
/* The first `len` bytes as they are shown within the whole text. */
void utf8_safe_to(struct strbuf *out, struct str text, size_t len, bool lines);
/* Cells that the text takes when shown. */
int utf8_width(struct str text);
int utf8_width_to(struct str text, size_t len);
/* What may be stored: the two halves of a surrogate pair, three bytes each, become their character; invalid sequences, NUL and halves without
 * the other become U+FFFD. */
void utf8_repair(struct strbuf *out, struct str text);
/* Of a text that goes on: how many bytes look the same whatever follows (to be shown within what is there, by utf8_safe_to). */
size_t utf8_settled(struct str text);
/* How many characters (code points) valid text has. */
size_t utf8_count(struct str);
/* True when every byte belongs to a valid sequence and none is NUL. */
bool utf8_valid(struct str text);
/* How many bytes at the end of text are the beginning of an unfinished character (0 to 3). */
size_t utf8_unfinished(struct str text);
