-- Waiting and running messages by agent: counted now while the last count and the queue are at most 10,000; else the
-- waiting ones come from the last count. (The last count is asked first: to count rows that are there, the table is
-- read past all that are gone and that an old snapshot keeps.)
create or replace function signalbox.waiting_by_agent() returns table (agent_id int, queued bigint, running bigint)
language plpgsql stable set search_path = pg_catalog, signalbox, pg_temp as $$ -- plans: no_jit
#variable_conflict use_column
begin
	if coalesce((select t.queued + t.pending + t.failed from queue_totals t order by t.id desc limit 1), 0) <= 10000
		and (select count(*) from (select from queue limit 10001) x) <= 10000 then
		return query select q.agent_id, count(*) filter (where q.state in ('ready', 'blocked', 'delayed')), count(*) filter (where q.state = 'running')
			from queue q group by 1;
	else
		return query select coalesce(u.id, r.agent_id), coalesce(u.n, 0)::bigint, coalesce(r.n, 0)
			from (select * from queue_totals order by id desc limit 1) t cross join lateral unnest(t.agents, t.counts) u(id, n)
			full join (select q.agent_id, count(*) as n from running q group by 1) r on r.agent_id = u.id;
	end if;
end $$;
