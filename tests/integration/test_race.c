/*
 * Why: dispatch looks whether its session has a message in work, settle looks whether one is waiting. If the two do not see each other, a
 * message stays behind for ever, and only now and then. So ten thousand messages go through in pairs: the second is dispatched on
 * one connection while the first is settled on another, and nothing more comes that could push on what was left behind. (A new session after each thousand: a real one is not ten thousand messages long.)
 * Also: a row of the queue that is written anew between two statements of settle.
 */
#include <pthread.h>
#include <stdatomic.h>
#include <unistd.h>

#include "shared/clock.h"
#include "tests/lib/harness/harness.h"

#define ROUNDS 10000
#define SESSION 1000 /* messages */
#define WORKER "11111111-1111-1111-1111-111111111111"
#define STUCK (10 * USEC_PER_SEC)

static atomic_int sent, claimed, settled, failed;

/* No cmocka in threads: what goes wrong is counted. */
static bool tell(struct pg *pg, const char *sql, int *n)
{
	struct arena a = ARENA_INIT;
	struct rows r = { 0 };
	struct err err;
	bool ok = pg_exec(pg, &a, sql, NULL, 0, 30000, &r, &err) == 0;
	if (!ok) {
		fprintf(stderr, "%s\n", err.msg);
		atomic_store(&failed, 1);
	}
	*n = ok && r.n_rows > 0 ? (int)rows_int(&r, 0, 0, 0) : 0;
	arena_release(&a);
	return ok;
}

static void *dispatcher(void *pg)
{
	char sql[200];
	int n;
	while (atomic_load(&sent) < ROUNDS && !atomic_load(&failed)) {
		snprintf(sql, sizeof sql, "select 1 from signalbox.dispatch('o', 'x', user_id => 'u', thread_key => 't%d')",
		         atomic_load(&sent) / SESSION);
		int before = atomic_load(&sent);
		if (atomic_load(before % 2 == 0 ? &settled : &claimed) < before) {
			usleep(20);
			continue;
		}
		if (before % 2 != 0) /* the settling of the first takes a millisecond or two: hit each part of it */
			usleep((useconds_t)(before * 37 % 2000));
		if (tell(pg, sql, &n))
			atomic_fetch_add(&sent, n);
	}
	return NULL;
}

static void *settler(void *pg)
{
	static const char SETTLE[] =
		"select count(*) from signalbox.settle('" WORKER
		"', (select json_agg(json_build_object('message_id', message_id, 'job_id', job_id, "
		"'outcome', 'completed', 'content', 'y')) from signalbox.queue where state = 'running'), 3, '30 s') where result = 'kept'";
	usec_t moved = clock_mono();
	int n;
	while (atomic_load(&settled) < ROUNDS && !atomic_load(&failed)) {
		if (tell(pg, "select count(*) from signalbox.claim('" WORKER "', 4, '300 s')", &n) && n > 0) {
			atomic_fetch_add(&claimed, n);
			tell(pg, SETTLE, &n);
			int before = atomic_fetch_add(&settled, n);
			moved = clock_mono();
			if (before / SESSION != (before + n) / SESSION) /* what autovacuum does once a minute */
				tell(pg, "vacuum (analyze) signalbox.queue, signalbox.ai_messages, signalbox.attempts", &n);
		} else if (clock_mono() - moved > STUCK) {
			atomic_store(&failed, 1);
		}
	}
	return NULL;
}

static void test_nothing_left_behind(void **state)
{
	(void)state;
	struct pg *one = connect_again("-c synchronous_commit=off"), *two = connect_again("-c synchronous_commit=off");
	pthread_t threads[2];
	q("select signalbox.worker_hello('" WORKER "', 'w', '0', 8, null, '1 h')");
	assert_int_equal(pthread_create(&threads[0], NULL, dispatcher, one), 0);
	assert_int_equal(pthread_create(&threads[1], NULL, settler, two), 0);
	pthread_join(threads[0], NULL);
	pthread_join(threads[1], NULL);
	pg_close(one);
	pg_close(two);
	EXPECT(text("0 %d", ROUNDS),
	       "select (select count(*) from signalbox.queue) || ' ' || count(*) from signalbox.ai_messages "
	       "where role = 'assistant' and processing_status = 'completed'");
	assert_int_equal(atomic_load(&failed), 0);
	EXPECT(text("%d", ROUNDS / SESSION), "select count(*) from signalbox.ai_sessions where message_count = 2 * %d", SESSION);
	EXPECT("0",
	       "select count(*) from (select a.started_at, lag(a.ended_at) over (partition by m.session_id order by m.id) as before "
	       "from signalbox.attempts a join signalbox.ai_messages m on m.id = a.message_id) x where started_at < before");
}

/* Between settle's reading of a row of the queue and its delete, somebody writes the row anew, as the chore for a clock that was set back does. */
static void test_a_row_that_moved(void **state)
{
	(void)state;
	struct pg *other = connect_again(NULL);
	worker("--poll", "100ms", NULL);
	const char *m = say("o", "[[slow=300]] moved");
	wait_for(state_sql(m), "processing", 0);
	q_on(other, "begin");
	q_on(other, "lock table signalbox.queue in share mode"); /* reading goes on, and locking rows */
	wait_for("select count(*) from pg_stat_activity where wait_event_type = 'Lock' and query like '%settle_batch%'", "1", 0);
	q_on(other, "update signalbox.queue set deadline = deadline + interval '1 s'");
	q_on(other, "commit");
	wait_completed(m);
	EXPECT("0", "select count(*) from signalbox.queue");
	pg_close(other);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, scene_up, scene_down)
	const struct CMUnitTest tests[] = { T(test_nothing_left_behind), T(test_a_row_that_moved) };
	return world_end(cmocka_run_group_tests(tests, world_up, world_down));
}
