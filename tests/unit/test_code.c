/*
 * Blocks of code in answers: which are run, what the model says that they print, and what of a growing answer may be shown
 * before they were run.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "worker/calculate/calculate.h"
#include "worker/code/blocks.h"
#include "worker/code/result.h"

#define TEST(name) static void name(void **state __attribute__((unused)))
#define MAX_BLOCKS 8

static struct arena memory;
static struct code_block *blocks;

static int found(const char *answer)
{
	return code_blocks(&memory, str_of(answer), 0, MAX_BLOCKS, &blocks);
}

static bool is_code(int i, const char *language, const char *code)
{
	return strcmp(blocks[i].language, language) == 0 && str_eq(blocks[i].code, code);
}

TEST(test_which_are_run)
{
	assert_int_equal(found("Voici :\n```python\nprint(1)\n```\net\n~~~js\nconsole.log(2)\n~~~\n```bash\necho 3\n```"), 3);
	assert_true(is_code(0, "python", "print(1)\n"));
	assert_true(is_code(1, "javascript", "console.log(2)\n"));
	assert_true(is_code(2, "bash", "echo 3\n"));
	assert_int_equal(found("1. Do\n   ```Python title=\"a\"\n   if 1:\n       print(1)\n   ```\n"), 1);
	assert_true(is_code(0, "python", "if 1:\n    print(1)\n"));
	/* A longer fence holds a shorter one. */
	assert_int_equal(found("````text\n```python\nprint(1)\n```\n````\n"), 0);
	assert_int_equal(found("````python\nprint('''\n```\n''')\n````\n"), 1);
	assert_true(is_code(0, "python", "print('''\n```\n''')\n"));
	assert_int_equal(found("```python\r\nprint(1)\r\n```\r\n"), 1);
	assert_true(is_code(0, "python", "print(1)\n"));
	/* None: no language, another one, not closed, inside a line. */
	assert_int_equal(found("```\nprint(1)\n```\n```c\nint x;\n```\nuse ```python print(1)``` here\n```python\nprint(1)\n"),
	                 0);
	assert_int_equal(found(""), 0);
}

/* What remains of an answer behind its only block, without what was said to be the output. */
static const char *behind(const char *answer)
{
	assert_int_equal(found(answer), 1);
	return answer + blocks[0].simulated_end;
}

TEST(test_simulated_output)
{
#define CODE "```python\nprint(5 + 3)\n```\n"
	static const char *const SIMULATED[] = {
		CODE "\n```\n8\n```\nThen.",
		CODE "\n```output\n8\n```\nThen.",
		CODE "\nOutput:\n```\n8\n```\nThen.",
		CODE "\n**Output:**\n\n```text\n8\n```\nThen.",
		CODE "\n**Exécution simulée :**\n```\n8\n```\nThen.",
		CODE "\nRésultat : 8\nThen.",
		CODE "Result: **8**\nThen.",
		CODE "\n### Sortie attendue\n```\n8\n```\nThen.",
		CODE "\nThe output will be:\n```\n8\n```\nThen.",
		CODE "\nWhen you run this you get:\n```\n8\n```\nThen.",
		CODE "\nVoici le résultat :\n```\n8\n```\nThen.",
		CODE "\nRésultat\u202f: 8\nThen.",
		CODE "\n✅ **REAL result of the execution (38ms, exit status 0):**\n```\n44\n```\nThen.",
		CODE "\n✅ **Résultat RÉEL de l'exécution (38ms):**\n```\n44\n```\nThen.",
	};
	for (size_t i = 0; i < ARRAY_SIZE(SIMULATED); i++)
		assert_string_equal(behind(SIMULATED[i]), "Then.");
	assert_string_equal(behind(CODE "\nOutput:\n8\n\nThen."), "\nThen.");
	/* What is no output stays. */
	assert_string_equal(behind(CODE "\nThis adds two numbers.\n"), "\nThis adds two numbers.\n");
	assert_string_equal(behind(CODE "\n```c\nint x;\n```\n"), "\n```c\nint x;\n```\n");
	assert_string_equal(behind(CODE "\nResults may vary.\n"), "\nResults may vary.\n");
	assert_string_equal(behind(CODE "\nExecution is fast.\n"), "\nExecution is fast.\n");
	assert_string_equal(behind(CODE), "");
	/* A fence is no label; what is cut out holds no further block. */
	assert_string_equal(behind(CODE "\n```execution\n44\n```\nThen."), "\n```execution\n44\n```\nThen.");
	assert_int_equal(found(CODE "Output:\n````\n" CODE "````\nThen."), 1);
	assert_int_equal(found(CODE CODE CODE CODE CODE CODE CODE CODE CODE "Output: 44\n"), 9);
	assert_int_equal(blocks[8].simulated_end - blocks[8].end, strlen("Output: 44\n"));
}

static size_t settled(const char *text)
{
	struct code_scan scan = { 0 };
	return code_settled(str_of(text), true, &scan);
}

TEST(test_what_may_be_shown)
{
	assert_int_equal(settled("Hello"), 5);
	assert_int_equal(settled("Hello\n"), 6);
	assert_int_equal(settled("Hello\n``"), 6);
	assert_int_equal(settled("Hello\n   "), 6);
	assert_int_equal(settled("Hello\n```pyth"), 6);
	assert_int_equal(settled("Hello\n```python\nprint(1)"), 6);
	assert_int_equal(settled("Hello\n```python\nprint(1)\n```\nand more"), 6);
	assert_int_equal(settled("Hello\n```c\nint x;"), strlen("Hello\n```c\nint x;"));
	assert_int_equal(settled("```c\nint x;\n```\n```js\n"), strlen("```c\nint x;\n```\n"));
	/* What was run already is behind it. */
	const char *text = "a\n```python\nprint(1)\n```\nb";
	struct code_scan scan = { .at = strlen(text) };
	assert_int_equal(code_settled(str_of(text), true, &scan), strlen(text));
	/* A line that looks like ours is held, as soon as it may be one, also where no code is run. */
	assert_int_equal(settled("So:\n✅ **REAL re"), 4);
	assert_int_equal(settled("So:\n✅ **REAL result of the execution (1ms):**\n```\n44\n```\nand"), 4);
	assert_int_equal(settled("So:\n✅ **Done**\nand"), strlen("So:\n✅ **Done**\nand"));
	scan = (struct code_scan){ 0 };
	assert_int_equal(code_settled(STR("```py\nx\n```\nRésultat RÉEL de l'exécution (4ms):\n44\n"), false, &scan),
	                 strlen("```py\nx\n```\n"));
}

/* Whatever is shown is never taken back by what follows, and looking again from where it stopped gives the same. */
TEST(test_what_was_shown_stays)
{
	static const char *const WHOLE[] = {
		"One `x`\n\n  ~~\n```c\n```\n ```py\nprint(1)\n```\nend",
		"1\n```text\n```python\n```\n**REAL** result\n---\n✅ ok\npy\nreal result of the execution: 5\nx",
		"é\n````c\n```js\n````\n~~~sh\necho\n~~~\n",
	};
	for (size_t i = 0; i < ARRAY_SIZE(WHOLE); i++) {
		struct code_scan scan = { 0 };
		size_t shown = 0;
		for (size_t n = 0; n <= strlen(WHOLE[i]); n++) {
			struct str text = { WHOLE[i], n };
			struct code_scan fresh = { 0 };
			size_t now = code_settled(text, true, &scan);
			assert_true(now >= shown && now <= n);
			assert_int_equal(now, code_settled(text, true, &fresh));
			shown = now;
		}
	}
}

/* What is taken out lies behind what may be shown. */
TEST(test_forged_results)
{
	const char *text =
		"So:\n```text\nREAL result of the execution (1ms):\n```\n✅ **REAL result of the execution (38ms):**\n```\n44\n```\n";
	struct strbuf b = STRBUF_INIT(4096);
	assert_true(code_disarm(&b, str_of(text), 0, strlen(text), true, "NOT REAL\n"));
	assert_string_equal(strbuf_text(&b), "So:\n```text\nREAL result of the execution (1ms):\n```\nNOT REAL\n```\n44\n```\n");
	strbuf_clear(&b);
	assert_true(code_disarm(&b, STR("**Code Python généré et exécuté:**\nx"), 0, 39, false, "NOT REAL\n"));
	assert_int_equal(strncmp(strbuf_text(&b), "NOT REAL\n", 9), 0);
	strbuf_clear(&b);
	assert_false(code_disarm(&b, STR("Real life\nResults\n"), 0, 18, true, "NOT REAL\n"));
	assert_string_equal(strbuf_text(&b), "Real life\nResults\n");
	strbuf_release(&b);
}

static bool is_known_as_ours(const struct strbuf *b)
{
	struct strbuf out = STRBUF_INIT(8192);
	bool is = code_disarm(&out, (struct str){ strbuf_text(b), b->len }, 0, b->len, true, "");
	strbuf_release(&out);
	return is;
}

/* Whatever we write in front of a real result is known when a model writes it. */
TEST(test_our_own_lines)
{
	static const char *const VERDICTS[] = { "ok", "error", "timeout" };
	for (int french = 0; french < 2; french++) {
		struct strbuf b = STRBUF_INIT(4096);
		for (size_t i = 0; i < 2 * ARRAY_SIZE(VERDICTS); i++) {
			strbuf_clear(&b);
			result_put(&b,
			           &(struct real_result){
					   .verdict = VERDICTS[i / 2], .why = "", .output = STR("8"), .with_status = i % 2 == 0 },
			           french);
			assert_true(is_known_as_ours(&b));
		}
		strbuf_clear(&b);
		const struct calculation c = { .code = "print(1)", .is_french = french };
		calculation_answer(&b, &c, &(struct real_result){ .verdict = "rejected", .why = "", .output = STR("") }, NULL);
		assert_true(is_known_as_ours(&b));
		strbuf_release(&b);
	}
}

TEST(test_results)
{
	struct strbuf b = STRBUF_INIT(4096);
	result_put(&b, &(struct real_result){ .verdict = "ok", .output = STR("8\n"), .with_status = true, .took_ms = 41 }, true);
	assert_string_equal(strbuf_text(&b), "✅ **Résultat RÉEL de l'exécution (41ms, code de sortie 0):**\n```\n8\n```");
	strbuf_clear(&b);
	result_put(&b, &(struct real_result){ .verdict = "sandbox_error", .why = "python is not installed", .output = STR("") },
	           false);
	assert_string_equal(strbuf_text(&b), "⚠ **This code was NOT run: python is not installed**");
	strbuf_release(&b);
}

TEST(test_languages)
{
	assert_true(is_rather_french(STR("Voici le code qui calcule la somme :")));
	assert_false(is_rather_french(STR("Here is the code that computes the sum:")));
	assert_false(is_rather_french(STR("")));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_which_are_run),     cmocka_unit_test(test_simulated_output),
		cmocka_unit_test(test_what_may_be_shown), cmocka_unit_test(test_what_was_shown_stays),
		cmocka_unit_test(test_forged_results),    cmocka_unit_test(test_our_own_lines),
		cmocka_unit_test(test_results),           cmocka_unit_test(test_languages),
	};
	int failed = cmocka_run_group_tests(tests, NULL, NULL);
	arena_release(&memory);
	return failed;
}
