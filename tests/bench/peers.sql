-- The tables of an application that uses graphile-worker or pg-boss: signalbox's columns, primary keys, and none of its guards. psql -v
-- variables: messages, url, text. Each run begins with fresh ones.
\set QUIET 1
set client_min_messages = warning;
drop schema if exists bench cascade;
create schema bench;
create table bench.agents (id int primary key, slug text not null, model text not null, system_prompt text, base_url text not null,
	context_window_size int not null, input_pico bigint not null, output_pico bigint not null);
create table bench.sessions (id bigint primary key, agent_id int not null, message_count int not null default 0);
create table bench.messages (like signalbox.ai_messages including defaults including storage, primary key (id)) with (fillfactor = 70);
create index on bench.messages (session_id, id);
create table bench.attempts (like signalbox.attempts including defaults, primary key (job_id));
create table bench.costs (like signalbox.ai_costs including defaults, primary key (job_id, call));

insert into bench.agents values (1, 'bench-0001', 'practice', 'You are Bench, of the support team.', :'url', 10, 1000000, 2000000);
insert into bench.sessions select i, 1, 2 from generate_series(1, :messages) i;
insert into bench.messages (id, uuid, session_id, role, content, processing_status, queued_at, reply_to)
	select 2 * i - 1, gen_random_uuid(), i, 'user', :'text' || ' #' || i, 'completed', null, null from generate_series(1, :messages) i
	union all
	select 2 * i, gen_random_uuid(), i, 'assistant', '', 'queued', now(), 2 * i - 1 from generate_series(1, :messages) i
	order by 1;
vacuum analyze bench.agents, bench.sessions, bench.messages;
