-- Failed messages of the last 24 hours (the newest 10,000) by cause and provider, largest first.
create or replace function signalbox.failed_groups(filter jsonb default null)
returns table (n bigint, cause text, provider text, agents text, last_at timestamptz, is_permanent boolean, cost_usd numeric)
language sql stable security definer set search_path = pg_catalog, signalbox, pg_temp as $$ -- plans: no_jit
	with f as (
		select * from failed_page(filter, 10000) where since > clock_timestamp() - interval '24 h'
	), per_agent as (
		select cause, provider, agent, count(*) as n from f group by 1, 2, 3
	)
	select count(*), f.cause, f.provider,
		(select string_agg(p.agent || ' ' || p.n, ', ' order by p.n desc, p.agent) from per_agent p
		  where p.cause = f.cause and p.provider is not distinct from f.provider),
		max(f.since), bool_or(f.is_permanent), case when bool_and(f.cost_usd is not null) then sum(f.cost_usd) end
	from f group by f.cause, f.provider order by count(*) desc, max(f.since) desc;
$$;
grant execute on function signalbox.failed_groups to signalbox_viewer;
