-- What a hand-written loop needs (loop.c): our tables with the same indexes and constraints and none of our triggers or functions, and a dispatch that makes its
-- four rows and nothing else. Practice data.
\set QUIET 1
set client_min_messages = warning;
drop schema if exists loop cascade;
create schema loop;
create table loop.ai_sessions (like signalbox.ai_sessions including all);
create table loop.ai_messages (like signalbox.ai_messages including all);
create table loop.queue (like signalbox.queue including all);
create table loop.attempts (like signalbox.attempts including all);
create table loop.ai_costs (like signalbox.ai_costs including all);
alter table loop.ai_sessions add foreign key (agent_id) references signalbox.agents (id);
alter table loop.ai_messages add foreign key (session_id) references loop.ai_sessions (id);
alter table loop.ai_messages set (fillfactor = 40);
create function loop.dispatch(agent text, content text) returns table (message_id uuid) language plpgsql as $$
declare
	agent_no int := (select a.id from signalbox.agents a where a.slug = agent);
	session  bigint;
	spoken   bigint;
	mine     bigint;
begin
	insert into loop.ai_sessions (agent_id, message_count) values (agent_no, 2) returning id into session;
	insert into loop.ai_messages (session_id, role, content) values (session, 'user', dispatch.content) returning id into spoken;
	insert into loop.ai_messages (session_id, role, processing_status, queued_at, reply_to) values (session, 'assistant', 'queued', clock_timestamp(), spoken)
		returning id, uuid into mine, message_id;
	insert into loop.queue (message_id, session_id, agent_id, priority, state) values (mine, session, agent_no, 0, 'ready');
	return next;
end $$;
