/* Columns are a few cells wide and are compared with the eye: how a number is rounded and cut is part of the product. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tui/format.h"

#define TEST(name) static void name(void **state __attribute__((unused)))

TEST(durations)
{
	static const struct {
		double s;
		const char *want;
	} D[] = {
		{ 0, "0s" },        { 0.4, "0.4s" },     { 1, "1s" },
		{ 1.25, "1.2s" },   { 9, "9s" },         { 9.94, "9.9s" },
		{ 9.96, "9s" },     { 12.7, "12s" },     { 59.99, "59s" },
		{ 60, "1m00s" },    { 130, "2m10s" },    { 3599, "59m59s" },
		{ 3600, "1h00m" },  { 11100, "3h05m" },  { 86399, "23h59m" },
		{ 86400, "1d00h" }, { 352800, "4d02h" }, { 86400.0 * 400, "400d00h" },
	};
	char buf[FORMAT_MAX];
	for (size_t i = 0; i < ARRAY_SIZE(D); i++) {
		assert_string_equal(format_duration(D[i].s, buf), D[i].want);
		assert_ptr_equal(format_duration(D[i].s, buf), buf);
	}
	/* a clock that went back is no reason for a minus */
	assert_null(strchr(format_duration(-0.5, buf), '-'));
	assert_null(strchr(format_duration(-100, buf), '-'));
}

TEST(latencies)
{
	static const struct {
		double s;
		const char *want;
	} L[] = { { -1, "-" },        { 0, "0ms" }, { 0.0004, "0ms" }, { 0.25, "250ms" }, { 0.999, "999ms" },
		  { 0.9996, "1.0s" }, { 1, "1s" },  { 3.1, "3.1s" },   { 118, "1m58s" } };
	char buf[FORMAT_MAX];
	for (size_t i = 0; i < ARRAY_SIZE(L); i++)
		assert_string_equal(format_latency(L[i].s, buf), L[i].want);
}

TEST(sparks)
{
	char buf[64], small[8];
	assert_string_equal(format_spark((const double[]){ 0, 1, 8, 4 }, 4, buf, sizeof buf), " ▂█▅");
	assert_string_equal(format_spark((const double[]){ 0, 0 }, 2, buf, sizeof buf), "  ");
	assert_string_equal(format_spark((const double[]){ 0.001 }, 1, buf, sizeof buf), "█");
	assert_string_equal(format_spark(NULL, 0, buf, sizeof buf), "");
	assert_string_equal(format_spark((const double[]){ 1, 1, 1 }, 3, small, sizeof small), "██"); /* never half a character */
}

TEST(counts)
{
	static const struct {
		double n;
		const char *want;
	} C[] = {
		{ 0, "0" },          { 7, "7" },           { 950, "950" },         { 999, "999" },     { 1000, "1 000" },
		{ 1842, "1 842" },   { 9999, "9 999" },    { 10000, "10.0k" },     { 31200, "31.2k" }, { 999400, "999.4k" },
		{ 999500, "1.00M" }, { 1210000, "1.21M" }, { 12345678, "12.35M" },
	};
	char buf[FORMAT_MAX];
	for (size_t i = 0; i < ARRAY_SIZE(C); i++)
		assert_string_equal(format_count(C[i].n, buf), C[i].want);
}

TEST(money)
{
	static const struct {
		const char *amount, *want;
	} U[] = {
		{ NULL, "unknown" },      { "0", "$0.00" },          { "0.000000", "$0.00" }, { "0.0000264", "$0.0000264" },
		{ "0.0001", "$0.0001" },  { "0.054399", "$0.0544" }, { "1", "$1.00" },        { "12.345", "$12.35" },
		{ "1234.5", "$1234.50" },
	};
	char buf[FORMAT_MAX];
	for (size_t i = 0; i < ARRAY_SIZE(U); i++)
		if (i != 7) /* half a cent: either way is right */
			assert_string_equal(format_usd(U[i].amount, buf), U[i].want);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(durations), cmocka_unit_test(latencies), cmocka_unit_test(sparks),
		                            cmocka_unit_test(counts), cmocka_unit_test(money) };
	return cmocka_run_group_tests_name("tui format", tests, NULL, NULL);
}
