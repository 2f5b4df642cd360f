/*
 * Why: who may do what is said in one place and meant for logins, and a test that says `set role` sees half of it: functions ask who logged in. So here
 * each role logs in. Every function and relation of the schema is tried as every role, and rights.txt, beside this file, says what must come of it.
 * Then what rights are for: two applications that know nothing of each other, a worker that is not what it was, and a provider that asks for too much.
 */
#include "tests/lib/harness/harness.h"

#define TABLE "tests/integration/rights.txt"

static const char *const LOGINS[] = { "none", "app", "worker", "viewer", "operator", "admin" };
static struct pg *as[ARRAY_SIZE(LOGINS)]; /* t_app is in signalbox_app, and so on; t_none is in nothing */
enum login { NONE, APP, WORKER, VIEWER, OPERATOR, ADMIN };

static struct pg *login(const char *name)
{
	struct pg *pg = NULL;
	struct err err;
	if (pg_connect(&pg, text("%s user=%s", W.direct, name), "signalbox tests", NULL, 5000, &err) < 0)
		fail_msg("%s: %s", name, err.msg);
	return pg;
}

static int rights_up(void **state)
{
	int rc = world_up(state);
	for (size_t i = 0; rc == 0 && i < ARRAY_SIZE(LOGINS); i++) {
		q("create role t_%s login", LOGINS[i]);
		if (i != NONE)
			q("grant signalbox_%s to t_%s", LOGINS[i], LOGINS[i]);
		as[i] = login(text("t_%s", LOGINS[i]));
	}
	return rc;
}

static int rights_down(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(LOGINS); i++)
		pg_close(as[i]);
	return world_down(state);
}

/* The statement's error as this login; "" for none. */
static const char *refusal(struct pg *pg, const char *fmt, ...) PRINTF(2, 3);
static const char *refusal(struct pg *pg, const char *fmt, ...)
{
	struct rows r;
	struct err err = { .code = ERR_OK };
	char sql[4000];
	va_list ap;
	va_start(ap, fmt);
	vsnprintf(sql, sizeof sql, fmt, ap);
	va_end(ap);
	return pg_exec(pg, &W.arena, sql, NULL, 0, 10000, &r, &err) < 0 ? text("%s", err.msg) : "";
}

/* ---------------------------------------------------------------- the table */

static char *lines[1000];
static bool is_used[1000];
static int n_lines;

static void read_table(void)
{
	char line[400];
	FILE *f = fopen(TABLE, "re");
	if (f == NULL)
		fail_msg("cannot read %s", TABLE);
	for (n_lines = 0; fgets(line, sizeof line, f) != NULL && n_lines < 1000;)
		if (line[strspn(line, " \n")] != '\0' && line[0] != '#') {
			line[strcspn(line, "\n")] = '\0';
			is_used[n_lines] = false;
			lines[n_lines++] = text("%s ", line);
		}
	fclose(f);
}

/* Who may, by the table: " app admin "; NULL where it does not say. */
static const char *who_may(const char *name)
{
	size_t n = strlen(name);
	for (int i = 0; i < n_lines; i++)
		if (strncmp(lines[i], name, n) == 0 && lines[i][n] == ' ') {
			is_used[i] = true;
			return lines[i] + n;
		}
	return NULL;
}

static int wrong;
static void is_meant(const char *name, size_t who, bool may)
{
	const char *list = who_may(name);
	if (list == NULL)
		print_error("%s: %s does not say who may\n", name, TABLE);
	else if ((strstr(list, text(" %s ", LOGINS[who])) != NULL) != may)
		print_error("%s: t_%s %s\n", name, LOGINS[who], may ? "may, and should not" : "should, and may not");
	else
		return;
	wrong++;
}

static void nothing_is_left(const char *kind)
{
	for (int i = 0; i < n_lines; i++)
		if (!is_used[i] &&
		    (strncmp(lines[i], "read ", 5) == 0 || strncmp(lines[i], "write ", 6) == 0) == (*kind == 'r')) {
			print_error("%s: there is no such %s any more\n", lines[i], *kind == 'r' ? "relation" : "function");
			wrong++;
		}
	assert_int_equal(wrong, 0);
}

/* Planned and begun, not run: that is where the server looks who calls. The arguments come out of a subquery, or a strict function would be nothing. */
static void test_functions(void **state)
{
	(void)state;
	struct rows r;
	struct err err;
	/* One that this migration makes anew: PostgreSQL gives it to everybody. */
	q("drop function signalbox.message_uuid(text)");
	assert_int_equal(run(bin("signalbox"), "migrate", "--database-url", W.direct, NULL), 0);
	read_table();
	wrong = 0;
	static const char ALL[] =
		"select p.proname, format('explain select signalbox.%I(%s) from (select 1 as one%s offset 0) x', p.proname, "
		"string_agg('x.a' || i, ', ' order by i) filter (where t <> 0), "
		"string_agg(format(', null::%I.%I as a%s', y.typnamespace::regnamespace::text, y.typname, i), '' order by i) filter (where t <> 0)) "
		"from pg_proc p left join lateral unnest(p.proargtypes) with ordinality u(t, i) on true left join pg_type y on y.oid = t "
		"where p.pronamespace = 'signalbox'::regnamespace group by p.oid, p.proname order by p.proname";
	assert_int_equal(pg_exec(W.pg, &W.arena, ALL, NULL, 0, 10000, &r, &err), 0);
	assert_in_range(r.n_rows, 100, 1000);
	for (int i = 0; i < r.n_rows; i++)
		for (size_t who = 0; who < ARRAY_SIZE(LOGINS); who++) {
			const char *no = refusal(as[who], "%s", rows_at(&r, i, 1));
			bool is_refused = strstr(no, text("permission denied for function %s", rows_at(&r, i, 0))) != NULL;
			if (*no != '\0' && !is_refused)
				fail_msg("%s\n  in: %s", no, rows_at(&r, i, 1));
			is_meant(rows_at(&r, i, 0), who, !is_refused);
		}
	nothing_is_left("function");
}

static void test_relations(void **state)
{
	(void)state;
	struct rows r;
	struct err err;
	read_table();
	wrong = 0;
	static const char ALL[] =
		"select c.relname, (select quote_ident(a.attname) from pg_attribute a where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped "
		"order by not has_column_privilege('t_worker', c.oid, a.attnum, 'select'), a.attnum limit 1), c.relkind "
		"from pg_class c where c.relnamespace = 'signalbox'::regnamespace and c.relkind in ('r', 'p', 'v', 'm') order by 1";
	assert_int_equal(pg_exec(W.pg, &W.arena, ALL, NULL, 0, 10000, &r, &err), 0);
	assert_in_range(r.n_rows, 30, 1000);
	for (int i = 0; i < r.n_rows; i++)
		for (size_t who = 0; who < ARRAY_SIZE(LOGINS); who++) {
			const char *name = rows_at(&r, i, 0);
			is_meant(text("read %s", name), who,
			         *refusal(as[who], "select %s from signalbox.%s limit 0", rows_at(&r, i, 1), name) == '\0');
			bool writes = *refusal(as[who], "delete from signalbox.%s where false", name) == '\0' ||
			              *refusal(as[who], "update signalbox.%s set %s = null where false", name,
			                       rows_at(&r, i, 1)) == '\0' ||
			              *refusal(as[who], "truncate signalbox.%s", name) == '\0' ||
			              (*rows_at(&r, i, 2) == 'r' &&
			               *refusal(as[who], "insert into signalbox.%s select * from signalbox.%s where false", name,
			                        name) == '\0');
			if (writes || who_may(text("write %s", name)) != NULL)
				is_meant(text("write %s", name), who, writes);
		}
	nothing_is_left("relation");
	/* A job's id is for the worker that took it. */
	assert_non_null(strstr(refusal(as[WORKER], "select job_id from signalbox.queue"), "permission denied"));
	assert_non_null(strstr(refusal(as[WORKER], "select job_id from signalbox.ai_messages"), "permission denied"));
	/* Each has to itself what runs with the owner's rights: nobody puts other tables under it. */
	EXPECT("0", "select count(*) from pg_proc where pronamespace = 'signalbox'::regnamespace and prosecdef "
	            "and not coalesce(array_to_string(proconfig, ','), '') like 'search_path=pg_catalog%%'");
	EXPECT("0",
	       "select count(*) from pg_proc where pronamespace = 'signalbox'::regnamespace and pg_get_userbyid(proowner) <> 'signalbox_owner'");
}

/* What the rights are for, in a working day. */
static void test_a_day(void **state)
{
	(void)state;
	const char *m = q_on(as[APP], "select message_id from signalbox.dispatch('o', 'no [[status=400]]')");
	const char *key = "11111111-2222-4333-8444-555555555555";
	assert_string_equal(refusal(as[VIEWER], "select * from signalbox.queue_page()"), "");
	assert_string_equal(q_on(as[VIEWER], "select count(*) from signalbox.ai_messages"), "2");
	q_on(as[WORKER], "select signalbox.worker_enter('%s', 'w', '0', 8, null, '60 s', '*_TOKEN')", key);
	const char *job = q_on(as[WORKER], "select job_id from signalbox.take('%s', 1, '60 s')", key);
	assert_string_equal(
		q_on(as[WORKER],
	             "select result from signalbox.settle('%s', (select json_agg(json_build_object('message_id', message_id, 'job_id', '%s', 'outcome', 'error', "
	             "'error_class', 'auth', 'error', 'no', 'is_permanent', true)) from signalbox.queue where state = 'running'), 3, '30 s')",
	             key, job),
		"kept");
	assert_non_null(strstr(refusal(as[VIEWER], "select signalbox.retry('%s', 'me')", m), "permission denied"));
	assert_string_equal(refusal(as[OPERATOR], "select signalbox.retry('%s', 'me')", m), "");
	assert_string_equal(refusal(as[OPERATOR], "select * from signalbox.dispatch('o', 'by hand')"), "");
	assert_non_null(strstr(refusal(as[OPERATOR], "select signalbox.agent_set('o', '{}', 'me')"), "permission denied"));
	assert_string_equal(refusal(as[ADMIN], "select signalbox.agent_set('o', '{\"name\": \"O\"}', 'me')"), "");
	EXPECT("t_operator", "select session_user_name from signalbox.operator_log where action = 'retry'");
	/* The statement of a command line that waits, as an application: how long it will take is no secret. */
	assert_string_equal(refusal(as[APP], "select signalbox.fleet_slots()"), "");
}

#define HIS "aaaaaaaa-0000-4000-8000-000000000001" /* keys */
#define MINE "bbbbbbbb-0000-4000-8000-000000000002"
#define OLDER "cccccccc-0000-4000-8000-000000000003" /* an id: of a version without keys */

/* ---------------------------------------------------------------- applications */

static const char SAY[] =
	"select message_id || ' ' || session_id from signalbox.dispatch('o', '%s', user_id => 'u', thread_key => 't', idempotency_key => 'k')";

static const char *word(const char *two, int n)
{
	size_t first = strcspn(two, " ");
	return n == 0 ? text("%.*s", (int)first, two) : two + first + 1;
}

/* Is nothing of this message there for whoever this is? */
static void knows_nothing(struct pg *pg, const char *message, const char *session)
{
	assert_non_null(strstr(refusal(pg, "select signalbox.message_status('%s')", message), "no message"));
	assert_string_equal(q_on(pg, "select signalbox.queue_position('%s')", message), "(null)");
	assert_string_equal(q_on(pg, "select signalbox.message_uuid('%s')", message), "(null)");
	assert_string_equal(q_on(pg, "select signalbox.message_uuid('%s')",
	                         q("select id from signalbox.ai_messages where uuid = '%s'", message)),
	                    "(null)");
	assert_string_equal(q_on(pg, "select count(*) from signalbox.stream_text('%s', null, 0)", message), "0");
	assert_non_null(strstr(refusal(pg, "select signalbox.watch('%s')", message), "no message"));
	/* The same words as for one that is not there. */
	const char *no = refusal(pg, "select * from signalbox.dispatch('o', 'and?', '%s')", session);
	assert_non_null(strstr(no, "no session"));
	assert_string_equal(refusal(pg, "select * from signalbox.dispatch('a', 'and?', '%s')", session), no);
}

static void test_two_applications(void **state)
{
	(void)state;
	q("create role t_shop login in role signalbox_app");
	q("create role t_crm login in role signalbox_app");
	struct pg *shop = login("t_shop"), *crm = login("t_crm");
	const char *first = q_on(shop, SAY, "a secret"), *second = q_on(crm, SAY, "a secret");
	assert_string_not_equal(word(first, 0), word(second, 0));
	assert_string_not_equal(word(first, 1), word(second, 1));
	EXPECT("4 2", "select count(*) || ' ' || (select count(*) from signalbox.queue) from signalbox.ai_messages");
	assert_string_equal(q_on(shop, SAY, "a secret"), first); /* its own key is known */
	assert_string_equal(q_on(crm, SAY, "a secret"), second);
	assert_string_equal(
		q_on(crm, "select session_id from signalbox.dispatch('o', 'more', user_id => 'u', thread_key => 't')"),
		word(second, 1));
	assert_string_equal(
		q_on(shop, "select session_id from signalbox.dispatch('o', 'more', user_id => 'u', thread_key => 't')"),
		word(first, 1));
	knows_nothing(crm, word(first, 0), word(first, 1));
	knows_nothing(shop, word(second, 0), word(second, 1));
	assert_string_equal(q_on(shop, "select signalbox.message_status('%s') ->> 'status'", word(first, 0)), "queued");
	assert_string_not_equal(q_on(shop, "select signalbox.queue_position('%s')", word(first, 0)), "(null)");
	assert_string_equal(q_on(as[VIEWER], "select signalbox.message_status('%s') ->> 'status'", word(first, 0)), "queued");
	EXPECT("t_crm t_shop", "select string_agg(distinct application, ' ') from signalbox.ai_sessions");
	/* While it is said. */
	q("select signalbox.worker_hello('" OLDER "', 'w', '0', 8, null, '60 s')");
	q("select * from signalbox.claim('" OLDER "', 8, '60 s')");
	q("select count(*) from (select array_agg(message_id) as m, array_agg(job_id) as j from signalbox.queue where message_id = 2) x, "
	  "signalbox.stream_put(x.m, x.j, array[0], array['so far'])");
	static const char STREAM[] = "select count(*) || coalesce(min(text), '') from signalbox.stream_text('%s', null, 0)";
	assert_string_equal(q_on(shop, STREAM, word(first, 0)), "1so far");
	assert_string_equal(q_on(crm, STREAM, word(first, 0)), "0");
	/* The prompt, and what was said to the model with it, are the operator's. */
	q("update signalbox.agents set system_prompt = 'be secret' where slug = 'o'");
	assert_non_null(strstr(refusal(shop, "select signalbox.message_full('%s')", word(first, 0)), "permission denied"));
	assert_string_equal(refusal(as[VIEWER], "select signalbox.message_full('%s')", word(first, 0)), "");
	pg_close(shop);
	pg_close(crm);
}

/* A login is replaced: the new one is a member of the old one, or both of a role that is the application. */
static void test_new_logins(void **state)
{
	(void)state;
	q("create role t_old login in role signalbox_app");
	struct pg *pg = login("t_old");
	const char *first = q_on(pg, SAY, "x");
	pg_close(pg);
	q("create role t_new login in role t_old");
	q("alter role t_old nologin");
	pg = login("t_new");
	assert_string_equal(q_on(pg, SAY, "x"), first);
	assert_string_equal(q_on(pg, "select signalbox.message_status('%s') ->> 'status'", word(first, 0)), "queued");
	pg_close(pg);
	q("create role \"t Group\" nologin in role signalbox_app");
	q("create role t_g1 login in role \"t Group\"");
	q("create role t_g2 login in role \"t Group\", signalbox_app");
	pg = login("t_g1");
	first = q_on(pg, SAY, "x");
	pg_close(pg);
	pg = login("t_g2");
	assert_string_equal(q_on(pg, SAY, "x"), first);
	knows_nothing(
		pg,
		q("select m.uuid from signalbox.ai_messages m join signalbox.ai_sessions s on s.id = m.session_id where s.application = 't_old' and m.role = 'assistant'"),
		q("select uuid from signalbox.ai_sessions where application = 't_old'"));
	pg_close(pg);
	EXPECT("t Group t_old", "select string_agg(distinct application, ' ') from signalbox.ai_sessions");
}

/* ---------------------------------------------------------------- workers */

static const char RECORD[] =
	"(select json_build_array(json_build_object('message_id', %s, 'job_id', '%s', 'outcome', '%s', 'content', 'stolen', 'was_called', true, "
	"'provider', 'o', 'model', 'gpt-4o', 'tokens_prompt', %s, 'tokens_completion', 5, 'generation_ms', 7)))";

static const char *record(const char *message, const char *job, const char *outcome, const char *tokens)
{
	return text(RECORD, q("select id from signalbox.ai_messages where uuid = '%s'", message), job, outcome, tokens);
}

/* The worker of this key, or this id, takes the next message: its job. */
static const char *take(const char *key)
{
	return q_on(as[WORKER], "select job_id from signalbox.take('%s', 1, '60 s')", key);
}

static int workers_up(void **state)
{
	scene_up(state);
	q_on(as[WORKER], "select signalbox.worker_enter('" HIS "', 'his', '1', 8, null, '60 s', '')");
	q_on(as[WORKER], "select signalbox.worker_enter('" MINE "', 'mine', '1', 8, null, '60 s', '')");
	q_on(as[WORKER], "select signalbox.worker_hello('" OLDER "', 'older', '0', 8, null, '60 s')");
	return 0;
}

/* All that changes when somebody meddles. */
static const char *everything(void)
{
	return q(
		"select md5(string_agg(x, ';' order by x)) from (select m::text as x from signalbox.ai_messages m union all select t::text from signalbox.queue t "
		"union all select a::text from signalbox.attempts a union all select c::text from signalbox.ai_costs c union all select s::text from signalbox.stats_minute s "
		"union all select s::text from signalbox.stops s union all select w.id::text || w.lease_until || coalesce(w.ended_at::text, '') from signalbox.workers w "
		"union all select r::text from signalbox.reservations r union all select b::text from signalbox.breakers b) y");
}

static void test_another_workers_job(void **state)
{
	(void)state;
	const char *m = say("o", "mine"), *job = take(HIS), *his = q("select signalbox.worker_id('" HIS "')");
	EXPECT(his, "select worker_id from signalbox.queue");
	assert_string_not_equal(his, HIS);
	q("insert into signalbox.reservations (job_id, message_id, agent_id, pico, tokens_input, until) select job_id, message_id, agent_id, 1, 1, now() + interval '1 h' from signalbox.queue");
	q("insert into signalbox.stops select worker_id, job_id from signalbox.queue");
	const char *before = everything();
	static const char *const OUTCOMES[] = { "completed", "error", "rate_limited", "released", "gone" }, *const WHO[] = {
		MINE, OLDER
	};
	for (size_t w = 0; w < ARRAY_SIZE(WHO); w++)
		for (size_t i = 0; i < ARRAY_SIZE(OUTCOMES); i++)
			assert_string_equal(q_on(as[WORKER], "select result from signalbox.settle('%s', %s, 3, '30 s')", WHO[w],
			                         record(m, job, OUTCOMES[i], "10")),
			                    "lost");
	/* A job of another message: no cost, no reservation given back. */
	q_on(as[WORKER], "select count(*) from signalbox.settle('" MINE "', %s, 3, '30 s')",
	     record(say("a", "other"), job, "completed", "10"));
	q("select signalbox.cancel(uuid, 'test') from signalbox.ai_messages where processing_status = 'queued'");
	q("delete from signalbox.ai_messages where id > 2");
	q("delete from signalbox.ai_sessions where id > 1");
	/* His id, which everybody sees, is not his key. */
	assert_non_null(strstr(refusal(as[WORKER], "select * from signalbox.settle('%s', %s, 3, '30 s')", his,
	                               record(m, job, "completed", "10")),
	                       "somebody else"));
	assert_string_equal(q_on(as[WORKER], "select count(*) from signalbox.worker_renew('%s', '60 s', true)", his), "0");
	assert_string_equal(refusal(as[WORKER], "select signalbox.worker_bye('%s')", his), "");
	assert_non_null(strstr(refusal(as[WORKER], "select signalbox.worker_disown('%s', '{}')", his), "somebody else"));
	assert_non_null(strstr(refusal(as[WORKER], "select * from signalbox.take('%s', 1, '60 s')", his), "holds no lease"));
	assert_string_equal(refusal(as[WORKER], "select signalbox.worker_hello('%s', 'x', '0', 8, null, '60 s')", his), "");
	assert_non_null(strstr(refusal(as[WORKER], "select * from signalbox.report_calls('%s', '[]')", his), "somebody else"));
	assert_string_equal(q_on(as[WORKER], "select count(*) from signalbox.work_take('%s')", his), "0");
	assert_string_equal(everything(), before);
	/* And the one whose it is. */
	assert_string_equal(q_on(as[WORKER], "select cardinality(stop) from signalbox.worker_renew('" HIS "', '60 s', false)"),
	                    "1");
	assert_string_equal(q_on(as[WORKER], "select result from signalbox.settle('" HIS "', %s, 3, '30 s')",
	                         record(m, job, "completed", "10")),
	                    "kept");
	assert_string_equal(status_of(m), "completed");
	EXPECT("0", "select count(*) from signalbox.reservations");
	/* What became of it stays as it is. */
	before = everything();
	q_on(as[WORKER], "select result from signalbox.settle('" MINE "', %s, 3, '30 s')", record(m, job, "gone", "9"));
	assert_string_equal(everything(), before);
}

/* A lease was lost: what the call used is still told, by who made it, and by nobody else. */
static void test_late_records(void **state)
{
	(void)state;
	const char *m = say("o", "x"), *job = take(HIS);
	leases_run_out("where name = 'his'");
	q("select signalbox.tick()");
	assert_string_equal(status_of(m), "queued");
	q_on(as[WORKER], "select * from signalbox.settle('" MINE "', %s, 3, '30 s')", record(m, job, "gone", "10"));
	EXPECT("0", "select count(*) from signalbox.ai_costs");
	q_on(as[WORKER], "select * from signalbox.settle('" HIS "', %s, 3, '30 s')", record(m, job, "gone", "10"));
	EXPECT("lost 10", "select outcome || ' ' || tokens_prompt from signalbox.attempts");
	EXPECT("1", "select count(*) from signalbox.ai_costs");
	/* A job that nobody knows: its claim was lost with a server. What was paid is written down, the message is not touched. */
	q_on(as[WORKER], "select * from signalbox.settle('" HIS "', %s, 3, '30 s')",
	     record(m, "dddddddd-0000-4000-8000-00000000000d", "completed", "7"));
	EXPECT("2", "select count(*) from signalbox.ai_costs");
	EXPECT("lost 7",
	       "select outcome || ' ' || tokens_prompt from signalbox.attempts where job_id = 'dddddddd-0000-4000-8000-00000000000d'");
	assert_string_equal(status_of(m), "queued");
}

/* Workers of the version before have no keys: an id and a login. They go on, also under a second id, beside ones that are bound. */
static void test_older_workers(void **state)
{
	(void)state;
	const char *m = say("o", "x"), *job = take(OLDER);
	q("create role t_other login in role signalbox_worker");
	struct pg *other = login("t_other");
	assert_non_null(strstr(
		refusal(other, "select * from signalbox.settle('" OLDER "', %s, 3, '30 s')", record(m, job, "completed", "10")),
		"somebody else"));
	assert_string_equal(q_on(other, "select count(*) from signalbox.worker_renew('" OLDER "', '60 s', true)"), "0");
	q_on(other, "select signalbox.worker_hello('dddddddd-0000-4000-8000-000000000004', 'x', '0', 8, null, '60 s')");
	assert_string_equal(q_on(other,
	                         "select result from signalbox.settle('dddddddd-0000-4000-8000-000000000004', %s, 3, '30 s')",
	                         record(m, job, "completed", "10")),
	                    "lost");
	assert_string_equal(status_of(m), "processing");
	pg_close(other);
	/* It settles by the id that it had first. */
	assert_string_equal(q_on(as[WORKER],
	                         "select result from signalbox.settle('eeeeeeee-0000-4000-8000-000000000005', %s, 3, '30 s')",
	                         record(m, job, "completed", "10")),
	                    "kept");
	assert_string_equal(status_of(m), "completed");
	/* One that was there before the migration. */
	q("update signalbox.workers set login = null where name = 'older'");
	m = say("o", "y"), job = take(OLDER);
	assert_string_equal(q_on(as[WORKER], "select result from signalbox.settle('" OLDER "', %s, 3, '30 s')",
	                         record(m, job, "completed", "10")),
	                    "kept");
}

static void test_bounds(void **state)
{
	(void)state;
	static const char UNTIL[] =
		"select lease_until between now() + interval '%s' and now() + interval '%s' from signalbox.workers where name = '%s'";
	q_on(as[WORKER], "select signalbox.worker_enter(gen_random_uuid(), 'long', '1', 2000000000, null, '100 years', '')");
	EXPECT("t", UNTIL, "59 min", "61 min", "long");
	EXPECT("20000", "select concurrency from signalbox.workers where name = 'long'");
	q_on(as[WORKER], "select signalbox.worker_hello(gen_random_uuid(), 'hello', '1', 8, null, '100 years')");
	EXPECT("t", UNTIL, "59 min", "61 min", "hello");
	q_on(as[WORKER], "select * from signalbox.worker_renew('" MINE "', '100 years', false)");
	EXPECT("t", UNTIL, "59 min", "61 min", "mine");
	q_on(as[WORKER], "select * from signalbox.worker_renew('" MINE "', '-1 h', false)");
	EXPECT("t", UNTIL, "0 s", "2 s", "mine");
	q_on(as[WORKER], "select * from signalbox.worker_renew('" MINE "', '60 s', false)");
	/* A count that cannot be is unknown, and so is its cost. */
	static const char *const COUNTS[] = { "-160000000", "2000000000" };
	const char *m;
	for (size_t i = 0; i < ARRAY_SIZE(COUNTS); i++) {
		m = say("o", "x");
		assert_string_equal(q_on(as[WORKER], "select result from signalbox.settle('" MINE "', %s, 3, '30 s')",
		                         record(m, take(MINE), "completed", COUNTS[i])),
		                    "kept");
		assert_string_equal(status_of(m), "completed");
	}
	m = say("o", "x");
	const char *job = take(MINE);
	q_on(as[WORKER],
	     "select result from signalbox.settle('" MINE
	     "', (select json_build_array(json_build_object('message_id', %s, 'job_id', '%s', 'outcome', 'error', "
	     "'error_class', 'network', 'error', 'x', 'wait_ms', 2000000000, 'vendor_cost_pico', -5, 'was_called', true, 'provider', 'o', 'model', 'gpt-4o', 'chain', json_build_array("
	     "json_build_object('call', 1, 'was_called', true, 'provider', 'o', 'model', 'gpt-4o', 'tokens_prompt', -160000000, 'tokens_completion', 1, 'vendor_cost_pico', -7)), 'n_calls', 2))), 1, '100 years')",
	     q("select id from signalbox.ai_messages where uuid = '%s'", m), job);
	EXPECT("4 0 0", "select count(*) || ' ' || count(cost_pico) || ' ' || count(vendor_cost_pico) from signalbox.ai_costs");
	EXPECT("t", "select bool_and(tokens_input is null or tokens_input >= 0) from signalbox.ai_costs");
	EXPECT("t", "select run_after between now() and now() + interval '25 h' from signalbox.queue");
	EXPECT("0 4", "select sum(cost_pico) || ' ' || sum(cost_unknown) from signalbox.stats_minute");
	q("delete from signalbox.queue");
	say("o", "y");
	q_on(as[WORKER], "select * from signalbox.take('" MINE "', 1000000, '100 years')");
	EXPECT("t", "select deadline < now() + interval '25 h' from signalbox.queue");
	/* What it says of its calls. */
	q("select signalbox.provider_set('o', '{\"daily_tokens\": \"1000000000\"}', 'test')");
	q_on(as[WORKER],
	     "select * from signalbox.report_calls('" MINE
	     "', '[{\"provider\": \"o\", \"model\": \"m\", \"calls\": 5, \"errors\": -9, \"tokens\": 9000000000000000000}]')");
	EXPECT("5 0", "select calls || ' ' || errors from signalbox.breaker_counts");
	EXPECT("none", "select coalesce(string_agg(state, ' '), 'none') from signalbox.breakers");
}

/* A real worker, with the login that the documents give it and nothing more. */
static void test_a_workers_login(void **state)
{
	(void)state;
	const char *url = text("%s user=t_worker", W.direct);
	q("select signalbox.provider_set('p', '{\"protocol\": \"openai\", \"base_url\": \"http://127.0.0.1:%d/v1\", \"key_env\": \"SHOP_SECRET\"}', 'test')",
	  W.port);
	q("select signalbox.agent_set('p', '{\"provider\": \"p\", \"model\": \"practice\"}', 'test')");
	setenv("SHOP_SECRET", "do-not-show", 1);
	pid_t w = worker("--database-url", url, "--tries", "1", "--lease", "2s", NULL);
	assert_true(worker_said(w, "secret_names does not allow SHOP_SECRET"));
	const char *ok = say("o", "hello"), *no = say("p", "hello");
	wait_for(text("select processing_status from signalbox.ai_messages where uuid = '%s'", ok), "completed", 0);
	EXPECT("queued worker", "select d ->> 'status' || ' ' || (d ->> 'waits_for') from signalbox.message_status('%s') d", no);
	assert_int_equal(provider_calls("do-not-show"), 0);
	EXPECT("true true", "select bool_and(is_bound) || ' ' || (count(*) = 1) from signalbox.workers");
	const char *viewer = text("%s user=t_viewer", W.direct);
	assert_true(doctor_says(viewer, "^FAIL *secrets .*provider p: .*secret_names does not allow SHOP_SECRET"));
	/* The command line of an application: what it waits for is its own. */
	assert_int_equal(run("/bin/sh", "-c",
	                     text("'%s' send o hello --wait --database-url '%s user=t_app' | grep -q 'practice'",
	                          bin("signalbox"), W.direct),
	                     NULL),
	                 0);
	send_signal(w, 15);
	assert_int_equal(wait_exit(w, 10), 0);
	EXPECT("t", "select ended_at is not null from signalbox.workers");
	setenv("SIGNALBOX_SECRET_NAMES", "SHOP_*", 1);
	w = worker("--database-url", url, "--lease", "2s", NULL);
	assert_false(worker_said(w, "SHOP_SECRET"));
	wait_for(text("select processing_status from signalbox.ai_messages where uuid = '%s'", no), "completed", 0);
	assert_true(doctor_says(viewer, "^ok *secrets "));
	unsetenv("SIGNALBOX_SECRET_NAMES");
	unsetenv("SHOP_SECRET");
}

/* Whom the server refuses is told so, and what to do. */
static void test_wrong_logins(void **state)
{
	(void)state;
	const char *who =
		text("'%s' --database-url '%s user=t_app' 2>&1 | grep 't_app is no worker: grant signalbox_worker to it'",
	             bin("signalbox-worker"), W.direct);
	assert_int_equal(run("/bin/sh", "-c", who, NULL), 0);
	static const struct {
		const char *url, *mend;
	} CASES[] = {
		{ "user=nobody_here", "has no such database, or login" },
		{ "dbname=nothing_here", "has no such database, or login" },
		{ "port=1", "see that PostgreSQL runs" },
	};
	for (size_t i = 0; i < ARRAY_SIZE(CASES); i++)
		assert_int_equal(run("/bin/sh", "-c",
		                     text("'%s' doctor --database-url '%s %s' | grep -q -- '-> .*%s'", bin("signalbox"), W.direct,
		                          CASES[i].url, CASES[i].mend),
		                     NULL),
		                 0);
}

/* It loses its lease with an answer in hand, and goes on under another key. */
static void test_a_second_key(void **state)
{
	(void)state;
	pid_t w = worker("--database-url", text("%s user=t_worker", W.direct), "--lease", "2s", "--poll", "100ms", NULL);
	const char *m = say("o", "slow [[rate=20 words=20]]");
	wait_for("select count(*) from signalbox.queue where state = 'running'", "1", 0);
	q("update signalbox.workers set lease_until = now() - interval '1 s', ended_at = now()");
	q("select signalbox.tick()");
	wait_worker_said(w, "new lease", 0);
	wait_for(text("select processing_status from signalbox.ai_messages where uuid = '%s'", m), "completed", 20);
	EXPECT("lost completed", "select string_agg(outcome, ' ' order by number) from signalbox.attempts");
	wait_for("select count(*) from signalbox.attempts where outcome = 'lost' and generation_ms is not null", "1", 0);
	EXPECT("2", "select count(distinct worker_id) from signalbox.attempts");
}

#define T(name) cmocka_unit_test_setup_teardown(name, scene_up, scene_down)
#define TW(name) cmocka_unit_test_setup_teardown(name, workers_up, scene_down)
int main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_functions),        T(test_relations),      T(test_a_day),
		T(test_two_applications), T(test_new_logins),     TW(test_another_workers_job),
		TW(test_late_records),    TW(test_older_workers), TW(test_bounds),
		T(test_a_workers_login),  T(test_a_second_key),   T(test_wrong_logins),
	};
	return world_end(cmocka_run_group_tests(tests, rights_up, rights_down));
}
