#pragma once
/*
 * Makes text from outside safe to show. Pure: no locale, no state. Only this code decides how a
 * character of a message, an answer, a name or an error appears on a terminal. Widths and
 * categories are utf8proc's (Unicode 15). How a joiner (U+200C, U+200D) appears depends on its
 * neighbours: inside a word of a script that uses joiners it is text, between two emoji it is
 * dropped, anywhere else it is a hidden character.
 */
#include "shared/base.h"
#include "shared/str.h"

/* One displayed unit: a character with its marks, or a visible escape such as ^[, <U+202E>,
 * <FF>. */
struct glyph {
	char text[24];
	int len;   /* bytes of text */
	int width; /* cells, 0 to 12; 0 with len 0 = dropped */
	/* Bytes of a joiner at the end of the glyph. The joiner is text only together with what
	 * follows: a line that ends here leaves these bytes out. */
	int joiner;
	bool is_escape; /* a visible escape: drawn in another style */
};

/* Decodes one glyph at `at` (< end) and returns where the next one begins. Newline and tab become
 * escapes: a view that breaks lines removes them before. With `ascii`, a visible character over
 * 0x7e becomes '?' and marks are dropped. */
const char *utf8_glyph(const char *at, const char *end, bool ascii, struct glyph *out);

/* Appends text in a form that is safe for a terminal or a log; newlines and tabs stay if
 * `lines`. */
void utf8_safe(struct strbuf *out, struct str text, bool lines);
/* The same for the first `len` bytes, as they appear within the whole text. */
void utf8_safe_to(struct strbuf *out, struct str text, size_t len, bool lines);
/* Cells that the text takes when shown. */
int utf8_width(struct str text);
int utf8_width_to(struct str text, size_t len);
/* Appends text as valid UTF-8 for storage: the two halves of a surrogate pair, three bytes each,
 * become their character; invalid sequences, NUL and single halves become U+FFFD. */
void utf8_repair(struct strbuf *out, struct str text);
/* For a text that will grow: the number of leading bytes whose appearance does not depend on what
 * follows (to be shown with utf8_safe_to). */
size_t utf8_settled(struct str text);
/* Number of code points in valid text. */
size_t utf8_count(struct str);
/* True when every byte belongs to a valid sequence and none is NUL. */
bool utf8_valid(struct str text);
/* Number of bytes at the end of text that begin an incomplete character (0 to 3). */
size_t utf8_unfinished(struct str text);
/* Appends text without capitals and accents, to compare words: "Élève" is "eleve". Small figures and signs stay. Nothing
 * where it is not valid. */
void utf8_fold(struct strbuf *out, struct str text);
