#include "worker/calculate/calculate.h"

#include "worker/calculate/tree.h"

#define PROGRAM_MAX 8192

bool calculation_read(struct arena *a, struct str text, struct calculation *out)
{
	struct token tokens[TOKENS_MAX];
	enum language_of language;
	int n = calculation_lex(a, text, tokens);
	const struct node *root = n > 0 ? calculation_parse(a, tokens, n, &language) : NULL;
	if (root == NULL)
		return false;
	struct strbuf code = STRBUF_INIT(PROGRAM_MAX);
	calculation_python(&code, root);
	bool is_whole = !code.broken;
	*out = (struct calculation){ .code = arena_dup(a, strbuf_text(&code), code.len), .is_french = language == FR };
	strbuf_release(&code);
	return is_whole;
}
