/*
 * Why: a worker takes only what it can call. What it lacks another does, or waits for, and is said where somebody looks: the log, the
 * message, doctor, an alert. And what no call could work with, or would show a key, is refused when it is set.
 */
#include <signal.h>
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
	pid_t good = worker(QUICK, NULL);
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
	/* A chain: what this worker would have to pass over is the other's, who is slow. */
	q("select signalbox.agent_set('k', '{\"chain\": \"o:practice\"}', 'test')");
	send_signal(good, SIGSTOP);
	q("select count(*) from generate_series(1, 20) i, signalbox.dispatch('k', 'chained ' || i)");
	q("select pg_sleep(0.5)");
	send_signal(good, SIGCONT);
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
	wait_worker_said(w, "has all secrets that are needed", 0);
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

/* What no call could work with is refused when it is set, and says what to write instead. */
static void test_what_is_refused_when_set(void **state)
{
	(void)state;
	static const struct {
		const char *changes, *says; /* says: NULL: it is taken */
	} PROVIDER[] = {
		{ "\"protocol\": \"opneai\"", "ollama openai" },
		{ "\"protocol\": \"openai\"", NULL },
		{ "\"base_url\": \"https://h/v1#x\"", "fragment" },
		{ "\"base_url\": \"https://h/v1/chat/completions\"", "whole endpoint" },
		{ "\"base_url\": \"https://h/v1/chat/completions/?a=1\"", "whole endpoint" },
		{ "\"base_url\": \"https://h/v1/messages\"", "whole endpoint" },
		{ "\"base_url\": \"http://h/api/chat\"", "whole endpoint" },
		{ "\"base_url\": \"https://h/v1beta/models/m:generateContent\"", "whole endpoint" },
		{ "\"base_url\": \"https://u:p@h/v1\"", "key_env" },
		{ "\"base_url\": \"https://h/messages-proxy/v1?a=1\"", NULL },
		{ "\"header\": \"no colon\"", "Name: value" },
		{ "\"header\": \"X-A: 1\\nHost: evil\"", "worker's own" },
		{ "\"header\": \"X-A: 1\\u0007\"", "Name: value" },
		{ "\"header\": \"X-A: 1\\nX-B: $MY_TOKEN\"", NULL },
		{ "\"query\": \"a b\"", "query" },
		{ "\"header\": \"Authorization: Bearer sk-1\"", "$NAME" },
		{ "\"header\": \"api-key: ${MY_TOKEN}\"", NULL },
		{ "\"query\": \"a=1&key=AIza1\"", "$NAME" },
		{ "\"base_url\": \"https://h/v1?api-key=1\"", "$NAME" },
		{ "\"header\": \"a:1\\nb:1\\nc:1\\nd:1\\ne:1\\nf:1\\ng:1\\nh:1\\ni:1\\nj:1\\nk:1\\nl:1\\nm:1\\nn:1\\no:1\\np:1\\nq:1\"", "16 lines" },
		{ "\"query\": \"?a=1&b=$MY_TOKEN\"", NULL },
	},
	  AGENT[] = {
		  { "\"temperature\": \"2.5\"", "temperature" },   { "\"temperature\": \"-1\"", "temperature" },
		  { "\"temperature\": \"NaN\"", "temperature" },   { "\"top_p\": \"0\"", "top_p" },
		  { "\"top_p\": \"1.1\"", "top_p" },               { "\"reasoning\": \"a lot\"", "reasoning" },
		  { "\"temperature\": \"0\"", NULL },              { "\"temperature\": null, \"top_p\": \"1\"", NULL },
		  { "\"reasoning\": \"2048\"", NULL },             { "\"reasoning\": null", NULL },
	  };
	for (size_t i = 0; i < ARRAY_SIZE(PROVIDER) + ARRAY_SIZE(AGENT); i++) {
		bool is_agent = i >= ARRAY_SIZE(PROVIDER);
		const char *changes = is_agent ? AGENT[i - ARRAY_SIZE(PROVIDER)].changes : PROVIDER[i].changes;
		const char *says = is_agent ? AGENT[i - ARRAY_SIZE(PROVIDER)].says : PROVIDER[i].says;
		enum err_code code = q_err("select signalbox.%s_set('%s', '{%s}', 'test')", is_agent ? "agent" : "provider",
		                           is_agent ? "a" : "o", changes);
		if (code != (says != NULL ? ERR_BAD_INPUT : ERR_OK) || (says != NULL && strstr(q_error(), says) == NULL))
			fail_msg("%s: %s: %s", changes, err_name(code), q_error());
	}
}

#define T(name) cmocka_unit_test_setup_teardown(name, scene_up, scene_down)
int main(void)
{
	const struct CMUnitTest tests[] = { T(test_a_worker_without_the_key), T(test_a_key_file),
		                            T(test_what_is_refused_when_set) };
	return world_end(cmocka_run_group_tests_name("keys", tests, world_up, world_down));
}
