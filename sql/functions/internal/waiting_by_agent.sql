-- Waiting and running messages by agent: counted now while the queue is short (is_short()); else the waiting ones come
-- from the last count.
create or replace function signalbox.waiting_by_agent() returns table (agent_id int, queued bigint, running bigint)
language plpgsql stable set search_path = pg_catalog, signalbox, pg_temp as $$ -- plans: no_jit
#variable_conflict use_column
begin
	if is_short() then
		return query select q.agent_id, count(*) filter (where q.state in ('ready', 'blocked', 'delayed')), count(*) filter (where q.state = 'running')
			from queue q group by 1;
	else
		return query select coalesce(u.id, r.agent_id), coalesce(u.n, 0)::bigint, coalesce(r.n, 0)
			from (select * from queue_totals order by id desc limit 1) t cross join lateral unnest(t.agents, t.counts) u(id, n)
			full join (select q.agent_id, count(*) as n from running q group by 1) r on r.agent_id = u.id;
	end if;
end $$;
