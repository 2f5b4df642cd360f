/* Why: what is claimed of a classification is this arithmetic, and the file it is claimed with is written by hand. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>

#include "shared/arena.h"
#include "tui/cli/confusion.h"

#define TEST(name) static void name(void **state __attribute__((unused)))

static bool about(double a, double b)
{
	return fabs(a - b) < 1e-9;
}

TEST(quality)
{
	static struct confusion c = { .n = 3 };
	/* label 0: 3 texts, two right, one unsure that would have been; label 1: 2, one taken for 0, one not classified; label 2: none */
	confusion_add(&c, 0, 0, 0, false);
	confusion_add(&c, 0, 0, 0, false);
	confusion_add(&c, 0, CONFUSION_NONE, 0, false);
	confusion_add(&c, 1, 0, 0, false);
	confusion_add(&c, 1, CONFUSION_NONE, CONFUSION_NONE, true);
	assert_int_equal(c.total, 5);
	assert_int_equal(c.right, 2);
	assert_int_equal(c.wrong, 1);
	assert_int_equal(c.unsure, 1);
	assert_int_equal(c.failed, 1);
	assert_int_equal(c.best, 3);
	assert_int_equal(c.cells[0][3], 1);
	assert_true(about(confusion_accuracy(&c), 0.4));
	struct quality q = confusion_quality(&c, 0);
	assert_true(about(q.precision, 2 / 3.0) && about(q.recall, 2 / 3.0) && about(q.f1, 2 / 3.0));
	assert_int_equal(q.texts, 3);
	q = confusion_quality(&c, 1);
	assert_true(q.precision < 0 && about(q.recall, 0) && about(q.f1, 0));
	q = confusion_quality(&c, 2);
	assert_true(q.precision < 0 && q.recall < 0 && q.f1 < 0);
}

TEST(files)
{
	static const struct {
		const char *line, *text, *label; /* text NULL: bad */
	} LINES[] = {
		{ "{\"text\": \"a, b\", \"label\": \"x\"}", "a, b", "x" },
		{ "plain,x", "plain", "x" },
		{ "\"with, comma and \"\"quotes\"\"\",x", "with, comma and \"quotes\"", "x" },
		{ "no label\r", "no label", "" },
		{ "{\"text\": \"a\"}", "a", "" },
		{ "{\"text\": 1, \"label\": \"x\"}", NULL, NULL },
		{ "{\"text\": \"a\", \"label\": 1}", NULL, NULL },
		{ "{broken", NULL, NULL },
		{ "a,b,c", NULL, NULL },
		{ ",x", NULL, NULL },
	};
	struct arena a = ARENA_INIT;
	for (size_t i = 0; i < ARRAY_SIZE(LINES); i++) {
		struct str rest = str_of(arena_strf(&a, "text,label\n\n%s", LINES[i].line));
		struct labelled one;
		int number = 0;
		bool bad;
		assert_true(labelled_next(&a, &rest, &number, &one, &bad));
		assert_int_equal(number, 3);
		assert_int_equal(bad, LINES[i].text == NULL);
		if (!bad)
			assert_true(str_eq(one.text, LINES[i].text) && str_eq(one.label, LINES[i].label));
		assert_false(labelled_next(&a, &rest, &number, &one, &bad));
	}
	arena_release(&a);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(quality), cmocka_unit_test(files) };
	return cmocka_run_group_tests(tests, NULL, NULL);
}
