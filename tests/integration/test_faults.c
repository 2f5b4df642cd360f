/*
 * Why: a worker may die anywhere, the provider may do anything, the database may go away, and still each message that was accepted ends
 * exactly once, with the whole answer or with an error that says what happened. Each test makes one fault happen to real workers.
 */
#include <signal.h>

#include "tests/lib/harness/harness.h"

#define QUICK "--lease", "2s", "--poll", "100ms", "--backoff", "100ms"

static const char *const AGENT[] = { "o", "a" }; /* the two protocols */

static const char *outcomes(const char *message)
{
	return q(
		"select string_agg(coalesce(outcome, 'open'), ' ' order by number) from signalbox.attempts a join signalbox.ai_messages m on m.id = a.message_id "
		"where m.uuid = '%s'",
		message);
}

static const char *content(const char *message)
{
	return q("select content from signalbox.ai_messages where uuid = '%s'", message);
}

/* What holds after every fault, when all is quiet. */
static void check_invariants(void)
{
	EXPECT("0",
	       "select count(*) from signalbox.ai_messages where role = 'assistant' and processing_status not in ('completed', 'failed', 'cancelled')");
	EXPECT("0", "select count(*) from signalbox.queue where state <> 'failed'");
	EXPECT("0",
	       "select count(*) from signalbox.ai_messages m where m.role = 'assistant' and (m.processing_status = 'completed') <> "
	       "((select count(*) from signalbox.attempts a where a.message_id = m.id and a.outcome = 'completed') = 1)");
	EXPECT("0",
	       "select count(*) from signalbox.ai_messages m join signalbox.attempts a on a.message_id = m.id and a.outcome = 'completed' where a.job_id <> m.job_id");
	EXPECT("0",
	       "select count(*) from signalbox.ai_messages where role = 'assistant' and (processing_status = 'completed') <> (content <> '')");
	EXPECT("0", "select count(*) from signalbox.message_stream");
	EXPECT("t",
	       "select bool_and(message_count = (select count(*) from signalbox.ai_messages m where m.session_id = s.id)) from signalbox.ai_sessions s");
	/* claim() reads the clock before it looks at the queue: a few milliseconds of disorder are possible. */
	EXPECT("0",
	       "select count(*) from signalbox.ai_messages where not (coalesce(queued_at <= processing_started_at + interval '100 ms', true) "
	       "and coalesce(processing_started_at <= processing_completed_at, true))");
}

static void wait_stream(const char *message)
{
	wait_for(text("select coalesce(length(text), 0) > 20 from signalbox.stream_text('%s', null, 0)", message), "t", 0);
}

static void test_kill_before_the_call(void **state)
{
	(void)state;
	send_signal(W.fake, SIGSTOP); /* takes no request */
	pid_t first = worker(QUICK, NULL);
	const char *m = say("o", "before the call");
	wait_for(state_sql(m), "processing", 0);
	kill_now(first);
	send_signal(W.fake, SIGCONT);
	worker(QUICK, NULL);
	wait_completed(m);
	assert_string_equal(outcomes(m), "lost completed");
	EXPECT("1", "select retry_count from signalbox.ai_messages where uuid = '%s'", m);
	check_invariants();
}

static void test_kill_in_the_stream(void **state)
{
	(void)state;
	pid_t first = worker(QUICK, NULL);
	const char *m = say("a", "[[rate=10 words=20]] in the stream");
	q("select signalbox.watch('%s')", m);
	wait_stream(m);
	kill_now(first);
	worker(QUICK, NULL);
	wait_completed(m);
	assert_string_equal(outcomes(m), "lost completed");
	EXPECT("[practice] No model wrote this. You said: in the stream word1 word2 t",
	       "select left(content, 67) || ' ' || "
	       "left((content like '%% word20' and length(content) = 186)::text, 1) from signalbox.ai_messages where uuid = '%s'",
	       m);
	check_invariants();
}

/* The answer is there, the commit is not: the owner of the schema has locked a table, which is all that a settle waits for. Answers the waiting backend. */
static const char *hold_settle(struct pg *other)
{
	q_on(other, "begin");
	q_on(other, "lock table signalbox.attempts in share mode");
	static const char WAITING[] =
		"select count(*) from pg_stat_activity where wait_event_type = 'Lock' and query like '%signalbox.settle_batch(%'";
	wait_for(WAITING, "1", 0);
	return q("select pid from pg_stat_activity where wait_event_type = 'Lock' and query like '%%signalbox.settle_batch(%%'");
}

static void test_kill_before_the_commit(void **state)
{
	(void)state;
	struct pg *other = connect_again(NULL);
	pid_t first = worker(QUICK, NULL);
	const char *m = say("o", "[[slow=300]] nonce-lost");
	wait_for(state_sql(m), "processing", 0);
	const char *backend = hold_settle(other);
	kill_now(first);
	q("select pg_terminate_backend(%s)", backend); /* or it would commit when it gets the lock */
	q_on(other, "rollback");
	worker(QUICK, NULL);
	wait_completed(m);
	assert_string_equal(outcomes(m), "lost completed");
	assert_int_equal(provider_calls("nonce-lost"), 2);
	pg_close(other);
	check_invariants();
}

static void test_kill_during_the_commit(void **state)
{
	(void)state;
	struct pg *other = connect_again(NULL);
	pid_t first = worker(QUICK, NULL);
	const char *m = say("o", "[[slow=300]] nonce-kept");
	wait_for(state_sql(m), "processing", 0);
	hold_settle(other);
	kill_now(first);
	q_on(other, "rollback"); /* the statement that was sent goes through */
	worker(QUICK, NULL);
	wait_completed(m);
	assert_string_equal(outcomes(m), "completed");
	assert_int_equal(provider_calls("nonce-kept"), 1);
	pg_close(other);
	check_invariants();
}

static void test_provider_faults(void **state)
{
	(void)state;
	static const struct {
		const char *script, *class, *said;
	} FAULTS[] = {
		{ "hang", "timeout_ttft", "" },
		{ "stall=3", "timeout_idle", "[practice] No model " },
		{ "cut=3", "truncated", "[practice] No model " },
		{ "end=3", "truncated", "[practice] No model " },
		{ "rst=3", "truncated", "[practice] No model " },
		{ "end=0", "truncated", "" },
		{ "malformed", "bad_reply", "" },
		{ "html", "bad_reply", "" },
		{ "empty", "no_answer", "" },
		{ "errormid=3", "server_error", "[practice] No model " },
		{ "status=500", "server_error", "" },
		{ "status=401", "auth", "" },
		{ "status=404", "model_not_found", "" },
	};
	const char *messages[2][ARRAY_SIZE(FAULTS)];
	/* So many faults would open the breaker, which is another test's (test_routes.c). */
	q("select signalbox.provider_set(p, '{\"breaker\": \"closed\"}', 'test') from unnest(array['a', 'o']) p");
	worker(QUICK, "--tries", "1", "--first-byte-timeout", "500ms", "--idle-timeout", "500ms", NULL);
	for (size_t p = 0; p < 2; p++)
		for (size_t i = 0; i < ARRAY_SIZE(FAULTS); i++)
			messages[p][i] = say(AGENT[p], text("[[%s]] fault", FAULTS[i].script));
	wait_for(
		"select count(*) from signalbox.ai_messages where role = 'assistant' and processing_status in ('queued', 'processing')",
		"0", 15);
	for (size_t p = 0; p < 2; p++)
		for (size_t i = 0; i < ARRAY_SIZE(FAULTS); i++) {
			const char *got = q(
				"select m.processing_status || ' ' || a.error_class || ' ' || coalesce(a.said, '') from signalbox.ai_messages m "
				"join signalbox.attempts a on a.message_id = m.id where m.uuid = '%s'",
				messages[p][i]);
			const char *expected = text("failed %s %s", FAULTS[i].class, FAULTS[i].said);
			if (strcmp(got, expected) != 0)
				fail_msg("%s, %s: '%s' instead of '%s' (%s)", AGENT[p], FAULTS[i].script, got, expected,
				         q("select processing_error from signalbox.ai_messages where uuid = '%s'",
				           messages[p][i]));
		}
	check_invariants();
}

/* Two limits: one before the first byte, one within the stream. Each is kept where the other would not be. */
static void test_silence(void **state)
{
	(void)state;
	worker(QUICK, "--tries", "1", "--first-byte-timeout", "60s", "--idle-timeout", "500ms", NULL);
	const char *late = say("a", "[[slow=1500]] begins late"), *silent = say("a", "[[stall=3]] falls silent");
	wait_completed(late);
	wait_for(state_sql(silent), "failed", 0);
	EXPECT("timeout_idle", "select error_class from signalbox.attempts where outcome = 'failed'");
	check_invariants();
}

/* Each line is harmless, and nothing is kept of it: only the sum tells. */
static void test_endless_body(void **state)
{
	(void)state;
	worker(QUICK, "--tries", "1", NULL);
	const char *m = say("a", "[[flood=70]] floods"), *some = say("a", "[[flood=3]] some of it is borne");
	wait_for(state_sql(m), "failed", 30);
	EXPECT("too_big", "select error_class from signalbox.attempts where outcome = 'failed'");
	wait_completed(some);
	check_invariants();
}

static void test_tries(void **state)
{
	(void)state;
	worker(QUICK, NULL);
	for (size_t p = 0; p < 2; p++) {
		const char *good = say(AGENT[p], text("[[fail=2]] twice %zu", p)),
			   *bad = say(AGENT[p], text("[[cut=1]] always %zu", p));
		wait_completed(good);
		assert_string_equal(outcomes(good), "retry retry completed");
		wait_for(state_sql(bad), "failed", 0);
		assert_string_equal(outcomes(bad), "retry retry failed");
	}
	check_invariants();
}

static void test_too_many_requests(void **state)
{
	(void)state;
	worker(QUICK, "--concurrency", "1", NULL);
	for (size_t p = 0; p < 2; p++) {
		const char *m = say(AGENT[p], "[[status=429 retry_after=1]] slow down");
		wait_for(
			text("select count(*) from signalbox.attempts a join signalbox.ai_messages m on m.id = a.message_id where m.uuid = '%s' "
		             "and outcome = 'rate_limited'",
		             m),
			"2", 0);
		EXPECT("0 rate", "select errors || ' ' || signalbox.waits_for(q) from signalbox.queue q");
		EXPECT("t",
		       "select max(started_at) - min(ended_at) >= interval '950 ms' from signalbox.attempts a join signalbox.ai_messages m on m.id = a.message_id "
		       "where m.uuid = '%s'",
		       m);
		q("select signalbox.cancel('%s', 'test')", m);
	}
	check_invariants();
}

static void test_freeze(void **state)
{
	(void)state;
	pid_t first = worker(QUICK, NULL);
	const char *m = say("o", "[[slow=500]] frozen");
	wait_for("select count(*) from signalbox.attempts_and_running", "1", 0);
	send_signal(first, SIGSTOP);
	pid_t second = worker(QUICK, NULL);
	wait_completed(m);
	const char *row = q("select m::text from signalbox.ai_messages m where uuid = '%s'", m);
	send_signal(first, SIGCONT);
	wait_worker_said(first, "lease lost", 0);
	wait_worker_said(first, "new lease", 0);
	assert_string_equal(outcomes(m), "lost completed");
	EXPECT(row, "select m::text from signalbox.ai_messages m where uuid = '%s'", m);
	/* It is of use again. */
	send_signal(second, SIGTERM);
	assert_int_equal(wait_exit(second, DEADLINE), 0);
	wait_completed(say("o", "after the thaw"));
	check_invariants();
}

static void test_database_away(void **state)
{
	(void)state;
	worker(QUICK, "--concurrency", "4", NULL);
	worker(QUICK, "--concurrency", "4", NULL);
	q("select count(*) from generate_series(1, 40) i, signalbox.dispatch('o', '[[slow=150]] away-' || i || '.')");
	wait_for("select count(*) >= 5 from signalbox.ai_messages where role = 'assistant' and processing_status = 'completed'",
	         "t", 0);
	database("stop", "immediate");
	database("start", NULL);
	wait_for("select count(*) from signalbox.ai_messages where role = 'assistant' and processing_status = 'completed'", "40",
	         30);
	EXPECT("0",
	       "select count(*) from signalbox.ai_messages m join signalbox.ai_messages u on u.id = m.reply_to where position(substring(u.content from 'away-[0-9]+[.]') in m.content) = 0");
	check_invariants();
}

static void test_drain(void **state)
{
	(void)state;
	pid_t first = worker(QUICK, "--concurrency", "1", NULL);
	const char *m = say("o", "[[slow=700]] to its end");
	wait_for(state_sql(m), "processing", 0); /* or the other agent's turn might be first */
	const char *next = say("a", "[[slow=30000]] not begun");
	send_signal(first, SIGTERM);
	assert_int_equal(wait_exit(first, DEADLINE), 0);
	assert_string_equal(status_of(m), "completed");
	assert_string_equal(status_of(next), "queued");
	pid_t second = worker(QUICK, "--drain", "0", NULL);
	wait_for(state_sql(next), "processing", 0);
	send_signal(second, SIGTERM);
	assert_int_equal(wait_exit(second, 5), 0);
	assert_string_equal(status_of(next), "queued");
	assert_string_equal(outcomes(next), "released");
	EXPECT("0 0 0",
	       "select q.errors || ' ' || q.attempts || ' ' || m.retry_count from signalbox.queue q join signalbox.ai_messages m on m.id = q.message_id");
	q("select signalbox.cancel('%s', 'test')", next);
	check_invariants();
}

static void test_cancel(void **state)
{
	(void)state;
	worker(QUICK, NULL);
	const char *m = say("a", "[[rate=10 words=1000]] cancelled");
	q("select signalbox.watch('%s')", m);
	wait_stream(m);
	q("select signalbox.cancel('%s', 'test')", m);
	assert_string_equal(status_of(m), "cancelled");
	wait_for("select outcome || ' ' || (length(said) between 20 and 1000)::text from signalbox.attempts", "cancelled true",
	         3);
	assert_string_equal(content(m), "");
	check_invariants();
}

/* Slower than the pieces are written down: some of them are empty, none may be missing. */
static void test_watch(void **state)
{
	(void)state;
	const char *messages[2], *pieces[2];
	worker(QUICK, NULL);
	for (size_t p = 0; p < 2; p++) {
		messages[p] = say(AGENT[p], "[[rate=6 words=12]] watched");
		q("select signalbox.watch('%s')", messages[p]);
	}
	for (size_t p = 0; p < 2; p++) {
		wait_for(text("select coalesce(length(text), 0) > 40 from signalbox.stream_text('%s', null, 0)", messages[p]),
		         "t", 0);
		pieces[p] = q("select text from signalbox.stream_text('%s', null, 0)", messages[p]);
	}
	for (size_t p = 0; p < 2; p++) {
		wait_completed(messages[p]);
		assert_string_equal(pieces[p], text("%.*s", (int)strlen(pieces[p]), content(messages[p])));
		assert_string_equal(outcomes(messages[p]), "completed");
	}
	check_invariants();
}

static void test_pieces(void **state)
{
	(void)state;
	static const char WORDS[] = "h\xc3\xa9llo \xe4\xb8\x96\xe7\x95\x8c \xf0\x9f\x9a\x82 \"quoted\"\\";
	static const char *const SCRIPT[] = { "split=1", "split=7", "whole", "nousage", "whole split=3" };
	const char *messages[2][ARRAY_SIZE(SCRIPT)];
	worker(QUICK, "--tries", "1", NULL);
	for (size_t p = 0; p < 2; p++)
		for (size_t i = 0; i < ARRAY_SIZE(SCRIPT); i++)
			messages[p][i] = say(AGENT[p], text("[[%s]] %s", SCRIPT[i], WORDS));
	for (size_t p = 0; p < 2; p++)
		for (size_t i = 0; i < ARRAY_SIZE(SCRIPT); i++) {
			wait_for(
				text("select processing_status in ('completed', 'failed') from signalbox.ai_messages where uuid = '%s'",
			             messages[p][i]),
				"t", 15);
			if (strcmp(status_of(messages[p][i]), "completed") != 0)
				fail_msg("%s, %s: %s", AGENT[p], SCRIPT[i],
				         q("select processing_error from signalbox.ai_messages where uuid = '%s'",
				           messages[p][i]));
			assert_string_equal(content(messages[p][i]), text("[practice] No model wrote this. You said: %s", WORDS));
		}
	check_invariants();
}

#define T(name) cmocka_unit_test_setup_teardown(name, scene_up, scene_down)
int main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_kill_before_the_call),
		T(test_kill_in_the_stream),
		T(test_kill_before_the_commit),
		T(test_kill_during_the_commit),
		T(test_provider_faults),
		T(test_silence),
		T(test_endless_body),
		T(test_tries),
		T(test_too_many_requests),
		T(test_freeze),
		T(test_database_away),
		T(test_drain),
		T(test_cancel),
		T(test_watch),
		T(test_pieces),
	};
	return world_end(cmocka_run_group_tests(tests, world_up, world_down));
}
