/*
 * What is read as JSON is JSON to the letter: written again from the tree it reads the same, and what is read strictly is read as pieces too. The
 * tree's
 * memory is bounded by the text's size.
 */
#include "shared/json.h"
#include "shared/utf8.h"
#include "tests/fuzz/fuzz.h"

#define CAP (1u << 20)

static void write_value(struct strbuf *b, const struct json *j)
{
	double d;
	bool is;
	if (json_is_string(j)) {
		json_put_str(b, json_value(j));
	} else if (json_is_object(j) || json_is_array(j)) {
		strbuf_char(b, json_is_object(j) ? '{' : '[');
		for (const struct json *x = json_first(j); x != NULL; x = json_next(x)) {
			if (x != json_first(j))
				strbuf_char(b, ',');
			if (json_is_object(j)) {
				json_put_str(b, str_of(json_key(x)));
				strbuf_char(b, ':');
			}
			write_value(b, x);
		}
		strbuf_char(b, json_is_object(j) ? '}' : ']');
	} else if (json_double(j, "", &d)) {
		strbuf_addf(b, "%.17g", d > 1e300 ? 1e300 : d < -1e300 ? -1e300 : d);
	} else if (json_bool(j, "", &is)) {
		strbuf_str(b, is ? "true" : "false");
	} else {
		RULE(json_is_null(j, ""), "a value of no kind");
		strbuf_str(b, "null");
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena a = ARENA_INIT, again = ARENA_INIT, piece = ARENA_INIT;
	struct strbuf one = STRBUF_INIT(size * 40 + 1000), two = STRBUF_INIT(size * 40 + 1000);
	struct str in = { (const char *)data, size };
	const struct json *j, *k;
	struct err err;
	int result = json_parse(&a, in, CAP, &j, &err);
	RULE(a.used <= 24 * size + 1048576, "%zu bytes of memory for %zu", a.used, size);
	RULE(json_parse_piece(&piece, in, CAP, &k, &err) == 0 || result < 0, "refused as a piece: %s", err.msg);
	if (result == 0) {
		write_value(&one, j);
		RULE(utf8_valid((struct str){ strbuf_text(&one), one.len }), "invalid UTF-8");
		RULE(json_parse(&again, (struct str){ strbuf_text(&one), one.len }, CAP * 40, &k, &err) == 0 ||
		             err.code == ERR_TOO_BIG,
		     "%s: %s", err.msg, strbuf_text(&one));
		if (again.used > 0 && err.code != ERR_TOO_BIG) {
			write_value(&two, k);
			RULE(strcmp(strbuf_text(&one), strbuf_text(&two)) == 0, "read again: %s", strbuf_text(&two));
		}
	}
	strbuf_release(&one);
	strbuf_release(&two);
	arena_release(&a);
	arena_release(&again);
	arena_release(&piece);
	return 0;
}
