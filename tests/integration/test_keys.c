/*
 * Why: a worker takes only what it can call. What it lacks another does, or waits for, and is said where somebody looks: the log, the message, doctor, an alert.
 */
#include <stdlib.h>
#include <unistd.h>

#include "tests/lib/harness/harness.h"

#define QUICK "--lease", "2s", "--poll", "100ms", "--backoff", "100ms"

/* A worker takes only what it can call: what it lacks another does, or waits for, and it is said where somebody looks. */
static void test_a_worker_without_the_key(void **state)
{
	(void)state;
	q("select signalbox.provider_set('k', '{\"protocol\": \"openai\", \"base_url\": \"http://127.0.0.1:%d/v1\", \"key_env\": \"SPARE_API_KEY\"}', 'test')",
	  W.port);
	q("select signalbox.agent_set('k', '{\"provider\": \"k\", \"model\": \"practice\"}', 'test')");
	unsetenv("SPARE_API_KEY");
	const char *m = say("k", "waits for a key");
	pid_t bad = worker(QUICK, NULL);
	assert_true(worker_said(bad, "SPARE_API_KEY"));
	wait_completed(say("o", "of another agent"));
	EXPECT("queued worker", "select d ->> 'status' || ' ' || (d ->> 'waits_for') from signalbox.message_status('%s') d", m);
	assert_string_equal(alert_level("secret"), "CRIT");
	assert_true(doctor_says(W.direct, "^FAIL *secrets .*provider k: the worker has no SPARE_API_KEY"));
	EXPECT("no key", "select state from signalbox.agents_page() where slug = 'k'");
	EXPECT("0", "select count(*) from signalbox.attempts a join signalbox.agents g on g.id = a.agent_id where g.slug = 'k'");
	/* One that has it does all of it. */
	setenv("SPARE_API_KEY", "secret-of-k", 1);
	worker(QUICK, NULL);
	unsetenv("SPARE_API_KEY");
	wait_completed(m);
	q("select count(*) from generate_series(1, 60) i, signalbox.dispatch('k', 'many ' || i)");
	wait_for(
		"select count(*) from signalbox.ai_messages m join signalbox.ai_sessions s on s.id = m.session_id join signalbox.agents a on a.id = s.agent_id "
		"where a.slug = 'k' and m.role = 'assistant' and m.processing_status = 'completed'",
		"61", 15);
	EXPECT("1 completed",
	       "select count(distinct worker_id) || ' ' || string_agg(distinct outcome, ',') from signalbox.attempts a join signalbox.agents g on g.id = a.agent_id where g.slug = 'k'");
	assert_string_equal(alert_level("secret"), "WARN");
	/* A chain: what this worker would have to pass over is the other's. */
	q("select signalbox.agent_set('k', '{\"chain\": \"o:practice\"}', 'test')");
	q("select count(*) from generate_series(1, 20) i, signalbox.dispatch('k', 'chained ' || i)");
	wait_for("select count(*) from signalbox.queue where state <> 'failed'", "0", 15);
	EXPECT("k",
	       "select string_agg(distinct a.provider, ' ') from signalbox.attempts a join signalbox.agents g on g.id = a.agent_id where g.slug = 'k'");
}

/* The key is in a file: it cannot be read, then it can, then others may read it too. */
static void test_a_key_file(void **state)
{
	(void)state;
	const char *file = text("%s/key", W.dir);
	q("select signalbox.provider_set('k', '{\"protocol\": \"openai\", \"base_url\": \"http://127.0.0.1:%d/v1\", \"key_env\": \"SPARE_API_KEY\"}', 'test')",
	  W.port);
	q("select signalbox.agent_set('k', '{\"provider\": \"k\", \"model\": \"practice\"}', 'test')");
	setenv("SPARE_API_KEY_FILE", file, 1);
	unlink(file);
	pid_t w = worker(QUICK, NULL);
	unsetenv("SPARE_API_KEY_FILE");
	assert_true(worker_said(w, "No such file"));
	const char *m = say("k", "until the file is there");
	wait_for(text("select signalbox.message_status('%s') ->> 'waits_for'", m), "worker", 0);
	assert_int_equal(run("/bin/sh", "-c", text("umask 077; echo file-key-1 >%s", file), NULL), 0);
	wait_completed(m);
	wait_worker_said(w, "has all that providers need", 0);
	assert_int_equal(run("/bin/sh", "-c", text("chmod 666 %s", file), NULL), 0);
	wait_worker_said(w, "key files that others may read", 0);
	wait_completed(say("k", "all the same"));
	/* It is gone between the renewal and the call: the message rests, no try is burnt, nobody is parked. */
	q("select count(*) from generate_series(1, 5) i, signalbox.dispatch('k', 'in between ' || i)");
	wait_for("select count(*) from signalbox.queue", "0", 0);
	assert_int_equal(run("/bin/sh", "-c", text("rm %s", file), NULL), 0);
	m = say("k", "too late");
	wait_for(text("select signalbox.message_status('%s') ->> 'waits_for' in ('worker', 'backoff')", m), "t", 0);
	EXPECT("0", "select coalesce(max(errors), 0) from signalbox.queue");
	EXPECT("0", "select count(*) from signalbox.breakers where state <> 'closed'");
	q("select signalbox.cancel('%s', 'test')", m);
}

#define T(name) cmocka_unit_test_setup_teardown(name, scene_up, scene_down)
int main(void)
{
	const struct CMUnitTest tests[] = { T(test_a_worker_without_the_key), T(test_a_key_file) };
	return world_end(cmocka_run_group_tests_name("keys", tests, world_up, world_down));
}
