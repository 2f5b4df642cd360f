/* The answer to a calculation, in the source's wording: French, or the same in English. */
#include "worker/calculate/calculate.h"

struct wording {
	const char *code, *result, *error, *ended, *exit_status, *cut, *cached;
};
static const struct wording WORDINGS[] = {
	{ .code = "**Python code generated and run:**",
	  .result = "✅ **REAL result of the execution (%lldms):**",
	  .error = "❌ **REAL error of the execution (%lldms, exit status %d):**",
	  .ended = "❌ **The execution was ended after %lldms: %s (%s)**",
	  .cut = "(only the beginning)",
	  .cached = "From the cache: the same calculation was run before (run %s)." },
	{ .code = "**Code Python généré et exécuté:**",
	  .result = "✅ **Résultat RÉEL de l'exécution (%lldms):**",
	  .error = "❌ **Erreur RÉELLE de l'exécution (%lldms, code de sortie %d):**",
	  .ended = "❌ **L'exécution a été arrêtée après %lldms: %s (%s)**",
	  .cut = "(seulement le début)",
	  .cached = "Du cache: le même calcul a déjà été exécuté (run %s)." },
};

/* A block that the text cannot close: its fence is longer than any in it. */
static void put_fenced(struct strbuf *b, const char *language, struct str text)
{
	int fence = 3, run = 0;
	for (size_t i = 0; i < text.len; i++) {
		run = text.ptr[i] == '`' ? run + 1 : 0;
		fence = MAX(fence, run + 1);
	}
	while (text.len > 0 && text.ptr[text.len - 1] == '\n')
		text.len--;
	for (int side = 0; side < 2; side++) {
		for (int i = 0; i < fence; i++)
			strbuf_char(b, '`');
		if (side == 0) {
			strbuf_addf(b, "%s\n", language);
			strbuf_add(b, text.ptr, text.len);
			strbuf_str(b, "\n");
		}
	}
}

void calculation_answer(struct strbuf *b, const struct calculation *c, const struct calculated *r)
{
	const struct wording *w = &WORDINGS[c->is_french];
	strbuf_addf(b, "%s\n", w->code);
	put_fenced(b, "python", str_of(c->code));
	strbuf_str(b, "\n\n");
	if (strcmp(r->verdict, "ok") == 0)
		strbuf_addf(b, w->result, (long long)r->took_ms);
	else if (strcmp(r->verdict, "error") == 0)
		strbuf_addf(b, w->error, (long long)r->took_ms, r->exit_code);
	else
		strbuf_addf(b, w->ended, (long long)r->took_ms, r->verdict, r->why);
	strbuf_char(b, '\n');
	put_fenced(b, "", r->output);
	if (r->is_cut)
		strbuf_addf(b, "\n%s", w->cut);
	if (r->cached_from != NULL) {
		strbuf_str(b, "\n\n");
		strbuf_addf(b, w->cached, r->cached_from);
	}
}
