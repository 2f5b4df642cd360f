/*
 * Why: rooms of the worker and the console rely on a connection to say honestly whether LISTEN works on it, to notice when it stops to, and
 * to be made again where writes are taken. Each of these lies once: an idle pooler, a session that forgot, a server that became read-only.
 */
#include <signal.h>

#include "shared/listen.h"
#include "tests/lib/harness/harness.h"

static struct listen listen_on(const char *listen_url, const char *database_url)
{
	return (struct listen){ .listen_url = listen_url,
		                .database_url = database_url,
		                .application = "test_connections",
		                .channel = "signalbox_test",
		                .timeout_ms = 3000 };
}

/* Turns until LISTEN works or not, as expected, then what it has to say. */
static void settle(struct listen *l, struct pg **pg, bool expected)
{
	char payload[64];
	int64_t until = 0;
	struct err err;
	do {
		if (listen_turn(l, pg, &err) == 0 && pg_consume(*pg, &err) == 0)
			assert_false(listen_take(l, *pg, payload));
		if (listen_works(l) == expected && (expected || l->why != NULL))
			return;
	} while (again(&until, 8));
	fail_msg("LISTEN %s", expected ? "is not proved" : "is proved");
}

static void test_proof(void **state)
{
	(void)state;
	struct listen l = listen_on("", W.direct);
	struct pg *pg = NULL;
	char payload[64];
	struct err err;
	int64_t until = 0;
	settle(&l, &pg, true);
	assert_null(listen_news(&l)); /* as expected */
	q("select pg_notify('signalbox_test', 'proof:of-another')");
	q("select pg_notify('signalbox_test', 'real')");
	while (pg_consume(pg, &err) == 0 && !listen_take(&l, pg, payload))
		assert_true(again(&until, 5));
	assert_string_equal(payload, "real");
	pg_close(pg);
}

/* The session has forgotten its LISTEN, and nothing else is wrong with it: the next proof fails, a new connection is made and proved. */
static void test_forgotten(void **state)
{
	(void)state;
	struct listen l = listen_on("", W.direct);
	struct pg *pg = NULL;
	struct err err;
	settle(&l, &pg, true);
	int before = pg_backend(pg);
	assert_int_equal(pg_exec(pg, NULL, "unlisten *", NULL, 0, 3000, NULL, &err), 0);
	l.due = 0;
	assert_int_equal(listen_turn(&l, &pg, &err), 0);
	int64_t until = 0;
	while (pg_backend(pg) == before) {
		assert_true(again(&until, 8));
		assert_int_equal(listen_turn(&l, &pg, &err), 0);
	}
	settle(&l, &pg, true);
	pg_close(pg);
}

static void test_killed(void **state)
{
	(void)state;
	struct listen l = listen_on("", W.direct);
	struct pg *pg = NULL;
	settle(&l, &pg, true);
	q("select pg_terminate_backend(%d)", pg_backend(pg));
	settle(&l, &pg, true);
	pg_close(pg);
}

/* Idle, PgBouncer gives LISTEN and NOTIFY the same server connection: the notification does come back, and LISTEN is worthless. */
static void test_pooler(void **state)
{
	(void)state;
	const char *argv[] = { "tests/lib/pooler.sh", "start", W.direct, "4", NULL };
	if (!W.is_pooled && run(argv[0], argv[1], argv[2], argv[3], NULL) != 0)
		fail_msg("no pooler; see %s/run.log", W.dir);
	const char *pooled = text("%.*s6432", (int)strlen(W.direct) - 4, W.direct), *nowhere = "host=/nowhere port=1";
	struct pg *pg = NULL;
	char channel[64], payload[64];
	struct err err;
	if (pg_connect(&pg, pooled, "test_connections", "-c statement_timeout=1s", 3000, &err) < 0) /* it refuses the setting */
		fail_msg("%s", err.msg);
	assert_int_equal(pg_exec(pg, NULL, "listen signalbox_test", NULL, 0, 3000, NULL, &err), 0);
	assert_int_equal(pg_exec(pg, NULL, "select pg_notify('signalbox_test', 'x')", NULL, 0, 3000, NULL, &err), 0);
	assert_true(pg_notification(pg, channel, payload)); /* the lie, should it ever stop */
	pg_close(pg);

	struct listen l = listen_on("", pooled);
	pg = NULL;
	settle(&l, &pg, false);
	assert_string_equal(listen_news(&l), "the pooler in between has no LISTEN: polling");
	assert_null(listen_news(&l));
	pg_close(pg);

	l = listen_on(W.direct, pooled);
	pg = NULL;
	settle(&l, &pg, true);
	pg_close(pg);

	/* The direct way is shut, then open: until then the other is taken. */
	l = listen_on(nowhere, pooled);
	pg = NULL;
	settle(&l, &pg, false);
	assert_non_null(listen_news(&l));
	l.listen_url = W.direct;
	l.due = 0;
	settle(&l, &pg, true);
	assert_string_equal(listen_news(&l), "LISTEN works");
	pg_close(pg);
	if (!W.is_pooled && run(argv[0], "stop", W.direct, NULL) != 0)
		fail_msg("the pooler does not end");
}

/* The server takes no writes any more, as after a fail-over to what was the primary: connections are made again until one does. */
static void test_read_only_server(void **state)
{
	(void)state;
	pid_t pid = worker("--lease", "2s", "--poll", "100ms", NULL);
	q("alter system set default_transaction_read_only = on");
	q("select pg_reload_conf()");
	wait_worker_said(pid, "cannot claim", DEADLINE);
	wait_worker_said(pid, "lease not renewed", DEADLINE);
	struct pg *pg = NULL;
	struct err err;
	assert_int_equal(pg_connect(&pg, W.direct, "test_connections", NULL, 3000, &err), -1);
	assert_int_equal(pg_connect_any(&pg, W.direct, "test_connections", NULL, 3000, &err), 0);
	assert_false(pg_is_broken(pg));
	assert_int_equal(pg_exec(pg, NULL, "create table t ()", NULL, 0, 3000, NULL, &err), -1);
	assert_int_equal(err.code, ERR_DB_DOWN);
	assert_true(pg_refused_write(pg) && pg_is_broken(pg));
	assert_int_equal(pg_exec(pg, NULL, "select 1", NULL, 0, 3000, NULL, &err), 0);
	assert_int_equal(pg_exec(pg, NULL, "alter system reset default_transaction_read_only", NULL, 0, 3000, NULL, &err), 0);
	assert_int_equal(pg_exec(pg, NULL, "select pg_reload_conf()", NULL, 0, 3000, NULL, &err), 0);
	pg_close(pg);
	pg_close(W.pg);
	W.pg = NULL;
	wait_worker_said(pid, "claiming again", DEADLINE);
	const char *m = say("o", "after");
	wait_for(text("select processing_status from signalbox.ai_messages where uuid = '%s'", m), "completed", 0);
}

#define T(name) cmocka_unit_test_setup_teardown(name, scene_up, scene_down)
int main(void)
{
	const struct CMUnitTest tests[] = { T(test_proof), T(test_forgotten), T(test_killed), T(test_pooler),
		                            T(test_read_only_server) };
	return world_end(cmocka_run_group_tests(tests, world_up, world_down));
}
