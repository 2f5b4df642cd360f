-- Running messages, then the waiting ones in the real order of service, then the scheduled ones. With a filter the
-- first 10,000 are read; of the waiting ones only those of the agents that the filter names.
create or replace function signalbox.queue_page(filter jsonb default null, lim int default 50)
returns table (queue_position bigint, id bigint, message_id uuid, job_id uuid, session_id uuid, agent text, status text, state text,
	waits_for text, priority int, since timestamptz, started_at timestamptz, run_after timestamptz, eta_seconds numeric, retry_count int,
	worker text, provider text, model text, user_id text, cause text, text text)
language plpgsql stable security definer set search_path = pg_catalog, signalbox, pg_temp as $$ -- plans: index, no_jit
declare
	cond text := filter_where(filter);
	deep int := case when cond = '' then lim else 10000 end;
	-- Agents that the filter names: waiting messages of other agents are not read.
	named text[] := (select array_agg(distinct lower(v.slug)) from jsonb_array_elements(filter) t cross join lateral jsonb_array_elements_text(t -> 'values') v(slug)
	                where t ->> 'field' = 'agent' and t ->> 'op' = '=' and not coalesce((t ->> 'not')::boolean, false));
begin
	return query execute format($q$
		with base as (
			(select q.message_id, 0 as ord, 0 as place from running q order by q.changed_at limit $1)
			union all
			select o.message_id, 1, o.place from service_order($1, $3) o
			union all
			(select q.message_id, 2, row_number() over (order by q.run_after) from queue q where q.state = 'pending' order by q.run_after limit $1)
		), first as materialized (
			select * from base order by ord, place limit $1
		), speed as materialized (
			select d.agent_id, agent_seconds(d.agent_id) as seconds
			from (select distinct q.agent_id from first f join queue q on q.message_id = f.message_id) d
		), page as (
			select f.ord, f.place, case f.ord when 1 then f.place end as queue_position, m.id, m.uuid as message_id, m.job_id, s.uuid as session_id,
				a.slug as agent, m.processing_status::text as status,
				case when q.state = 'running' then 'run' when q.state = 'pending' then 'later' when wf.waits = 'paused' then 'paused'
				     when wf.waits = 'backoff' then 'retry' when wf.waits = 'task' then 'task'
				     when wf.waits in ('breaker', 'worker') then 'parked' when wf.waits = 'budget' then 'held' else 'queued' end as state,
				wf.waits as waits_for, m.priority, m.queued_at as since, m.processing_started_at as started_at, q.run_after,
				case f.ord when 1 then eta(f.place, wf.waits, coalesce(held_until(q.agent_id, wf.waits), q.run_after), $4, v.seconds) end as eta_seconds,
				m.retry_count, w.name as worker, p.slug as provider, a.model, s.user_id, null::text as cause,
				left(u.content, 200) as text
			from first f join queue q on q.message_id = f.message_id join ai_messages m on m.id = q.message_id
			join ai_sessions s on s.id = m.session_id join agents a on a.id = q.agent_id
			left join ai_messages u on u.id = m.reply_to left join providers p on p.id = a.provider_id
			left join workers w on w.id = q.worker_id left join speed v on v.agent_id = q.agent_id
			cross join lateral (select waits_for(q) as waits offset 0) wf
		)
		select queue_position, id, message_id, job_id, session_id, agent, status, state, waits_for, priority, since, started_at, run_after,
			eta_seconds, retry_count, worker, provider, model, user_id, cause, text
		from page where %s order by ord, place limit $2$q$, coalesce(nullif(cond, ''), 'true')) using deep, lim, named, fleet_slots();
end $$;
grant execute on function signalbox.queue_page to signalbox_viewer;
