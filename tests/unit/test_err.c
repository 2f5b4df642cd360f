/* What is done about an error hangs on its code and class, and both are stored and filtered by: the table is a promise. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "shared/err.h"

#define TEST(name) static void name(void **state __attribute__((unused)))

TEST(every_code_has_a_name_of_its_own_and_a_class)
{
	for (enum err_code c = ERR_OK; c < ERR_N; c++) {
		const char *name = err_name(c);
		assert_non_null(name);
		assert_true(strspn(name, "abcdefghijklmnopqrstuvwxyz_") == strlen(name) && *name != '\0');
		for (enum err_code other = ERR_OK; other < c; other++)
			assert_string_not_equal(err_name(other), name);
		assert_int_equal(err_class(c) == ERR_NONE, c == ERR_OK);
	}
}

TEST(classes_that_decide_over_a_message)
{
	assert_int_equal(err_class(ERR_CANCELLED), ERR_GONE);
	assert_int_equal(err_class(ERR_LEASE_LOST), ERR_GONE);
	assert_int_equal(err_class(ERR_SHUTDOWN), ERR_RELEASE);
	assert_int_equal(err_class(ERR_RATE_LIMITED), ERR_WAIT);
	assert_int_equal(err_class(ERR_TRUNCATED), ERR_RETRY);
	assert_int_equal(err_class(ERR_NETWORK), ERR_RETRY);
	assert_int_equal(err_class(ERR_QUOTA), ERR_PERMANENT);
	assert_int_equal(err_class(ERR_AUTH), ERR_PERMANENT);
	assert_int_equal(err_class(ERR_CONTEXT_LENGTH), ERR_PERMANENT);
}

TEST(set_once_and_wrapped_on_the_way_up)
{
	struct err e = { .wait_ms = 5 };
	assert_int_equal(err_set(&e, ERR_OVERLOADED, "HTTP %d", 529), -1);
	assert_int_equal(e.wait_ms, 0);
	e.wait_ms = 70;
	assert_int_equal(err_wrap(&e, "%s", "openai"), -1);
	assert_int_equal(err_wrap(&e, "generate"), -1);
	assert_string_equal(e.msg, "generate: openai: HTTP 529");
	assert_int_equal(e.code, ERR_OVERLOADED);
	assert_int_equal(e.wait_ms, 70);
}

TEST(long_texts_are_cut_not_overrun)
{
	char wide[1000];
	struct err e;
	memset(wide, 'x', sizeof wide - 1);
	wide[sizeof wide - 1] = '\0';
	err_set(&e, ERR_DB, "%s", wide);
	assert_int_equal(strlen(e.msg), sizeof e.msg - 1);
	err_wrap(&e, "inner");
	assert_int_equal(strlen(e.msg), sizeof e.msg - 1);
	assert_memory_equal(e.msg, "inner: xxx", 10);
	err_wrap(&e, "%s", wide);
	assert_int_equal(strlen(e.msg), sizeof e.msg - 1);
	assert_int_equal(e.code, ERR_DB);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_code_has_a_name_of_its_own_and_a_class),
		cmocka_unit_test(classes_that_decide_over_a_message),
		cmocka_unit_test(set_once_and_wrapped_on_the_way_up),
		cmocka_unit_test(long_texts_are_cut_not_overrun),
	};
	return cmocka_run_group_tests_name("err", tests, NULL, NULL);
}
