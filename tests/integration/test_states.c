/*
 * Why: the whole life of a message is in the SQL functions and two triggers. Each rule of the life cycle is tried here by hand, with the
 * test as the worker: who may become what, who goes when, what a try costs, what a call costs. (Who may do what: test_rights.c.)
 */
#include "tests/lib/harness/harness.h"

#define WORKER "11111111-1111-1111-1111-111111111111"
#define OTHER "22222222-2222-2222-2222-222222222222"

static const char *const STATUS[] = { "pending", "queued", "processing", "completed", "failed", "cancelled" };

static void hello(const char *id)
{
	q("select signalbox.worker_hello('%s', 'w', '0', 8, null, '60 s')", id);
}

/* Claims and answers the agents' names (or texts) in the order of service. */
static const char *claim(int slots)
{
	return q("select coalesce(string_agg(u.content, ' '), '') from (select * from signalbox.claim('" WORKER
	         "', %d, '300 s')) c "
	         "join signalbox.ai_messages m on m.id = c.message_id join signalbox.ai_messages u on u.id = m.reply_to",
	         slots);
}

/* Ends the message's running attempt; more: further fields of the record. */
static const char *settle_job(const char *message, const char *job, const char *outcome, const char *more)
{
	return q(
		"select result from signalbox.settle('" WORKER
		"', (select json_build_array(json_build_object('message_id', id, 'job_id', '%s'::uuid, "
		"'outcome', '%s', 'content', 'answer')::jsonb || '%s'::jsonb) from signalbox.ai_messages where uuid = '%s'), 3, '30 s')",
		job, outcome, more != NULL ? more : "{}", message);
}

static const char *job_of(const char *message)
{
	return q("select job_id from signalbox.ai_messages where uuid = '%s'", message);
}

static const char *settle(const char *message, const char *outcome, const char *more)
{
	return settle_job(message, job_of(message), outcome, more);
}

static const char *doc(const char *message, const char *key)
{
	return q("select coalesce(signalbox.message_status('%s') ->> '%s', 'null')", message, key);
}

static int states_up(void **state)
{
	scene_up(state);
	hello(WORKER);
	return 0;
}

/* A fresh message that has come to this status by the ordinary way. */
static const char *message_in(const char *status)
{
	const char *m;
	if (strcmp(status, "pending") == 0)
		return q("select message_id from signalbox.dispatch('o', 'x', run_after => now() + interval '1 h')");
	m = say("o", "x");
	if (strcmp(status, "queued") == 0)
		return m;
	if (strcmp(status, "cancelled") == 0) {
		q("select signalbox.cancel('%s', 'test')", m);
		return m;
	}
	assert_string_equal(claim(1), "x");
	if (strcmp(status, "completed") == 0)
		assert_string_equal(settle(m, "completed", NULL), "kept");
	else if (strcmp(status, "failed") == 0)
		assert_string_equal(settle(m, "error", "{\"error_class\": \"auth\", \"error\": \"no\", \"is_permanent\": true}"),
		                    "kept");
	return m;
}

static bool is_legal(const char *from, const char *to)
{
	static const char *const LEGAL[] = { "pending>queued",    "pending>cancelled",    "queued>processing",
		                             "queued>cancelled",  "processing>completed", "processing>failed",
		                             "processing>queued", "processing>cancelled" };
	for (size_t i = 0; i < ARRAY_SIZE(LEGAL); i++)
		if (strcmp(LEGAL[i], text("%s>%s", from, to)) == 0)
			return true;
	return strcmp(from, to) == 0; /* nothing changes */
}

/* What the queue must say about a message of this status, if somebody wrote it there directly. */
static const char *queue_of(const char *status)
{
	return strcmp(status, "pending") == 0      ? "pending"
	       : strcmp(status, "queued") == 0     ? "ready"
	       : strcmp(status, "processing") == 0 ? "running"
	       : strcmp(status, "failed") == 0     ? "failed"
	                                           : "(none)";
}

static void test_transitions(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(STATUS); i++)
		for (size_t j = 0; j < ARRAY_SIZE(STATUS); j++) {
			states_up(state);
			const char *m = message_in(STATUS[i]);
			assert_string_equal(status_of(m), STATUS[i]);
			bool legal = is_legal(STATUS[i], STATUS[j]);
			EXPECT_ERR(legal ? ERR_OK : ERR_REFUSED,
			           "update signalbox.ai_messages set processing_status = '%s' where uuid = '%s'", STATUS[j], m);
			assert_string_equal(status_of(m), legal ? STATUS[j] : STATUS[i]);
			EXPECT(queue_of(status_of(m)),
			       "select state from signalbox.queue where message_id = "
			       "(select id from signalbox.ai_messages where uuid = '%s')",
			       m);
		}
	/* What is no status at all is refused by the same guard: an adopted table has no check of ours. */
	static const char *const NONE[] = { "null", "''", "'done'", "'queued pending>cancelled'" };
	const char *m = message_in("pending");
	for (size_t i = 0; i < ARRAY_SIZE(NONE); i++)
		EXPECT_ERR(ERR_REFUSED, "update signalbox.ai_messages set processing_status = %s where uuid = '%s'", NONE[i], m);
}

static void test_only_retry_brings_back(void **state)
{
	(void)state;
	static const char *const ENDED[] = { "failed", "cancelled" };
	for (size_t i = 0; i < ARRAY_SIZE(ENDED); i++) {
		const char *m = message_in(ENDED[i]);
		EXPECT_ERR(ERR_REFUSED, "update signalbox.ai_messages set processing_status = 'queued' where uuid = '%s'", m);
		q("select signalbox.retry('%s', 'test')", m);
		assert_string_equal(status_of(m), "queued");
		EXPECT("ready 0",
		       "select q.state || ' ' || q.errors from signalbox.queue q join signalbox.ai_messages m on m.id = q.message_id where uuid = '%s'",
		       m);
		assert_string_equal(claim(1), "x");
		assert_string_equal(settle(m, "completed", NULL), "kept");
		EXPECT_ERR(ERR_REFUSED, "select signalbox.retry('%s', 'test')", m);
	}
	EXPECT_ERR(ERR_NOT_FOUND, "select signalbox.retry(gen_random_uuid(), 'test')");
	EXPECT_ERR(ERR_BAD_INPUT, "select signalbox.retry('%s', ' ')", message_in("failed"));
}

static void test_inserts(void **state)
{
	(void)state;
	q("select * from signalbox.dispatch('o', 'first', user_id => 'u', thread_key => 't')");
	for (size_t i = 0; i < ARRAY_SIZE(STATUS); i++) {
		const char *insert =
			"insert into signalbox.ai_messages (session_id, role, content, processing_status) select id, '%s', 'y', '%s' from signalbox.ai_sessions";
		char sql[300];
		snprintf(sql, sizeof sql, insert, "assistant", STATUS[i]);
		EXPECT_ERR(i < 2 ? ERR_OK : ERR_REFUSED, "%s", sql);
		snprintf(sql, sizeof sql, insert, "user", STATUS[i]);
		EXPECT_ERR(strcmp(STATUS[i], "completed") == 0 ? ERR_OK : ERR_REFUSED, "%s", sql);
	}
	EXPECT_ERR(ERR_REFUSED, "update signalbox.ai_messages set role = 'tool' where role = 'user'");
	EXPECT("t", "select message_count = (select count(*) from signalbox.ai_messages) from signalbox.ai_sessions");
	EXPECT("blocked pending ready", "select string_agg(state::text, ' ' order by state::text) from signalbox.queue");
	q("delete from signalbox.ai_messages where role = 'user'");
	EXPECT("t", "select message_count = (select count(*) from signalbox.ai_messages) from signalbox.ai_sessions");
}

static void test_dispatch(void **state)
{
	(void)state;
	const char *first = say_in("o", "t", "one"), *second = say_in("o", "t", "two");
	EXPECT("1 4 true",
	       "select count(*) || ' ' || sum(message_count) || ' ' || (sum(message_count) = (select count(*) from signalbox.ai_messages)) from signalbox.ai_sessions");
	EXPECT("user one",
	       "select u.role || ' ' || u.content from signalbox.ai_messages m join signalbox.ai_messages u on u.id = m.reply_to where m.uuid = '%s'",
	       first);
	assert_string_equal(doc(first, "waits_for"), "null");
	assert_string_equal(doc(second, "waits_for"), "session");
	assert_string_equal(doc(first, "queue_position"), "1");
	assert_string_equal(doc(second, "queue_position"), "2");
	say_in("a", "t", "another agent, another session");
	say("o", "no thread, a session of its own");
	EXPECT("3", "select count(*) from signalbox.ai_sessions");
	EXPECT_ERR(ERR_BAD_INPUT, "select * from signalbox.dispatch('o', E' \\t\\n')");
	EXPECT_ERR(ERR_BAD_INPUT, "select * from signalbox.dispatch('o', null)");
	EXPECT_ERR(ERR_BAD_INPUT, "select * from signalbox.dispatch('o', repeat('x', 1048577))");
	EXPECT_ERR(ERR_NOT_FOUND, "select * from signalbox.dispatch('nobody', 'x')");
	EXPECT_ERR(ERR_NOT_FOUND, "select * from signalbox.dispatch('o', 'x', session => gen_random_uuid())");
	EXPECT_ERR(ERR_BAD_INPUT,
	           "select * from signalbox.dispatch('a', 'x', session => (select s.uuid from signalbox.ai_sessions s "
	           "join signalbox.ai_messages m on m.session_id = s.id where m.uuid = '%s'))",
	           first);
	EXPECT("8", "select count(*) from signalbox.ai_messages");
}

static void test_idempotency(void **state)
{
	(void)state;
	static const char KEYED[] =
		"select message_id from signalbox.dispatch('%s', '%s', user_id => '%s', idempotency_key => 'k')";
	const char *first = q(KEYED, "o", "x", "u");
	assert_string_equal(q(KEYED, "o", "x", "u"), first);
	EXPECT_ERR(ERR_CONFLICT, KEYED, "o", "other words", "u");
	assert_string_not_equal(q(KEYED, "o", "x", "another user"), first);
	assert_string_not_equal(q(KEYED, "a", "x", "u"), first);
	EXPECT("3 6", "select (select count(*) from signalbox.queue) || ' ' || count(*) from signalbox.ai_messages");
	claim(8);
	settle(first, "completed", NULL);
	EXPECT("completed", "select status from signalbox.dispatch('o', 'x', user_id => 'u', idempotency_key => 'k')");
	q("update signalbox.idempotency_keys set expires_at = now() - interval '1 s'");
	assert_string_not_equal(q(KEYED, "o", "other words", "u"), first);
}

static void test_schedule(void **state)
{
	(void)state;
	const char *m = q("select message_id from signalbox.dispatch('o', 'later', run_after => now() + interval '1 h')");
	assert_string_equal(status_of(m), "pending");
	assert_string_equal(doc(m, "waits_for"), "schedule");
	q("select signalbox.tick()");
	assert_string_equal(claim(8), "");
	q("update signalbox.queue set run_after = now() - interval '1 s'");
	EXPECT("1", "select signalbox.tick()");
	assert_string_equal(status_of(m), "queued");
	assert_string_equal(claim(8), "later");
	m = q("select message_id from signalbox.dispatch('o', 'past', run_after => now() - interval '1 h')");
	assert_string_equal(status_of(m), "queued");
}

static void test_seen(void **state)
{
	(void)state;
	const char *m = message_in("processing"), *job = job_of(m);
	EXPECT_ERR(ERR_REFUSED, "select signalbox.cancel('%s', 'test', gen_random_uuid())", m);
	EXPECT_ERR(ERR_REFUSED, "select signalbox.cancel('%s', 'test', '%s', 'queued')", m, job);
	settle(m, "error", "{\"error_class\": \"auth\", \"error\": \"no\", \"is_permanent\": true}");
	EXPECT_ERR(ERR_REFUSED, "select signalbox.retry('%s', 'test', '%s', 'processing')", m, job);
	EXPECT_ERR(ERR_REFUSED, "select signalbox.retry('%s', 'test', gen_random_uuid(), 'failed')", m);
	assert_string_equal(status_of(m), "failed");
	q("select signalbox.retry('%s', 'test', '%s', 'failed')", m, job);
	assert_string_equal(status_of(m), "queued");
	EXPECT("1", "select count(*) from signalbox.operator_log where action = 'retry'");
}

static void test_retry_hold(void **state)
{
	(void)state;
	const char *m = message_in("failed");
	q("select signalbox.retry_hold('%s', 'test')", m);
	assert_string_equal(status_of(m), "failed");
	q("select signalbox.tick()"); /* not due */
	assert_string_equal(status_of(m), "failed");
	q("select signalbox.retry_undo('%s', 'test')", m);
	EXPECT_ERR(ERR_REFUSED, "select signalbox.retry_undo('%s', 'test')", m);
	EXPECT_ERR(ERR_BAD_INPUT, "select signalbox.retry_hold('%s', 'test', hold => '2 days')", m);
	q("select signalbox.retry_hold('%s', 'test', hold => '0 s')", m);
	EXPECT("1", "select signalbox.tick()");
	assert_string_equal(status_of(m), "queued");
	EXPECT_ERR(ERR_REFUSED, "select signalbox.retry_hold('%s', 'test')", m);
	EXPECT_ERR(ERR_REFUSED, "select signalbox.retry_undo('%s', 'test')", m);
	EXPECT("test", "select actor from signalbox.operator_log where action = 'retry'");
}

static void test_cancel(void **state)
{
	(void)state;
	const char *first = say_in("o", "t", "one"), *second = say_in("o", "t", "two"), *third = say_in("o", "t", "three");
	assert_string_equal(claim(8), "one");
	const char *job = job_of(first);
	q("select signalbox.cancel('%s', 'test')", first);
	EXPECT(job, "select job_id from signalbox.stops where worker_id = '" WORKER "'");
	assert_string_equal(settle_job(first, job, "gone", "{\"said\": \"half\", \"generation_ms\": 5}"), "lost");
	assert_string_equal(status_of(first), "cancelled");
	EXPECT("cancelled half", "select outcome || ' ' || said from signalbox.attempts");
	EXPECT("", "select content from signalbox.ai_messages where uuid = '%s'", first);
	q("select signalbox.cancel('%s', 'test')", second);
	assert_string_equal(claim(8), "three"); /* the session goes on */
	settle(third, "completed", NULL);
	EXPECT_ERR(ERR_REFUSED, "select signalbox.cancel('%s', 'test')", third);
	EXPECT_ERR(ERR_REFUSED, "select signalbox.cancel('%s', 'test')", second);
	EXPECT("0", "select count(*) from signalbox.queue");
}

static void test_pause(void **state)
{
	(void)state;
	const char *m = say("o", "held"), *n = say("o", "held too");
	assert_string_equal(claim(1), "held");
	q("select signalbox.pause_agent('o', 'test', 'a reason')");
	assert_string_equal(claim(8), "");
	assert_string_equal(doc(n, "waits_for"), "paused");
	assert_string_equal(doc(n, "queue_position"), "1");
	assert_string_equal(doc(n, "eta_seconds"), "null");
	assert_string_equal(status_of(m), "processing"); /* running ones go on */
	q("select signalbox.resume_agent('o', 'test')");
	assert_string_equal(doc(n, "waits_for"), "null");
	assert_string_equal(claim(1), "held too");
	EXPECT_ERR(ERR_NOT_FOUND, "select signalbox.pause_agent('nobody', 'test')");
}

/* The sweep opens lanes of priorities that are new. */
static void sweep(void)
{
	q("update signalbox.chores set done_at = '-infinity' where name in ('totals', 'sweep')");
	q("select signalbox.tend()");
}

static void test_order(void **state)
{
	(void)state;
	q("select signalbox.dispatch('o', 'low'), signalbox.dispatch('o', 'high', priority => 5), signalbox.dispatch('o', 'low2'), signalbox.dispatch('o', 'high2', priority => 5)");
	sweep();
	assert_string_equal(claim(1), "high");
	assert_string_equal(claim(1), "high2");
	assert_string_equal(claim(1), "low");
	assert_string_equal(claim(1), "low2");
	/* Fair turns: one agent's hundred do not stand before the other's two. */
	q("select count(*) from generate_series(1, 100) i, signalbox.dispatch('o', 'o' || i)");
	q("select signalbox.dispatch('a', 'a1', priority => -3), signalbox.dispatch('a', 'a2', priority => -3)");
	sweep();
	const char *first = claim(1), *second = claim(1), *third = claim(1);
	assert_true(first[0] != second[0] && second[0] != third[0]);
	EXPECT("2 2",
	       "select count(*) filter (where agent_id = 1) || ' ' || count(*) filter (where agent_id = 2) from "
	       "(select agent_id from signalbox.queue where state = 'running' and message_id > 8 union all select c.agent_id from signalbox.claim('" WORKER
	       "', 1, '60 s') c) x");
}

static void test_session_order(void **state)
{
	(void)state;
	const char *one = say_in("o", "t", "1"), *two = say_in("o", "t", "2");
	q("select * from signalbox.dispatch('o', '3', user_id => 'u', thread_key => 't', priority => 9)"); /* order before priority */
	assert_string_equal(claim(8), "1");
	assert_string_equal(claim(8), "");
	settle(one, "error",
	       "{\"error_class\": \"network\", \"error\": \"x\"}"); /* waits for its second try: the others behind it */
	assert_string_equal(claim(8), "");
	assert_string_equal(doc(one, "waits_for"), "backoff");
	q("update signalbox.queue set run_after = now() where state = 'delayed'");
	q("select signalbox.tick()");
	assert_string_equal(claim(8), "1");
	settle(one, "completed", NULL);
	assert_string_equal(claim(8), "2");
	settle(two, "error",
	       "{\"error_class\": \"auth\", \"error\": \"x\", \"is_permanent\": true}"); /* failed: the session goes on */
	sweep();
	assert_string_equal(claim(8), "3");
}

/* An application whose transaction sees the queue as it was: that its session has become free is for the tick to see. */
static void test_an_old_snapshot(void **state)
{
	(void)state;
	struct pg *app = connect_again(NULL);
	const char *m = say_in("o", "t", "first");
	assert_string_equal(claim(1), "first");
	q_on(app, "begin isolation level serializable");
	q_on(app, "select count(*) from signalbox.queue");
	assert_string_equal(settle(m, "completed", NULL), "kept");
	q_on(app, "select * from signalbox.dispatch('o', 'second', user_id => 'u', thread_key => 't')");
	q_on(app, "commit");
	pg_close(app);
	q("select signalbox.tick()");
	assert_string_equal(claim(1), "second");
}

/* The same, where somebody brings back the message before: in his snapshot the other one is being answered still. */
static void test_a_retry_in_an_old_snapshot(void **state)
{
	(void)state;
	struct pg *operator= connect_again(NULL);
	const char *first = say_in("o", "t", "first");
	assert_string_equal(claim(1), "first");
	assert_string_equal(settle(first, "error", "{\"is_permanent\": true}"), "kept");
	const char *second = say_in("o", "t", "second");
	assert_string_equal(claim(1), "second");
	q_on(operator, "begin isolation level serializable");
	q_on(operator, "select count(*) from signalbox.queue");
	assert_string_equal(settle(second, "completed", NULL), "kept");
	q_on(operator, "select signalbox.retry('%s', 'test')", first);
	q_on(operator, "commit");
	pg_close(operator);
	q("select signalbox.tick()");
	assert_string_equal(claim(1), "first");
}

/* A record whose session somebody else has locked is left out at once, and the others of its batch are taken. */
static void test_a_locked_session_is_left_out(void **state)
{
	(void)state;
	struct pg *app = connect_again(NULL);
	const char *a = say_in("o", "t", "locked"), *b = say_in("o", "u", "free");
	assert_string_equal(claim(2), "locked free");
	q_on(app, "begin");
	q_on(app, "select * from signalbox.dispatch('o', 'second', user_id => 'u', thread_key => 't')");
	EXPECT("busy kept",
	       "select string_agg(result, ' ' order by result) from signalbox.settle_batch('" WORKER
	       "', (select json_agg(json_build_object('message_id', id, 'job_id', job_id, 'outcome', 'completed', 'content', 'answer')) "
	       "from signalbox.ai_messages where uuid in ('%s', '%s')), 3, '30 s', true)",
	       a, b);
	q_on(app, "rollback");
	pg_close(app);
	assert_string_equal(settle(a, "completed", NULL), "kept");
}

static void test_limits(void **state)
{
	(void)state;
	q("select signalbox.agent_set('o', '{\"concurrency_limit\": 2}', 'test'), signalbox.agent_set('a', '{\"rate_limit_per_min\": 3}', 'test')");
	q("select count(*) from generate_series(1, 5) i, signalbox.dispatch('o', left('c' || i, 1))");
	assert_string_equal(claim(8), "c c");
	assert_string_equal(claim(8), "");
	EXPECT("concurrency", "select distinct signalbox.waits_for(q) from signalbox.queue q where state = 'ready'");
	settle(q("select uuid from signalbox.ai_messages where processing_status = 'processing' limit 1"), "completed", NULL);
	assert_string_equal(claim(8), "c");
	q("select count(*) from generate_series(1, 5) i, signalbox.dispatch('a', left('r' || i, 1))");
	assert_string_equal(claim(8), "r r r");
	assert_string_equal(claim(8), "");
	EXPECT("rate", "select distinct signalbox.waits_for(q) from signalbox.queue q where state = 'ready' and agent_id = 2");
	q("update signalbox.starts set started_at = started_at - interval '62 s'");
	assert_string_equal(claim(8), "r r");
}

static void test_poison(void **state)
{
	(void)state;
	const char *m = say("o", "x");
	for (int i = 1; i <= 10; i++) {
		q("delete from signalbox.workers");
		hello(WORKER);
		assert_string_equal(claim(1), "x");
		assert_int_equal(atoi(q("select retry_count from signalbox.ai_messages where uuid = '%s'", m)), i - 1);
		leases_run_out("");
		q("select signalbox.tick()");
		assert_string_equal(status_of(m), i < 10 ? "queued" : "failed");
		EXPECT(i < 10 ? "ready" : "failed", "select state from signalbox.queue");
	}
	EXPECT("10 10 poison",
	       "select count(*) || ' ' || count(*) filter (where a.outcome = 'lost') || ' ' || left(m.processing_error, 6) "
	       "from signalbox.attempts a join signalbox.ai_messages m on m.id = a.message_id group by m.id");
	EXPECT("0", "select errors from signalbox.queue"); /* no try burnt */
	q("select signalbox.retry('%s', 'test')", m);
	EXPECT("0", "select crashes from signalbox.queue");
}

static void test_tries(void **state)
{
	(void)state;
	static const char ERROR[] = "{\"error_class\": \"network\", \"error\": \"gone\"}";
	const char *m = say("o", "x");
	for (int i = 1; i <= 3; i++) {
		assert_string_equal(claim(1), "x");
		settle(m, "error", ERROR);
		assert_string_equal(status_of(m), i < 3 ? "queued" : "failed");
		if (i < 3)
			EXPECT("delayed true",
			       "select state || ' ' || (run_after between now() + interval '25 s' and now() + interval '30 s') from signalbox.queue");
		q("update signalbox.queue set run_after = now() where state = 'delayed'");
		q("select signalbox.tick()");
	}
	EXPECT("2 network: gone", "select retry_count || ' ' || processing_error from signalbox.ai_messages where uuid = '%s'",
	       m);
	EXPECT("retry retry failed", "select string_agg(outcome, ' ' order by number) from signalbox.attempts");
	q("select signalbox.retry('%s', 'test')", m);
	assert_string_equal(claim(1), "x");
	EXPECT("3", "select retry_count from signalbox.ai_messages where uuid = '%s'", m);
	settle(m, "released", NULL);
	EXPECT("2", "select retry_count from signalbox.ai_messages where uuid = '%s'", m);
	assert_string_equal(claim(1), "x");
	EXPECT("3", "select retry_count from signalbox.ai_messages where uuid = '%s'", m);
	settle(m, "rate_limited", "{\"wait_ms\": 5000}");
	EXPECT("0 rate", "select errors || ' ' || signalbox.waits_for(q) from signalbox.queue q");
	EXPECT("t",
	       "select blocked_until between now() + interval '4 s' and now() + interval '6 s' from signalbox.lanes where agent_id = 1");
	assert_string_equal(claim(1), "");
	q("update signalbox.lanes set blocked_until = now()");
	assert_string_equal(claim(1), "x");
	settle(m, "error", ERROR);
	assert_string_equal(status_of(m), "queued"); /* a full number of tries since the retry */
}

static void test_cost(void **state)
{
	(void)state;
	static const char TOKENS[] =
		"{\"was_called\": true, \"provider\": \"a\", \"model_asked\": \"%s\", \"model\": \"%s\", \"tokens_prompt\": 10, "
		"\"tokens_completion\": 5, \"tokens_cached\": %s, \"generation_ms\": 7}";
	static const struct {
		const char *asked, *model, *cached, *pico, *usd;
	} CASES[] = {
		{ "gpt-4o-mini", "gpt-4o-mini", "null", "4500000", "0.0000045" },
		{ "gpt-4o-mini", "gpt-4o-mini", "4", "4200000", "0.0000042" },
		{ "gpt-4o-mini", "gpt-4o-mini-2024-07-18", "0", "4500000", "0.0000045" },
		{ "nobody-knows", "nobody-knows", "null", "(null)", "null" },
	};
	for (size_t i = 0; i < ARRAY_SIZE(CASES); i++) {
		const char *m = message_in("processing");
		settle(m, "completed", text(TOKENS, CASES[i].asked, CASES[i].model, CASES[i].cached));
		EXPECT(CASES[i].pico, "select cost_pico from signalbox.ai_costs where job_id = '%s'", job_of(m));
		EXPECT(CASES[i].pico, "select cost_pico from signalbox.attempts where job_id = '%s'", job_of(m));
		assert_string_equal(doc(m, "cost_usd"), CASES[i].usd);
	}
	EXPECT("13200000 1 40 20",
	       "select sum(cost_pico) || ' ' || sum(cost_unknown) || ' ' || sum(tokens_prompt) || ' ' || sum(tokens_completion) from signalbox.stats_minute");
	const char *m = message_in("processing"); /* a count is missing: unknown, not 0 */
	settle(m, "completed", "{\"was_called\": true, \"provider\": \"a\", \"model\": \"gpt-4o-mini\", \"tokens_prompt\": 10}");
	assert_string_equal(doc(m, "cost_usd"), "null");
}

static void test_settle_again(void **state)
{
	(void)state;
	static const char USAGE[] =
		"{\"was_called\": true, \"provider\": \"a\", \"model\": \"gpt-4o-mini\", \"tokens_prompt\": 10, \"tokens_completion\": 5, "
		"\"generation_ms\": 7}";
	const char *m = message_in("processing"), *job = job_of(m);
	assert_string_equal(settle(m, "completed", USAGE), "kept");
	const char *before = q(
		"select md5(string_agg(x::text, '')) from (select m::text from signalbox.ai_messages m union all select a::text from signalbox.attempts a "
		"union all select c::text from signalbox.ai_costs c union all select s::text from signalbox.stats_minute s order by 1) x");
	assert_string_equal(settle_job(m, job, "completed", USAGE), "kept");
	EXPECT(before,
	       "select md5(string_agg(x::text, '')) from (select m::text from signalbox.ai_messages m union all select a::text from signalbox.attempts a "
	       "union all select c::text from signalbox.ai_costs c union all select s::text from signalbox.stats_minute s order by 1) x");
	EXPECT("1", "select count(*) from signalbox.ai_costs");
}

static void test_lost_holder(void **state)
{
	(void)state;
	static const char USAGE[] =
		"{\"was_called\": true, \"provider\": \"a\", \"model\": \"gpt-4o-mini\", \"tokens_prompt\": 10, \"tokens_completion\": 5, "
		"\"generation_ms\": 7, \"content\": \"%s\"}";
	const char *m = message_in("processing"), *first = job_of(m);
	leases_run_out("");
	EXPECT_ERR(ERR_REFUSED, "select * from signalbox.claim('" WORKER "', 1, '60 s')");
	hello(OTHER);
	q("select signalbox.tick()");
	EXPECT("0", "select count(*) from signalbox.worker_renew('" WORKER "', '60 s', false)"); /* it learns it here */
	EXPECT("1", "select count(*) from signalbox.claim('" OTHER "', 1, '60 s')");
	assert_string_not_equal(job_of(m), first);
	const char *row = q("select m::text from signalbox.ai_messages m where uuid = '%s'", m);
	assert_string_equal(settle_job(m, first, "completed", text(USAGE, "late")), "lost");
	EXPECT(row, "select m::text from signalbox.ai_messages m where uuid = '%s'", m);
	EXPECT("lost 4500000 10",
	       "select outcome || ' ' || cost_pico || ' ' || tokens_prompt from signalbox.attempts where job_id = '%s'", first);
	EXPECT("0",
	       "select count(*) from signalbox.stream_put(array[(select message_id from signalbox.queue)], array['%s'::uuid], array[0], array['late'])",
	       first);
	EXPECT("0", "select count(*) from signalbox.message_stream");
	assert_string_equal(settle(m, "completed", text(USAGE, "in time")), "kept");
	assert_string_equal(settle_job(m, first, "completed", text(USAGE, "late")), "lost");
	assert_string_equal(doc(m, "content"), "in time");
	assert_string_equal(doc(m, "cost_usd"), "0.000009"); /* both calls were billed */
}

static void test_deadline(void **state)
{
	(void)state;
	const char *m = message_in("processing"), *job = job_of(m);
	q("update signalbox.queue set deadline = now() - interval '1 s'"); /* the worker lives, the attempt does not end */
	q("select signalbox.tick()");
	assert_string_equal(status_of(m), "queued");
	EXPECT(job, "select job_id from signalbox.stops");
	assert_string_equal(settle_job(m, job, "completed", NULL), "lost");
	assert_string_equal(status_of(m), "queued");
}

static int states_down(void **state)
{
	q("reset role");
	return scene_down(state);
}

#define T(name) cmocka_unit_test_setup_teardown(name, states_up, states_down)
int main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_transitions),
		T(test_only_retry_brings_back),
		T(test_inserts),
		T(test_dispatch),
		T(test_idempotency),
		T(test_schedule),
		T(test_seen),
		T(test_retry_hold),
		T(test_cancel),
		T(test_pause),
		T(test_order),
		T(test_session_order),
		T(test_an_old_snapshot),
		T(test_a_retry_in_an_old_snapshot),
		T(test_a_locked_session_is_left_out),
		T(test_limits),
		T(test_poison),
		T(test_tries),
		T(test_cost),
		T(test_settle_again),
		T(test_lost_holder),
		T(test_deadline),
	};
	return world_end(cmocka_run_group_tests(tests, world_up, world_down));
}
