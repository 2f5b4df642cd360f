/* The answer to a calculation, in the source's wording: French, or the same in English. */
#include "worker/calculate/calculate.h"

void calculation_answer(struct strbuf *b, const struct calculation *c, const struct real_result *r, const char *cached_from)
{
	strbuf_addf(b, "%s\n", c->is_french ? "**Code Python généré et exécuté:**" : "**Python code generated and run:**");
	result_put_block(b, "python", str_of(c->code));
	strbuf_str(b, "\n\n");
	result_put(b, r, c->is_french);
	if (cached_from != NULL)
		strbuf_addf(b,
		            c->is_french ? "\n\nDu cache: le même calcul a déjà été exécuté (run %s)."
		                         : "\n\nFrom the cache: the same calculation was run before (run %s).",
		            cached_from);
}
