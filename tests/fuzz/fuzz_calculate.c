/* Any message: what is run for it has numbers and the words of its grammar, and nothing of the message. The second half of each
 * input is read as words of a question, one for each byte, because bytes alone are rarely one. */
#include "tests/fuzz/fuzz.h"
#include "worker/calculate/calculate.h"

static void check(struct str text)
{
	static const char ALLOWED[] = "0123456789+-*/%().,[] =:\"{}\nabcdefghijklmnopqrstuvwxyzT";
	struct arena a = ARENA_INIT;
	struct calculation c;
	if (calculation_read(&a, text, &c)) {
		RULE(strspn(c.code, ALLOWED) == strlen(c.code), "%s", c.code);
		const char *print = strstr(c.code, "print(");
		RULE(print != NULL && strstr(print + 1, "print(") == NULL && strlen(c.code) < 8192, "%s", c.code);
	}
	arena_release(&a);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const WORDS[] = { "1",         "2,5",
		                             "3 400",     "7.25",
		                             "+",         "-",
		                             "*",         "/",
		                             "x",         "^",
		                             "(",         ")",
		                             "%",         " de ",
		                             " of ",      " et ",
		                             " and ",     ", ",
		                             "; ",        "!",
		                             "²",         "√",
		                             "=",         "?",
		                             " ",         "calcule ",
		                             "what is ",  "combien font ",
		                             "moyenne ",  "sum of ",
		                             "sort ",     " par ",
		                             " by ",      "racine carrée de ",
		                             " au carré", "divise ",
		                             "ajoute ",   " à ",
		                             "increase ", "reste " };
	struct strbuf b = STRBUF_INIT(8192);
	check((struct str){ (const char *)data, size });
	for (size_t i = size / 2; i < size; i++)
		strbuf_str(&b, WORDS[data[i] % ARRAY_SIZE(WORDS)]);
	check((struct str){ strbuf_text(&b), b.len });
	strbuf_release(&b);
	return 0;
}
