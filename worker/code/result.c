#include "worker/code/result.h"

#include "shared/utf8.h"

#define LOOK_MAX 4096 /* bytes of a text that tell its language */

struct wording {
	const char *result, *result_status, *error, *ended, *not_run, *nothing, *cut;
};
static const struct wording WORDINGS[] = {
	{ .result = "✅ **REAL result of the execution (%lldms):**",
	  .result_status = "✅ **REAL result of the execution (%lldms, exit status %d):**",
	  .error = "❌ **REAL error of the execution (%lldms, exit status %d):**",
	  .ended = "❌ **The execution was ended after %lldms: %s**",
	  .not_run = "⚠ **This code was NOT run: %s**",
	  .nothing = "(no output)",
	  .cut = "(only the beginning)" },
	{ .result = "✅ **Résultat RÉEL de l'exécution (%lldms):**",
	  .result_status = "✅ **Résultat RÉEL de l'exécution (%lldms, code de sortie %d):**",
	  .error = "❌ **Erreur RÉELLE de l'exécution (%lldms, code de sortie %d):**",
	  .ended = "❌ **L'exécution a été arrêtée après %lldms: %s**",
	  .not_run = "⚠ **Ce code n'a PAS été exécuté: %s**",
	  .nothing = "(aucune sortie)",
	  .cut = "(seulement le début)" },
};

void result_put_block(struct strbuf *b, const char *language, struct str text)
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

bool result_is_of_no_run(const struct real_result *r)
{
	return strcmp(r->verdict, "rejected") == 0 || strcmp(r->verdict, "sandbox_error") == 0;
}

void result_put(struct strbuf *b, const struct real_result *r, bool is_french)
{
	const struct wording *w = &WORDINGS[is_french];
	if (result_is_of_no_run(r)) {
		strbuf_addf(b, w->not_run, r->why);
		return;
	}
	if (strcmp(r->verdict, "error") == 0)
		strbuf_addf(b, w->error, (long long)r->took_ms, r->exit_code);
	else if (strcmp(r->verdict, "ok") != 0)
		strbuf_addf(b, w->ended, (long long)r->took_ms, r->verdict);
	else if (r->with_status)
		strbuf_addf(b, w->result_status, (long long)r->took_ms, r->exit_code);
	else
		strbuf_addf(b, w->result, (long long)r->took_ms);
	strbuf_char(b, '\n');
	if (r->output.len > 0)
		result_put_block(b, "", r->output);
	else
		strbuf_str(b, w->nothing);
	if (r->is_cut)
		strbuf_addf(b, "\n%s", w->cut);
}

const char *result_forged(bool is_french)
{
	return is_french ? "⚠ **Ce qui suit ne vient PAS d'une exécution:**\n"
	                 : "⚠ **What follows does NOT come from an execution:**\n";
}

static int words_in(const char *text, const char *const *words)
{
	int n = 0;
	for (; *words != NULL; words++)
		for (const char *at = strstr(text, *words); at != NULL; at = strstr(at + 1, *words))
			n++;
	return n;
}

bool is_rather_french(struct str text)
{
	static const char *const FRENCH[] = { " le ",   " la ",   " les ",    " des ",   " du ",    " une ",   " un ", " et ",
		                              " est ",  " pour ", " dans ",   " avec ",  " que ",   " voici ", " ce ", " cette ",
		                              " vous ", " je ",   " calcule", " execut", " ecris ", NULL };
	static const char *const ENGLISH[] = { " the ",  " a ",    " an ", " and ", " is ", " for ", " in ", " with ", " that ",
		                               " here ", " this ", " of ", " you ", " to ", " i ",   " it ", NULL };
	struct strbuf folded = STRBUF_INIT(4 * LOOK_MAX);
	text.len = MIN(text.len, (size_t)LOOK_MAX);
	text.len -= utf8_unfinished(text);
	strbuf_char(&folded, ' ');
	utf8_fold(&folded, text);
	strbuf_char(&folded, ' ');
	for (size_t i = 0; i < folded.len; i++)
		if (folded.ptr[i] == '\n' || folded.ptr[i] == '\'' || folded.ptr[i] == ',' || folded.ptr[i] == '.')
			folded.ptr[i] = ' ';
	bool is = words_in(strbuf_text(&folded), FRENCH) > words_in(strbuf_text(&folded), ENGLISH);
	strbuf_release(&folded);
	return is;
}
