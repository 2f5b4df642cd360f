/*
 * Why: adopting a real application's tables sent one user's private text to the model in another user's conversation, took tables in which every
 * dispatch failed afterwards, and gave back something else than it took. Each fault of that kind that was found is a test here; the tables that
 * frameworks make are in tests/adopt/.
 */
#include "tests/lib/harness/harness.h"

static void migrate(const char *option, const char *value, const char *more, int expected)
{
	if (run(bin("signalbox"), "migrate", option, value, more, NULL) != expected)
		fail_msg("signalbox migrate %s %s does not end with %d; see %s/run.log", option != NULL ? option : "",
		         value != NULL ? value : "", expected, W.dir);
}

static void adopt(const char *table)
{
	migrate("--adopt", table, NULL, 0);
}

static void give_back(void)
{
	migrate("--give-back", NULL, NULL, 0);
}

/* Everything of a table but its rows, and its rows, which must be the same after. */
static const char *shape_of(const char *table)
{
	return q("select array_to_string(signalbox.adopt_shape('%s'), chr(10))", table);
}

static const char *rows_of(const char *table)
{
	return q("select md5(coalesce(string_agg(to_jsonb(m)::text, ';' order by to_jsonb(m)::text), '')) from %s m", table);
}

/* As the application, whose role owns its tables and nothing else. */
static void as_app(const char *sql)
{
	struct err err;
	if (pg_script(W.pg, text("set role laravel; %s; reset role", sql), 10000, &err) < 0)
		fail_msg("%s: %s", sql, err.msg);
}

static void new_app(const char *sql)
{
	q("drop schema if exists public cascade");
	q("create schema public");
	if (strcmp(q("select count(*) from pg_roles where rolname = 'laravel'"), "0") == 0)
		q("create role laravel");
	q("grant create, usage on schema public to laravel");
	as_app(sql);
}

static const char CHATS[] =
	"create table public.chats (id bigserial primary key, title text); "
	"create table public.messages (id bigserial primary key, uuid char(36) not null default gen_random_uuid()::text, session_id bigint not null "
	"references public.chats, role varchar(20) not null, content text, created_at timestamp default now()); "
	"insert into public.chats (title) select 'c' from generate_series(1, 3); "
	"insert into public.messages (session_id, role, content, created_at) select 1 + i % 3, (array['user', 'assistant'])[1 + i % 2], 'old ' || i, "
	"timestamp '2024-01-02 03:04:05' + i * interval '1 s' from generate_series(1, 90) i";

/* The conversation that a worker would send, as one text; what it takes is handed back. */
static const char *sent_for(const char *message)
{
	q("select signalbox.worker_hello('aaaaaaaa-0000-4000-8000-000000000000', 'w', '0', 9, null, '60 s')");
	q("drop table if exists pg_temp.taken");
	q("create temp table taken as select * from signalbox.take('aaaaaaaa-0000-4000-8000-000000000000', 9, '60 s')");
	const char *turns = q("select turns::text from pg_temp.taken where message_uuid = '%s'", message);
	q("select signalbox.settle('aaaaaaaa-0000-4000-8000-000000000000', (select json_agg(json_build_object('message_id', message_id, 'job_id', job_id, "
	  "'outcome', 'completed', 'content', 'answer to ' || message_uuid)) from pg_temp.taken), 3, '0 s')");
	return turns;
}

static void test_adopt(void **state)
{
	(void)state;
	new_app(CHATS);
	const char
		*shape = shape_of("public.messages"),
		*sum = "select md5(string_agg(concat_ws('|', id, uuid, session_id, role, content, created_at), ';' order by id)) "
		       "from public.messages where content like 'old %'";
	const char *rows = q("%s", sum);
	adopt("public.messages");
	EXPECT("90 90",
	       "select count(*) || ' ' || count(*) filter (where processing_status = 'completed') from signalbox.ai_messages");
	EXPECT("3 90", "select count(*) || ' ' || sum(message_count) from signalbox.ai_sessions");
	EXPECT("90 t",
	       "select count(*) || ' ' || left((min(created_at) = '2024-01-02 03:04:06+00')::text, 1) from public.messages");
	EXPECT_ERR(ERR_REFUSED, "select signalbox.adopt('public.chats')");
	/* The old application goes on as it was. */
	as_app("insert into public.messages (session_id, role, content) values (1, 'user', 'from the application')");
	EXPECT("91 91", "select count(*) || ' ' || max(id) from public.messages");
	as_app("update public.messages set content = 'said differently' where id = 91");
	EXPECT("31", "select message_count from signalbox.ai_sessions where id = 1");
	/* And its sessions can be asked. */
	const char *m =
		q("select d.message_id from signalbox.ai_sessions s, signalbox.dispatch('o', 'new', s.uuid) d where s.id = 1");
	as_app("insert into public.messages (session_id, role, processing_status) values (1, 'assistant', 'queued')");
	q("set role laravel");
	EXPECT_ERR(ERR_REFUSED, "update public.messages set processing_status = 'completed' where uuid = '%s'", m);
	q("reset role");
	EXPECT("ready blocked", "select string_agg(state::text, ' ' order by message_id) from signalbox.queue");
	migrate("--give-back", NULL, NULL, 5); /* messages wait */
	q("select signalbox.cancel(uuid, 'test') from signalbox.ai_messages where processing_status = 'queued'");
	give_back();
	assert_string_equal(shape_of("public.messages"), shape);
	EXPECT(rows, "%s", sum);
	EXPECT("94", "select count(*) from public.messages");
	assert_string_equal(status_of(say("o", "our own table is back")), "queued");
	EXPECT("94", "select count(*) from public.messages");
}

/* A1. Its sessions and ours are numbered apart, each message is in the conversation it was said in, and its foreign key holds all the while. */
static void test_whose_conversation(void **state)
{
	(void)state;
	new_app("create table public.users (id serial primary key, name text not null); "
	        "create table public.ai_sessions (id serial primary key, uuid uuid not null unique default gen_random_uuid(), user_id int not null references public.users); "
	        "create table public.ai_messages (id serial primary key, session_id int not null references public.ai_sessions on delete cascade, "
	        "role varchar(20) not null, content text not null, created_at timestamptz not null default now()); "
	        "insert into public.users (name) values ('Ann'), ('Bob'); insert into public.ai_sessions (user_id) values (1); "
	        "insert into public.ai_messages (session_id, role, content) values (1, 'user', 'Ann says hello')");
	const char *shape = shape_of("public.ai_messages"), *sessions = shape_of("public.ai_sessions");
	adopt("public.ai_messages");
	const char *eve =
		q("select message_id from signalbox.dispatch('o', 'question of Eve', user_id => 'eve', thread_key => 't')");
	as_app("insert into public.ai_sessions (user_id) values (2), (2), (2); "
	       "insert into public.ai_messages (session_id, role, content) select id, 'user', 'secret of Bob' from public.ai_sessions where user_id = 2");
	const char *again =
		q("select message_id from signalbox.dispatch('o', 'more of Eve', user_id => 'eve', thread_key => 't')");
	assert_null(strstr(sent_for(eve), "Bob"));
	const char *turns = sent_for(again);
	assert_non_null(strstr(turns, "question of Eve"));
	assert_null(strstr(turns, "Bob"));
	/* A session is known by the application's own uuid as soon as it is made. */
	const char *bob = q(
		"select message_id from public.ai_sessions s, signalbox.dispatch('o', 'question of Bob', s.uuid) where s.id = 2");
	turns = sent_for(bob);
	assert_non_null(strstr(turns, "secret of Bob"));
	assert_null(strstr(turns, "Eve"));
	EXPECT("2", "select session_id from public.ai_messages where uuid = '%s'", bob);
	EXPECT("(null)", "select session_id from public.ai_messages where uuid = '%s'", eve);
	/* What it deletes is gone here too, and what waited there is not called. */
	q("select message_id from public.ai_sessions s, signalbox.dispatch('o', 'never asked', s.uuid) where s.id = 3");
	as_app("delete from public.ai_sessions where id = 3");
	EXPECT("0 0",
	       "select (select count(*) from signalbox.queue) || ' ' || (select count(*) from signalbox.ai_sessions where id = 3)");
	q("set role laravel");
	EXPECT_ERR(ERR_DB_DATA, "insert into public.ai_messages (session_id, role, content) values (77, 'user', 'nowhere')");
	EXPECT_ERR(ERR_DB_DATA, "insert into public.ai_messages (role, content) values ('user', 'nowhere')");
	q("reset role");
	give_back();
	assert_string_equal(shape_of("public.ai_messages"), shape);
	assert_string_equal(shape_of("public.ai_sessions"), sessions);
	EXPECT("t", "select bool_and(convalidated) from pg_constraint where conrelid = 'public.ai_messages'::regclass");
	EXPECT("5", "select count(*) from public.ai_messages");
	/* Conversations that were made here are still here, and come back with the table. */
	assert_string_equal(status_of(eve), "completed");
	EXPECT("4", "select count(*) from signalbox.ai_messages");
	adopt("public.ai_messages");
	assert_string_equal(status_of(eve), "completed");
	EXPECT("9 9", "select (select count(*) from signalbox.ai_messages) || ' ' || (select count(*) from public.ai_messages)");
	give_back();
	EXPECT("5", "select count(*) from public.ai_messages");
}

/* A1, without a foreign key: whatever number the application thinks of, it is none of ours. */
static void test_sessions_without_a_key(void **state)
{
	(void)state;
	new_app("create table public.ai_messages (id bigserial primary key, uuid char(36) unique, session_id bigint, role varchar(20), content text, created_at timestamp); "
	        "create index ai_messages_session on public.ai_messages (session_id); "
	        "insert into public.ai_messages (uuid, session_id, role, content, created_at) values (gen_random_uuid(), 7, 'user', 'old', now())");
	const char *shape = shape_of("public.ai_messages"), *rows = rows_of("public.ai_messages");
	adopt("public.ai_messages");
	give_back();
	assert_string_equal(shape_of("public.ai_messages"), shape);
	assert_string_equal(rows_of("public.ai_messages"), rows);
	adopt("public.ai_messages");
	EXPECT("old completed", "select content || ' ' || processing_status from public.ai_messages");
	const char *eve = say("o", "question of Eve");
	for (int i = 1; i < 12; i++)
		as_app(text("insert into public.ai_messages (session_id, role, content) values (%d, 'user', 'secret of Bob')",
		            i));
	EXPECT("11 12", "select count(*) || ' ' || sum(message_count) from signalbox.ai_sessions where id > 0");
	const char *turns = sent_for(eve);
	assert_null(strstr(turns, "Bob"));
	q("select signalbox.cancel(d.message_id, 'test') from signalbox.ai_sessions s, signalbox.dispatch('o', 'new', s.uuid) d where s.id = 7");
	EXPECT("7", "select distinct session_id from public.ai_messages where content = 'new'");
	give_back();
	assert_string_equal(shape_of("public.ai_messages"), shape);
	EXPECT("14", "select count(*) from public.ai_messages");
	EXPECT("2", "select count(*) from signalbox.ai_messages");
}

/* Somebody who may dispatch, but not write into the application's table, gets nothing out of its sessions. */
static void test_whose_sessions(void **state)
{
	(void)state;
	new_app(CHATS);
	adopt("public.messages");
	const char *uuid = q("select uuid from signalbox.ai_sessions where id = 1");
	q("drop role if exists shop");
	q("drop role if exists other");
	q("create role shop login in role laravel, signalbox_app");
	q("create role other login in role signalbox_app");
	q("set session authorization other");
	EXPECT_ERR(ERR_NOT_FOUND, "select * from signalbox.dispatch('o', 'mine now', '%s')", uuid);
	q("set session authorization shop");
	EXPECT("queued",
	       "select status from signalbox.dispatch('o', 'ours', (select uuid from signalbox.ai_sessions where id = 1))");
	EXPECT_ERR(ERR_REFUSED, "select * from signalbox.ai_sessions");
	q("reset session authorization");
	q("select signalbox.cancel(uuid, 'test') from signalbox.ai_messages where processing_status = 'queued'");
	EXPECT_ERR(ERR_REFUSED,
	           "select * from signalbox.prune('1 h', false, 10, 0, true, 'test')"); /* the application's to delete */
	give_back();
	q("drop role shop");
	q("drop role other");
}

static const struct {
	const char *change, *says, *mend; /* no mend: it is taken, and works */
} cases[] = {
	{ "alter content set not null; alter table public.messages alter content drop default", "", NULL },
	{ "add updated_at timestamptz not null default now(); alter table public.messages alter updated_at drop default", "",
	  NULL },
	{ "add updated_at timestamp(6) not null default now(); alter table public.messages alter updated_at drop default", "",
	  NULL },
	{ "add is_hidden bool not null default false; alter table public.messages alter is_hidden drop default", "",
	  NULL }, /* its rows say so */
	{ "add is_shown bool not null default true; alter table public.messages alter is_shown drop default",
	  "alter column is_shown set default", "alter is_shown set default true" },
	{ "add tenant text not null default 'acme'; alter table public.messages alter tenant drop default",
	  "alter column tenant set default", "alter tenant set default 'acme'" },
	{ "add tenant_id int not null default 0; alter table public.messages alter tenant_id drop default",
	  "alter column tenant_id set default", "alter tenant_id set default 0" },
	{ "add constraint c check (role in ('user', 'ai')) not valid", "drop constraint c", "drop constraint c" },
	{ "add constraint c check (content <> '')", "drop constraint c", "drop constraint c" },
	{ "add constraint c check (length(content) < 1000)", "drop constraint c", "drop constraint c" },
	{ "add processing_status text not null default 'new' check (processing_status in ('new', 'queued', 'completed'))",
	  "drop constraint", "drop constraint messages_processing_status_check" },
	{ "add processing_status varchar(20) not null default 'completed'; alter table public.messages alter processing_status drop default",
	  "", NULL },
	{ "add queued_at timestamp; create index on public.messages (queued_at, id) where role in ('user', 'assistant'); "
	  "alter table public.messages add check (role in ('user', 'assistant') or queued_at > '2020-01-01')",
	  "", NULL },
	{ "alter content type varchar; alter table public.messages alter content set storage external", "could not be given back",
	  "alter content type text" },
	{ "alter content type varchar(200)", "alter column content type text", "alter content type text" },
	{ "add constraint c unique (session_id, role, content)", "drop constraint c", "drop constraint c" },
	{ "add model_used varchar(10), add job_id varchar(36), add retry_count smallint default 0, add rag_context json", "",
	  NULL },
	{ "add tokens_prompt int not null default 0; alter table public.messages alter tokens_prompt drop default; alter table public.messages add processing_error text not null default ''; alter table public.messages alter processing_error drop default",
	  "", NULL },
	{ "alter id drop default", "id must hold something", "alter id set default nextval('public.messages_id_seq')" },
	{ "enable row level security, force row level security; create policy p on public.messages using (session_id > 0)", "",
	  NULL },
	{ "enable row level security", "", NULL },
	{ "rename role to speaker", "no column role", "rename speaker to role" },
};

/* A2. What would fail later is refused now, leaves nothing changed, and says what to do; after that it works. */
static void test_what_cannot_work(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		new_app(CHATS);
		as_app(text("alter table public.messages %s", cases[i].change));
		const char *shape = shape_of("public.messages"), *rows = rows_of("public.messages");
		if (cases[i].mend != NULL) {
			if (q_err("select signalbox.adopt('public.messages')") != ERR_REFUSED ||
			    strstr(q_error(), cases[i].says) == NULL)
				fail_msg("%s: %s", cases[i].change, q_error());
			assert_string_equal(shape_of("public.messages"), shape);
			assert_string_equal(rows_of("public.messages"), rows);
			as_app(text("alter table public.messages %s", cases[i].mend));
			shape = shape_of("public.messages");
			rows = rows_of("public.messages");
		}
		if (q_err("select signalbox.adopt('public.messages')") != ERR_OK)
			fail_msg("%s: %s", cases[i].change, q_error());
		const char *m =
			q("select message_id from signalbox.ai_sessions s, signalbox.dispatch('o', 'x', s.uuid) where s.id = 2");
		sent_for(m);
		assert_string_equal(status_of(m), "completed");
		as_app("insert into public.chats (title) values ('new')");
		q("set role laravel");
		EXPECT("92", "select count(*) from public.messages");
		q("reset role");
		q("delete from public.messages where content = 'x' or content like 'answer to %%'");
		give_back();
		if (strcmp(shape_of("public.messages"), shape) != 0 || strcmp(rows_of("public.messages"), rows) != 0)
			fail_msg("%s: it is given back as\n%s\nand was\n%s", cases[i].change, shape_of("public.messages"), shape);
	}
}

static void test_numbers_that_are_no_keys(void **state)
{
	(void)state;
	new_app("create table public.m (id bigint, session_id bigint, role text, content text); "
	        "insert into public.m values (1, 1, 'user', 'a'), (1, 1, 'user', 'b'), (null, 1, 'user', 'c')");
	EXPECT_ERR(ERR_REFUSED, "select signalbox.adopt('public.m')");
	assert_non_null(strstr(q_error(), "2 values of id"));
	new_app("create table public.m (id bigserial primary key, session_id bigint, role text, content text); insert into public.m values (1, 1, 'user', 'a')");
	EXPECT_ERR(ERR_REFUSED, "select signalbox.adopt('public.m')");
	assert_non_null(strstr(q_error(), "setval"));
	EXPECT("f", "select is_called from public.m_id_seq"); /* the trial moved it */
	new_app("create table public.m (id uuid primary key, session_id bigint, role text, content text)");
	EXPECT_ERR(ERR_REFUSED, "select signalbox.adopt('public.m')");
	assert_non_null(strstr(q_error(), "id is uuid"));
	new_app("create type public.r as enum ('user', 'assistant'); create table public.m (id bigserial primary key, session_id bigint, role public.r, content text)");
	EXPECT_ERR(ERR_REFUSED, "select signalbox.adopt('public.m')");
	assert_non_null(strstr(q_error(), "alter column role type text"));
}

/* A3. Names are the catalogue's. */
static void test_names(void **state)
{
	(void)state;
	static const char *const names[] = { "public.\"MyMsgs\"", "\"a.b\"", "public.\"q\"\"uote\"", "\"Sch ema\".\"T able\"",
		                             "plain" };
	new_app("select 1");
	q("drop schema if exists \"Sch ema\" cascade");
	q("create schema \"Sch ema\" authorization laravel");
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		as_app(text("create table %s (id bigserial primary key, session_id bigint, role text, content text)", names[i]));
		as_app(text("insert into %s (session_id, role, content) values (4, 'user', 'old')", names[i]));
		const char *
			shape = shape_of(names[i]),
		       *all = q(
			       "select string_agg(oid::regclass::text, ' ' order by oid) from pg_class where relkind in ('r', 'v') and relowner = 'laravel'::regrole");
		adopt(names[i]);
		as_app(text("insert into %s (session_id, role, content) values (4, 'user', 'new')", names[i]));
		EXPECT("2", "select count(*) from signalbox.ai_messages");
		give_back();
		assert_string_equal(shape_of(names[i]), shape);
		EXPECT(all,
		       "select string_agg(oid::regclass::text, ' ' order by oid) from pg_class where relkind in ('r', 'v') and relowner = 'laravel'::regrole");
	}
	EXPECT_ERR(ERR_NOT_FOUND, "select signalbox.adopt('public.MyMsgs')");
	EXPECT_ERR(ERR_NOT_FOUND, "select signalbox.adopt('public.\"MyMsgs')");
	EXPECT_ERR(ERR_NOT_FOUND, "select signalbox.adopt('a.b.c.d')");
	EXPECT_ERR(ERR_NOT_FOUND, "select signalbox.adopt('')");
}

/* A4. Nothing of old is under way, and it is given back as it was, but for what was said since. */
static void test_rows_of_old(void **state)
{
	(void)state;
	new_app(CHATS);
	as_app("alter table public.messages add processing_status varchar(20) default 'pending', add job_id varchar(36), add queued_at timestamp(0), add rag_context json");
	as_app("update public.messages set processing_status = (array['pending', 'queued', 'processing', 'completed', 'failed', 'done', null])[1 + id % 7], "
	       "job_id = case id % 3 when 0 then id::text when 1 then gen_random_uuid()::text end, queued_at = '2024-05-06 07:08:09', "
	       "rag_context = case when id % 2 = 0 then '{\"b\":1,  \"a\": 2}'::json end, content = case when id % 5 > 0 then content end");
	const char *rows = rows_of("public.messages"), *shape = shape_of("public.messages");
	adopt("public.messages");
	EXPECT("completed failed",
	       "select string_agg(distinct processing_status, ' ' order by processing_status) from public.messages where role = 'assistant'");
	EXPECT("completed", "select string_agg(distinct processing_status, ' ') from public.messages where role = 'user'");
	EXPECT("2024-05-06 07:08:09+00",
	       "select to_char(min(queued_at) at time zone 'UTC', 'YYYY-MM-DD HH24:MI:SS+00') from signalbox.ai_messages");
	give_back();
	assert_string_equal(shape_of("public.messages"), shape);
	assert_string_equal(rows_of("public.messages"), rows);
	/* What is said meanwhile stays said. */
	adopt("public.messages");
	as_app("update public.messages set content = 'late' where id = 5");
	as_app("update public.messages set job_id = '11111111-1111-4111-8111-111111111111' where id = 6");
	q("select signalbox.cancel(d.message_id, 'test') from signalbox.ai_sessions s, signalbox.dispatch('o', 'new', s.uuid) d where s.id = 1");
	give_back();
	EXPECT("late", "select content from public.messages where id = 5");
	EXPECT("11111111-1111-4111-8111-111111111111 9",
	       "select string_agg(job_id, ' ' order by id) from public.messages where id in (6, 9)");
	EXPECT("cancelled completed",
	       "select string_agg(processing_status, ' ' order by processing_status) from public.messages where id > 90");
	EXPECT("t", "select job_id is null from public.messages where content = 'new'");
}

/* S3. Whoever owns an adopted table gets nothing run as ours. */
static void test_nothing_of_theirs_runs(void **state)
{
	(void)state;
	static const char *const evil[] = {
		"create trigger t before insert on public.messages for each row execute function public.tr()",
		"alter table public.messages add x int default public.f()",
		"alter table public.messages add check (public.f() = 1)",
		"create index on public.messages ((public.f(id)))",
		"create domain public.d as text check (public.f() = 1); alter table public.messages add x public.d",
		"create operator public.=== (leftarg = bigint, rightarg = bigint, function = public.g); alter table public.messages add check (id operator(public.===) id)",
		"alter table public.messages add x bigint generated always as (public.f(id)) stored",
	};
	for (size_t i = 0; i < ARRAY_SIZE(evil); i++) {
		new_app(CHATS);
		as_app("create table public.ran (who name); grant insert on public.ran to public; "
		       "create function public.f() returns int volatile language plpgsql as 'begin insert into public.ran values (current_user); return 1; end'; "
		       "create function public.f(bigint) returns bigint immutable language sql as 'select $1'; "
		       "create function public.g(bigint, bigint) returns bool immutable language sql as 'select true'; "
		       "create function public.tr() returns trigger language plpgsql as 'begin insert into public.ran values (current_user); return new; end'");
		as_app(evil[i]);
		as_app("delete from public.ran");
		const char *shape = shape_of("public.messages");
		if (q_err("select signalbox.adopt('public.messages')") != ERR_REFUSED ||
		    strstr(q_error(), "its owner may change") == NULL)
			if (strstr(q_error(), "is of type") == NULL)
				fail_msg("%s: %s", evil[i], q_error());
		EXPECT("0", "select count(*) from public.ran");
		assert_string_equal(shape_of("public.messages"), shape);
	}
	/* Nor is it made later: neither by the former owner nor by whom they had let. */
	new_app(CHATS);
	as_app("create function public.tr() returns trigger language plpgsql as 'begin return new; end'; grant all on public.messages to public");
	const char *shape = shape_of("public.messages");
	adopt("public.messages");
	q("set role laravel");
	EXPECT_ERR(ERR_REFUSED, "create trigger t before insert on public.messages for each row execute function public.tr()");
	EXPECT_ERR(ERR_REFUSED, "alter table public.messages alter content set default 'x'");
	EXPECT_ERR(ERR_REFUSED, "create policy p on public.messages using (true)");
	EXPECT_ERR(ERR_REFUSED, "create rule r as on insert to public.messages do nothing");
	EXPECT_ERR(ERR_REFUSED, "truncate public.messages");
	EXPECT_ERR(
		ERR_REFUSED,
		"create trigger t after insert on public.chats for each row execute function signalbox.ai_sessions_adopted('id', '')");
	q("reset role");
	give_back();
	assert_string_equal(shape_of("public.messages"), shape);
}

/* With --skip-triggers its triggers fire for what it writes, as its own role, and never for what is written here. */
static void test_skipped_triggers(void **state)
{
	(void)state;
	new_app(CHATS);
	as_app("create table public.ran (who name, op text); grant insert on public.ran to public; "
	       "create function public.tr() returns trigger language plpgsql as 'begin insert into public.ran values (current_user, tg_op); return new; end'; "
	       "create trigger t1 before insert or update on public.messages for each row execute function public.tr(); "
	       "create trigger t2 after update of content on public.messages for each row when (old.content is distinct from new.content) execute function public.tr('a', 'it''s'); "
	       "create constraint trigger t3 after insert on public.messages deferrable initially deferred for each row execute function public.tr(); "
	       "create trigger t4 after insert on public.messages referencing new table as rows for each statement execute function public.tr(); "
	       "create trigger t5 before insert on public.messages for each row execute function public.tr(); "
	       "alter table public.messages add processing_status text default 'queued'; alter table public.messages disable trigger t5; alter table public.messages enable always trigger t4");
	const char *shape = shape_of("public.messages");
	migrate("--adopt", "public.messages", NULL, 5);
	migrate("--adopt", "public.messages", "--skip-triggers", 0);
	const char *m = q("select message_id from signalbox.ai_sessions s, signalbox.dispatch('o', 'x', s.uuid) where s.id = 2");
	sent_for(m);
	EXPECT("0", "select count(*) from public.ran");
	as_app("insert into public.messages (session_id, role, content) values (1, 'user', 'x')");
	as_app("update public.messages set content = 'y' where id = 3");
	EXPECT("0 5", "select count(*) filter (where who = 'signalbox_owner') || ' ' || count(*) from public.ran");
	migrate(NULL, NULL, NULL, 0); /* an upgrade leaves it so */
	m = q("select message_id from signalbox.ai_sessions s, signalbox.dispatch('o', 'x', s.uuid) where s.id = 2");
	sent_for(m);
	give_back(); /* old rows say "queued" again: whoever migrates writes that */
	EXPECT("5 90",
	       "select (select count(*) from public.ran) || ' ' || (select count(*) from public.messages where processing_status = 'queued')");
	assert_string_equal(shape_of("public.messages"), shape);
}

/* What the application's foreign keys delete does not stay in the queue. */
static void test_deleted_by_a_key(void **state)
{
	(void)state;
	new_app(CHATS);
	as_app("create table public.users (id int primary key); insert into public.users values (1); "
	       "alter table public.messages add user_id int references public.users on delete cascade; "
	       "create table public.votes (message_id bigint references public.messages deferrable initially deferred)");
	adopt("public.messages");
	const char *m = q("select message_id from signalbox.ai_sessions s, signalbox.dispatch('o', 'x', s.uuid) where s.id = 2"),
		   *ours = say("o", "ours");
	as_app(text("update public.messages set user_id = 1 where uuid = '%s'", m));
	as_app("delete from public.users");
	EXPECT("1", "select count(*) from signalbox.queue");
	q("select signalbox.cancel('%s', 'test')", ours);
	as_app(text("insert into public.votes select id from public.messages where uuid = '%s'", ours));
	migrate("--give-back", NULL, NULL, 5); /* it points at what does not stay */
	as_app("delete from public.votes");
	give_back();
	assert_string_equal(status_of(ours), "cancelled");
	/* Nor what a key takes out of its session. */
	new_app(CHATS);
	as_app("alter table public.messages alter session_id drop not null, drop constraint messages_session_id_fkey, "
	       "add foreign key (session_id) references public.chats on delete set null");
	q("delete from signalbox.ai_messages");
	q("delete from signalbox.ai_sessions");
	adopt("public.messages");
	m = q("select message_id from signalbox.ai_sessions s, signalbox.dispatch('o', 'x', s.uuid) where s.id = 2");
	as_app("delete from public.chats where id = 2");
	EXPECT("0 0",
	       "select (select count(*) from signalbox.queue) || ' ' || (select count(*) from signalbox.ai_sessions where id = 2)");
	EXPECT("cancelled t",
	       "select processing_status || ' ' || (session_id is null)::text::char from public.messages where uuid = '%s'", m);
	give_back();
}

/* Times without a zone: what the application means by them must be what we do. */
static void test_times_without_a_zone(void **state)
{
	(void)state;
	new_app(CHATS);
	q("alter role laravel set timezone = 'Europe/Paris'");
	EXPECT_ERR(ERR_REFUSED, "select signalbox.adopt('public.messages')");
	assert_non_null(strstr(q_error(), "set timezone = 'UTC'"));
	q("alter role laravel in database signalbox set timezone = 'UTC'");
	adopt("public.messages");
	q("set timezone = 'Asia/Tokyo'");
	const char *m = q("select message_id from signalbox.ai_sessions s, signalbox.dispatch('o', 'x', s.uuid) where s.id = 2");
	sent_for(m);
	q("reset timezone");
	give_back();
	EXPECT("t", "select max(created_at) - timezone('UTC', now()) between '-1 min' and '1 min' from public.messages");
	q("alter role laravel reset all");
	q("alter role laravel in database signalbox reset all");
}

/* D18. Who writes directly has the message and asks for its session; everybody else has the session and asks for the message. */
static void test_nobody_waits_in_a_circle(void **state)
{
	(void)state;
	new_app(CHATS);
	for (int adopted = 0; adopted < 2; adopted++) {
		if (adopted)
			adopt("public.messages");
		const char *m = say("o", "x");
		struct pg *other = connect_again(NULL);
		q_on(other, "begin");
		q_on(other,
		     "select id from signalbox.ai_sessions where id = (select session_id from signalbox.ai_messages where uuid = '%s') for update",
		     m);
		q_err("update signalbox.ai_messages set processing_status = 'cancelled' where uuid = '%s'", m);
		assert_non_null(strstr(q_error(), "lock timeout"));
		q_on(other, "rollback");
		q("update signalbox.ai_messages set processing_status = 'cancelled' where uuid = '%s'", m);
		EXPECT("0 0", "select count(*) || ' ' || current_setting('lock_timeout') from signalbox.queue");
		pg_close(other);
		if (!adopted)
			q("delete from signalbox.ai_messages");
	}
}

/* An upgrade of the program renews all functions, and may bring columns: also while a table is adopted. */
static void test_migrate_while_adopted(void **state)
{
	(void)state;
	new_app(CHATS);
	const char *shape = shape_of("public.messages"), *latest = q("select version from signalbox.schema_info");
	adopt("public.messages");
	migrate(NULL, NULL, NULL, 0);
	migrate("--adopt", "public.chats", NULL, 5); /* not twice */
	migrate("--to", "10", "--yes", 5);           /* from before adoption was so: as far as that step */
	EXPECT("12", "select version from signalbox.schema_info");
	migrate(NULL, NULL, NULL, 0);
	EXPECT(latest, "select version from signalbox.schema_info");
	q("begin");
	q("select signalbox.adopted_aside()");
	q("alter table signalbox.ai_messages add column brand_new int not null default 3");
	q("alter table signalbox.ai_messages drop column finish_reason");
	q("select signalbox.adopted_again()");
	q("commit");
	EXPECT("3 0",
	       "select min(brand_new) || ' ' || (select count(*) from pg_attribute where attrelid = 'public.messages'::regclass and attname = 'finish_reason') from signalbox.ai_messages");
	give_back();
	assert_string_equal(shape_of("public.messages"), shape);
	q("alter table signalbox.ai_messages add column finish_reason text, drop column brand_new");
	migrate(NULL, NULL, NULL, 0);
}

/* Whatever a test left adopted goes back, so that the next can be read for itself. */
static int down(void **state)
{
	q("reset session authorization");
	q_err("rollback");
	q("reset role");
	q("delete from signalbox.queue");
	q_err("select signalbox.give_back() from signalbox.adopted");
	return scene_down(state);
}

#define T(name) cmocka_unit_test_setup_teardown(name, scene_up, down)
int main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_adopt),
		T(test_whose_conversation),
		T(test_sessions_without_a_key),
		T(test_whose_sessions),
		T(test_what_cannot_work),
		T(test_numbers_that_are_no_keys),
		T(test_names),
		T(test_rows_of_old),
		T(test_nothing_of_theirs_runs),
		T(test_skipped_triggers),
		T(test_deleted_by_a_key),
		T(test_times_without_a_zone),
		T(test_nobody_waits_in_a_circle),
		T(test_migrate_while_adopted),
	};
	return world_end(cmocka_run_group_tests(tests, world_up, world_down));
}
