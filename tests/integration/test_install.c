/*
 * Why: the schema is set up by whoever a site lets: a superuser, an owner who may make roles, one who may not, four at a time out of a deployment's
 * script, and again after a restore that lost the roles. Each either ends with the same owners and rights, or says the SQL that is missing.
 * (Other versions of PostgreSQL: tests/versions.)
 */
#include "tests/lib/harness/harness.h"

/* Owners and rights of everything in the schema: the same, whoever made it. */
static const char RIGHTS[] =
	"select md5(string_agg(x, ';' order by x)) from (select c.relname || pg_get_userbyid(relowner) || coalesce(c.relacl::text, '') from pg_class c "
	"where relnamespace = 'signalbox'::regnamespace and relkind in ('r', 'v', 'S') union all select p.oid::regprocedure || coalesce(proacl::text, '') || md5(prosrc) || "
	"pg_get_userbyid(proowner) from pg_proc p where pronamespace = 'signalbox'::regnamespace union all select nspname || pg_get_userbyid(nspowner) "
	"from pg_namespace where nspname = 'signalbox') s(x)";

static struct pg *db; /* the superuser's, to the database of the test */

static const char *url(const char *user, const char *name)
{
	return text("%s user=%s dbname=%s", W.direct, user, name);
}

static void make_database(const char *name, const char *owner)
{
	struct err err;
	q("create database %s owner %s", name, owner);
	pg_close(db);
	db = NULL;
	if (pg_connect(&db, url("signalbox", name), "signalbox tests", NULL, 5000, &err) < 0)
		fail_msg("%s: %s", name, err.msg);
}

static void role(const char *name, const char *attributes)
{
	if (strcmp(q("select count(*) from pg_roles where rolname = '%s'", name), "0") == 0)
		q("create role %s login %s", name, attributes);
}

static int migrate_as(const char *user, const char *name)
{
	return run(bin("signalbox"), "migrate", "--database-url", url(user, name), NULL);
}

static int install_up(void **state)
{
	int rc = world_up(state);
	role("t_member", "");
	role("t_creator", "createrole");
	role("t_owner", "");
	q("grant signalbox_owner to t_member");
	return rc;
}

static int install_down(void **state)
{
	pg_close(db);
	return world_down(state);
}

/* A deployment starts four containers, each of which migrates first. */
static void test_four_at_once(void **state)
{
	(void)state;
	for (int i = 0; i < 3; i++) {
		make_database(text("four_%d", i), "signalbox");
		const char *one =
			text("'%s' migrate --database-url '%s'", bin("signalbox"), url("signalbox", text("four_%d", i)));
		assert_int_equal(
			run("/bin/sh", "-c",
		            text("for i in 1 2 3 4; do %s & p=\"$p $!\"; done; for i in $p; do wait $i || exit 1; done", one),
		            NULL),
			0);
		assert_string_equal(q_on(db, RIGHTS), q(RIGHTS));
		assert_string_equal(q_on(db, "select count(*) = max(version) from signalbox.schema_migrations"), "t");
	}
}

/* Roles are the cluster's: two databases make them in one moment. */
static void test_three_databases_of_a_new_cluster(void **state)
{
	(void)state;
	const char *dir = text("%s/fresh", W.dir);
	const char *script =
		"u=$(tests/lib/pg.sh start %s) || exit 2; for d in a b c; do psql -qX \"$u\" -c \"create database $d\" || exit 3; done; "
		"for d in a b c; do '%s' migrate --database-url \"$u dbname=$d\" & p=\"$p $!\"; done; for i in $p; do wait $i || bad=1; done; "
		"tests/lib/pg.sh destroy %s; [ -z \"$bad\" ]";
	for (int i = 0; i < 3; i++)
		assert_int_equal(run("/bin/sh", "-c", text(script, dir, bin("signalbox"), dir), NULL), 0);
}

/* The same with nothing left to chance: the role is there, and not yet committed. */
static void test_a_role_in_the_making(void **state)
{
	(void)state;
	const char *dir = text("%s/making", W.dir);
	const char *script =
		"u=$(tests/lib/pg.sh start %s) || exit 2; p() { psql -qXAt \"$u\" -c \"$1\"; }; "
		"p 'begin; create role signalbox_owner; create role signalbox_app; select pg_sleep(2); commit' >/dev/null & other=$!; "
		"until [ \"$(p \"select count(*) from pg_stat_activity where wait_event = 'PgSleep'\")\" = 1 ]; do :; done; "
		"'%s' migrate --database-url \"$u\"; rc=$?; wait $other; tests/lib/pg.sh destroy %s; exit $rc";
	assert_int_equal(run("/bin/sh", "-c", text(script, dir, bin("signalbox"), dir), NULL), 0);
}

/* Bytes that are no text: one of them stopped the claims of all. */
static void test_encoding(void **state)
{
	(void)state;
	q("create database ascii template template0 encoding 'SQL_ASCII' locale 'C'");
	assert_int_equal(run("/bin/sh", "-c",
	                     text("'%s' migrate --database-url '%s' 2>&1 | grep 'encoding is SQL_ASCII; signalbox needs UTF8'",
	                          bin("signalbox"), url("signalbox", "ascii")),
	                     NULL),
	                 0);
	assert_int_equal(migrate_as("signalbox", "ascii"), 5);
}

/* While one waits to renew what it saw, another has gone further: that is not taken back. */
static void test_another_was_faster(void **state)
{
	(void)state;
	make_database("faster", "signalbox");
	assert_int_equal(migrate_as("signalbox", "faster"), 0);
	assert_int_equal(
		run(bin("signalbox"), "migrate", "--to", "10", "--yes", "--database-url", url("signalbox", "faster"), NULL), 0);
	q_on(db, "begin");
	q_on(db, "lock table signalbox.schema_migrations in exclusive mode");
	assert_int_equal(run("/bin/sh", "-c",
	                     text("'%s' migrate --to 10 --database-url '%s' >/dev/null 2>&1 &", bin("signalbox"),
	                          url("signalbox", "faster")),
	                     NULL),
	                 0);
	wait_for(
		"select count(*) from pg_stat_activity where application_name = 'signalbox migrate' and wait_event_type = 'Lock'",
		"1", 0);
	q_on(db, "update signalbox.schema_info set version = 11");
	q_on(db, "commit");
	wait_for("select count(*) from pg_stat_activity where application_name = 'signalbox migrate'", "0", 0);
	assert_string_equal(q_on(db, "select version from signalbox.schema_info"), "11");
}

/* The first one was migrated by somebody else: as documented, a member of signalbox_owner is enough from then on. */
static void test_upgrade_by_a_member(void **state)
{
	(void)state;
	make_database("upgraded", "signalbox");
	assert_int_equal(run(bin("signalbox"), "migrate", "--to", "9", "--database-url", url("signalbox", "upgraded"), NULL), 0);
	assert_int_equal(migrate_as("t_member", "upgraded"), 0);
	q_on(db, "drop function signalbox.tokens(bigint)"); /* as if it were new: what is made now is the owner's too */
	assert_int_equal(migrate_as("t_member", "upgraded"), 0);
	assert_string_equal(q_on(db, RIGHTS), q(RIGHTS));
	assert_true(doctor_says(url("t_member", "upgraded"), "^ok *rights "));
	assert_int_equal(
		run(bin("signalbox"), "migrate", "--down", "1", "--yes", "--database-url", url("t_member", "upgraded"), NULL), 0);
	assert_int_equal(migrate_as("signalbox", "upgraded"), 0);
	assert_string_equal(q_on(db, RIGHTS), q(RIGHTS));
}

/* Of a managed server: the database's owner may not make roles. What is printed, run by who may, is all that it takes. */
static void test_an_owner_without_rights(void **state)
{
	(void)state;
	make_database("managed", "t_owner");
	const char *log = text("%s/managed.sql", W.dir);
	const char *migrate = text("'%s' migrate --database-url '%s' 2>'%s'", bin("signalbox"), url("t_owner", "managed"), log);
	assert_int_equal(run("/bin/sh", "-c", migrate, NULL), 5);
	assert_int_equal(
		run("/bin/sh", "-c",
	            text("grep -q 'run the SQL above' '%s' && grep -x 'grant signalbox_owner to t_owner;' '%s'", log, log), NULL),
		0);
	assert_string_equal(q_on(db, "select to_regnamespace('signalbox')"), "(null)");
	assert_int_equal(
		run("/bin/sh", "-c",
	            text("grep -v '^signalbox: ' '%s' | psql -qX -v ON_ERROR_STOP=1 '%s'", log, url("signalbox", "managed")),
	            NULL),
		0);
	assert_int_equal(migrate_as("t_owner", "managed"), 0);
	assert_string_equal(q_on(db, RIGHTS), q(RIGHTS));
	/* And without any right to the database. */
	make_database("foreign_one", "signalbox");
	assert_int_equal(
		run("/bin/sh", "-c",
	            text("'%s' migrate --database-url '%s' 2>&1 | grep -x 'create schema signalbox authorization signalbox_owner;'",
	                 bin("signalbox"), url("t_member", "foreign_one")),
	            NULL),
		0);
}

/* Roles that others made, or that an owner with CREATEROLE makes. */
static void test_a_creator(void **state)
{
	(void)state;
	make_database("created", "t_creator");
	assert_int_equal(migrate_as("t_creator", "created"), 0);
	assert_string_equal(q_on(db, RIGHTS), q(RIGHTS));
}

/* As pg_restore leaves it where the roles were missing, and were made afterwards. */
static void lose_rights(void)
{
	q_on(db, "reassign owned by signalbox_owner to signalbox");
	q_on(db,
	     "drop owned by signalbox_owner, signalbox_app, signalbox_viewer, signalbox_operator, signalbox_admin, signalbox_worker");
}

static void test_restored_without_roles(void **state)
{
	(void)state;
	make_database("restored", "signalbox");
	role("t_app", "");
	q("grant signalbox_app to t_app");
	assert_int_equal(migrate_as("signalbox", "restored"), 0);
	q_on(db, "select signalbox.agent_set('o', '{}', 'test')");
	assert_true(doctor_says(url("signalbox", "restored"), "^ok *rights "));
	lose_rights();
	const char *sends = text("psql -qXc \"select * from signalbox.dispatch('o', 'x')\" '%s'", url("t_app", "restored"));
	assert_int_not_equal(run("/bin/sh", "-c", sends, NULL), 0);
	assert_true(doctor_says(url("signalbox", "restored"),
	                        "^FAIL *rights .*things of the schema belong to signalbox.*signalbox_app may not dispatch"));
	/* Who may not mend it says so, with what does. */
	assert_int_equal(migrate_as("t_member", "restored"), 5);
	const char *block =
		text("'%s' migrate --database-url '%s' 2>&1 | grep -v '^signalbox: ' | psql -qX -v ON_ERROR_STOP=1 '%s'",
	             bin("signalbox"), url("t_member", "restored"), url("signalbox", "restored"));
	assert_int_equal(run("/bin/sh", "-c", block, NULL), 0);
	assert_int_equal(migrate_as("t_member", "restored"), 0);
	assert_string_equal(q_on(db, RIGHTS), q(RIGHTS));
	lose_rights();
	assert_int_equal(migrate_as("signalbox", "restored"), 0);
	assert_string_equal(q_on(db, RIGHTS), q(RIGHTS));
	assert_int_equal(run("/bin/sh", "-c", sends, NULL), 0);
	assert_true(doctor_says(url("signalbox", "restored"), "^ok *rights "));
	/* What is granted by mistake goes. */
	q_on(db, "grant execute on function signalbox.settle, signalbox.queue_page to signalbox_app");
	q_on(db, "grant select on signalbox.ai_messages to signalbox_app");
	assert_int_equal(migrate_as("signalbox", "restored"), 0);
	assert_string_equal(q_on(db, RIGHTS), q(RIGHTS));
}

/* Databases that ran 001 while it still made the roles itself. */
static void test_a_former_text(void **state)
{
	(void)state;
	make_database("former", "signalbox");
	assert_int_equal(migrate_as("signalbox", "former"), 0);
	q_on(db, "update signalbox.schema_migrations set checksum = '0edfdb08f65b4534' where version = 1");
	assert_int_equal(migrate_as("signalbox", "former"), 0);
	q_on(db, "update signalbox.schema_migrations set checksum = '0edfdb08f65b4534' where version = 2");
	assert_int_equal(migrate_as("signalbox", "former"), 5);
}

/* The version before knows no applications: what two of them have of one name can be one's only. */
static void test_down_with_two_applications(void **state)
{
	(void)state;
	make_database("down_one", "signalbox");
	assert_int_equal(migrate_as("signalbox", "down_one"), 0);
	q_on(db, "select signalbox.agent_set('o', '{}', 'test')");
	role("t_shop", "");
	role("t_crm", "");
	q("grant signalbox_app to t_shop, t_crm");
	for (int i = 0; i < 2; i++)
		assert_int_equal(
			run("/bin/sh", "-c",
		            text("psql -qXc \"select * from signalbox.dispatch('o', 'x%d', user_id => 'u', thread_key => 't', idempotency_key => 'k')\" '%s'",
		                 i, url(i == 0 ? "t_shop" : "t_crm", "down_one")),
		            NULL),
			0);
	assert_int_equal(
		run(bin("signalbox"), "migrate", "--to", "10", "--yes", "--database-url", url("signalbox", "down_one"), NULL), 0);
	assert_string_equal(q_on(db, "select count(*) || ' ' || count(thread_key) from signalbox.ai_sessions"), "2 1");
	assert_string_equal(q_on(db, "select count(*) from signalbox.idempotency_keys"), "1");
	assert_int_equal(migrate_as("signalbox", "down_one"), 0);
	assert_string_equal(q_on(db, "select string_agg(application, ' ' order by application) from signalbox.ai_sessions"),
	                    "t_crm t_shop");
	assert_string_equal(q_on(db, "select application from signalbox.idempotency_keys"), "t_crm");
}

#define T(name) cmocka_unit_test_setup_teardown(name, scene_up, scene_down)
int main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_four_at_once),
		T(test_three_databases_of_a_new_cluster),
		T(test_a_role_in_the_making),
		T(test_encoding),
		T(test_another_was_faster),
		T(test_upgrade_by_a_member),
		T(test_an_owner_without_rights),
		T(test_a_creator),
		T(test_restored_without_roles),
		T(test_a_former_text),
		T(test_down_with_two_applications),
	};
	return world_end(cmocka_run_group_tests(tests, install_up, install_down));
}
