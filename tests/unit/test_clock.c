/* Ages and waits on the screen are differences of times read as text, and a fixed clock is what makes screens comparable in tests. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <time.h>

#include "shared/clock.h"

#define TEST(name) static void name(void **state __attribute__((unused)))

TEST(times_are_read)
{
	static const struct {
		const char *iso;
		usec_t at;
	} T[] = {
		{ "1970-01-01T00:00:00Z", 0 },
		{ "1970-01-01 00:00:01", 1000000 },
		{ "2026-01-31T09:15:02.123Z", 1769850902123000 },
		{ "2026-01-31 09:15:02.123456+00", 1769850902123456 },
		{ "2026-01-31 09:15:02.1+00", 1769850902100000 },
		{ "2026-01-31 09:15:02.1234567899", 1769850902123456 },
		{ "2026-01-31T09:15:02", 1769850902000000 },
		{ "2024-02-29T00:00:00Z", 1709164800000000 },
		{ "2038-01-19T03:14:08Z", 2147483648000000 },
		{ "", -1 },
		{ "now", -1 },
		{ "2026-01-31", -1 },
		{ "2026-01-31T", -1 },
		{ "2026-01-31T09:15", -1 },
		{ "2026-01-31x09:15:02", -1 },
		{ "09:15:02", -1 },
	};
	for (size_t i = 0; i < ARRAY_SIZE(T); i++)
		if (clock_parse(T[i].iso) != T[i].at)
			fail_msg("'%s' is %lld", T[i].iso, (long long)clock_parse(T[i].iso));
}

TEST(the_wall_clock_can_be_fixed)
{
	setenv("SIGNALBOX_NOW", "2026-01-31T09:15:02.5Z", 1);
	assert_int_equal(clock_wall(), 1769850902500000);
	assert_int_equal(clock_wall(), 1769850902500000);
	setenv("SIGNALBOX_NOW", "nonsense", 1);
	usec_t now = (usec_t)time(NULL) * USEC_PER_SEC;
	assert_in_range(clock_wall(), now - 5 * USEC_PER_SEC, now + 60 * USEC_PER_SEC);
	unsetenv("SIGNALBOX_NOW");
	assert_in_range(clock_wall(), now - 5 * USEC_PER_SEC, now + 60 * USEC_PER_SEC);
}

TEST(deadlines_run_whatever_the_wall_says)
{
	setenv("SIGNALBOX_NOW", "2026-01-31T09:15:02Z", 1);
	usec_t last = clock_mono();
	for (int i = 0; i < 1000; i++) {
		usec_t at = clock_mono();
		assert_true(at >= last);
		last = at;
	}
	usec_t give_up = (usec_t)time(NULL) + 10;
	while (clock_mono() == last)
		assert_true((usec_t)time(NULL) < give_up);
	unsetenv("SIGNALBOX_NOW");
}

TEST(time_of_day)
{
	char buf[16];
	setenv("TZ", "UTC", 1);
	tzset();
	assert_string_equal(clock_hms(1769850902999999, buf), "09:15:02");
	setenv("TZ", "IST-5:30", 1);
	tzset();
	assert_string_equal(clock_hms(1769850902999999, buf), "14:45:02");
	unsetenv("TZ");
	tzset();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(times_are_read),
		cmocka_unit_test(the_wall_clock_can_be_fixed),
		cmocka_unit_test(deadlines_run_whatever_the_wall_says),
		cmocka_unit_test(time_of_day),
	};
	return cmocka_run_group_tests_name("clock", tests, NULL, NULL);
}
