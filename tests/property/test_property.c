/*
 * Why: the rules of the queue must hold in every order of events, also in those that nobody thought of. Random histories, checked after
 * each step; the same with real concurrency; and bugs planted on purpose, each of which the histories must find.
 *
 *   PROPERTY_SEED      of the first history (random)
 *   PROPERTY_STEPS     of each (150)
 *   PROPERTY_SEEDS     how many (4; 100 with TEST_LONG; 1 where PROPERTY_SEED is given)
 *   PROPERTY_THREADS   steps of each worker that runs at the same time as others (100; 1500 with TEST_LONG)
 *   TEST_LONG          also the planted bugs that are not part of `make check`
 *   TEST_LIMIT         seconds for all (290)
 */
#include "tests/property/property.h"

#include <sys/random.h>
#include <unistd.h>

#include "shared/clock.h"

static uint64_t first_seed;
static int steps, seeds, thread_steps;

static int number(const char *name, int otherwise)
{
	const char *s = getenv(name);
	return s != NULL && atoi(s) > 0 ? atoi(s) : otherwise;
}

static int property_up(void **state)
{
	static char sql[64 << 10];
	struct err err;
	world_up(state);
	alarm((unsigned)number("TEST_LIMIT", 290));
	FILE *f = fopen("tests/property/prop.sql", "re");
	if (f == NULL)
		fail_msg("tests/property/prop.sql: run from the top of the tree");
	sql[fread(sql, 1, sizeof sql - 1, f)] = '\0';
	fclose(f);
	q("select 1");
	if (pg_script(W.pg, sql, 30000, &err) < 0)
		fail_msg("prop.sql: %s", err.msg);
	return 0;
}

static int property_down(void **state)
{
	history_over();
	return world_down(state);
}

static void test_histories(void **state)
{
	(void)state;
	int claimed = 0, blocked = 0, deadlocks = 0, messages = 0;
	usec_t began = clock_mono();
	for (int i = 0; i < seeds; i++) {
		struct history *h = history_new(first_seed + (uint64_t)i, steps, MOODS);
		bool ok = history_play(h);
		claimed += h->n_claimed;
		blocked += h->n_blocked;
		deadlocks += h->n_deadlocks;
		messages += h->n_messages;
		if (!ok)
			history_print(h, stderr);
		history_free(h);
		if (!ok)
			fail_msg("a history broke a rule");
	}
	printf("%d histories of %d steps from seed %llu: %d messages, %d claimed, %d statements waited for a lock, %d deadlocks; %.1f s\n",
	       seeds, steps, (unsigned long long)first_seed, messages, claimed, blocked, deadlocks,
	       (double)(clock_mono() - began) / USEC_PER_SEC);
}

static void test_threads(void **state)
{
	static const int WORKERS[] = { 2, 5, 8 };
	char why[600];
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(WORKERS); i++)
		if (!threads_play(first_seed + i, WORKERS[i], thread_steps, why))
			fail_msg("%d workers at once: %s", WORKERS[i], why);
}

static void test_plant(void **state)
{
	plants_find((int)(intptr_t)*state, first_seed);
}

int main(void)
{
	bool is_long = number("TEST_LONG", 0) > 0;
	struct CMUnitTest tests[40] = { cmocka_unit_test(test_histories), cmocka_unit_test(test_threads) };
	size_t n = 2;
	for (int i = 0; i < plants_count(is_long); i++)
		tests[n++] = (struct CMUnitTest){ plants_name(i), test_plant, NULL, NULL, (void *)(intptr_t)i };
	if (getenv("PROPERTY_SEED") != NULL)
		first_seed = strtoull(getenv("PROPERTY_SEED"), NULL, 10);
	else if (getrandom(&first_seed, sizeof first_seed, 0) < 0)
		return 1;
	else
		first_seed %= 1000000000;
	steps = number("PROPERTY_STEPS", 150);
	thread_steps = number("PROPERTY_THREADS", is_long ? 1500 : 100);
	seeds = number("PROPERTY_SEEDS", getenv("PROPERTY_SEED") != NULL ? 1 : is_long ? 100 : 4);
	return world_end(_cmocka_run_group_tests("property", tests, n, property_up, property_down));
}
