-- Fills signalbox's own tables with waiting messages, past its functions and triggers (superuser, benchmarks only): a million in about a
-- minute. psql -v messages= agents= sessions= priorities= paused_share= provider= text=
--
-- Sessions are dealt to the agents in turn; with paused_share > 0 so much of them belongs to agent 1, which is paused. Messages are dealt to
-- the sessions in turn. The invariants: the oldest message of a session is `ready`, the others `blocked` with a priority not above that of
-- the ones before them; seq grows with age.
\set QUIET 1
\if :{?priorities} \else \set priorities 1 \endif
\if :{?paused_share} \else \set paused_share 0 \endif
set client_min_messages = warning;
begin;
set local session_replication_role = replica;
truncate signalbox.ai_sessions, signalbox.ai_messages, signalbox.queue, signalbox.attempts, signalbox.ai_costs, signalbox.stats_minute,
	signalbox.starts, signalbox.lanes, signalbox.test_sessions, signalbox.workers, signalbox.stops, signalbox.message_stream, signalbox.watches,
	signalbox.idempotency_keys, signalbox.lane_cursors, signalbox.lane_maps, signalbox.queue_totals, signalbox.stats_day;

insert into signalbox.agents (slug, name, provider_id, model, system_prompt)
	select 'bench-' || lpad(i::text, 4, '0'), 'Bench ' || i, p.id, 'practice', 'You are Bench, of the support team.'
	from generate_series(1, :agents) i, signalbox.providers p where p.slug = :'provider'
	on conflict (slug) do update set provider_id = excluded.provider_id;
delete from signalbox.agents where slug like 'bench-%' and substr(slug, 7)::int > :agents;
insert into signalbox.lanes (agent_id, paused_at, paused_by)
	select id, case when slug = 'bench-0001' and :paused_share > 0 then now() end, case when slug = 'bench-0001' and :paused_share > 0 then 'bench' end
	from signalbox.agents where slug like 'bench-%';
insert into signalbox.lane_cursors (agent_id, rank) select a.id, ~p from signalbox.agents a, generate_series(0, :priorities - 1) p;

insert into signalbox.ai_sessions (id, agent_id, message_count) overriding system value
	select s.i, a.id, 2 * (:messages / :sessions + (s.i <= :messages % :sessions)::int)
	from generate_series(1, :sessions) s(i)
	join signalbox.agents a on a.slug = 'bench-' || lpad((case when s.i <= :paused_share * :sessions then 1
		else (s.i - 1) % :agents + 1 end)::text, 4, '0');

create temp table load on commit drop as
	select i, (i - 1) % :sessions + 1 as session_id, ((i::bigint * 7919) % :priorities)::int as priority from generate_series(1, :messages) i;
analyze load;
insert into signalbox.ai_messages (id, session_id, role, content, processing_status, queued_at, priority, reply_to) overriding system value
	select 2 * i - 1, session_id, 'user', :'text' || ' #' || i, 'completed', null, 0, null from load
	union all
	select 2 * i, session_id, 'assistant', '', 'queued', clock_timestamp(), priority, 2 * i - 1 from load
	order by 1;
insert into signalbox.queue (message_id, session_id, seq, agent_id, priority, state)
	select 2 * l.i, l.session_id, l.i, s.agent_id, min(l.priority) over w, case row_number() over w when 1 then 'ready' else 'blocked' end::signalbox.queue_state
	from load l join signalbox.ai_sessions s on s.id = l.session_id
	window w as (partition by l.session_id order by l.i)
	order by l.i;
select setval('signalbox.queue_seq', :messages), setval('signalbox.claim_turn', 0), setval('signalbox.seq_mid', 0), setval('signalbox.seq_old', 0) \g /dev/null
select setval(pg_get_serial_sequence('signalbox.ai_sessions', 'id'), :sessions) \g /dev/null
select setval(pg_get_serial_sequence('signalbox.ai_messages', 'id'), 2 * :messages) \g /dev/null
commit;
vacuum analyze signalbox.ai_sessions, signalbox.ai_messages, signalbox.queue, signalbox.lanes, signalbox.agents, signalbox.attempts, signalbox.ai_costs,
	signalbox.stats_minute;
update signalbox.chores set done_at = '-infinity', took_ms = 0;
select signalbox.tick(), signalbox.tend() \g /dev/null

-- What position.sql asks for: some of those that wait, from anywhere.
create schema if not exists bench;
drop table if exists bench.sample;
create table bench.sample as
	select row_number() over ()::int as n, uuid from (
		select m.uuid from generate_series(1, 1000) g join signalbox.ai_messages m on m.id = 2 * (1 + (g::bigint * 104729) % :messages)) x;
create unique index on bench.sample (n);
