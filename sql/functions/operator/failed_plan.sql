-- What a retry of all failed messages that match would be, as they are now: the ids and jobs, oldest first, and what an
-- operator wants to know before the confirmation. Messages that are held for a retry already are counted, not listed.
-- Only the newest 10,000 are read; `is_cut`: there are more.
-- tools: how many of them called tools; a retry uses what these answered, and does not call them again.
create or replace function signalbox.failed_plan(filter jsonb)
returns table (messages text, jobs text, n bigint, held bigint, permanent bigint, tools bigint, cost_usd numeric, cost_unknown bigint, is_cut boolean)
language sql stable security definer set search_path = pg_catalog, signalbox, pg_temp as $$ -- plans: no_jit
	with f as materialized (
		select * from failed_page(filter, 10000)
	), p as (
		select f.*, c.pico, c.is_unknown from f
		cross join lateral (select sum(x.cost_pico) as pico, bool_or(x.cost_pico is null) as is_unknown from ai_costs x where x.message_id = f.id) c
		where f.retry_at is null
	)
	select coalesce(array_agg(p.message_id order by p.since, p.id), '{}')::text, coalesce(array_agg(p.job_id order by p.since, p.id), '{}')::text,
		count(*), (select count(*) from f where retry_at is not null), count(*) filter (where p.is_permanent),
		count(*) filter (where exists (select from tool_calls t where t.message_id = p.id and t.state <> 'refused')),
		usd(coalesce(sum(p.pico), 0)), count(*) filter (where p.is_unknown),
		(select count(*) from (select from queue where state = 'failed' limit 10001) q) > 10000
	from p;
$$;
grant execute on function signalbox.failed_plan to signalbox_viewer;
