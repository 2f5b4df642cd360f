-- The worst breaker of each provider: 0 = closed, or no breaker was ever opened; 1 = half open (a probe may start, or
-- one is running); 2 = open or parked.
create or replace function signalbox.breaker_states() returns table (provider text, state int)
language sql stable security definer set search_path = pg_catalog, signalbox, pg_temp as $$
	select p.slug, coalesce(max(case when b.forced = 'open' then 2 when b.state = 'closed' or b.state = 'parked' and b.until <= clock_timestamp() then 0
		when b.state = 'open' and (b.probe_until > clock_timestamp() or b.until <= clock_timestamp()) then 1 else 2 end) filter (where b.provider is not null), 0)
	from providers p left join breakers b on b.provider = p.slug
	group by p.slug order by p.slug limit 390;
$$;
grant execute on function signalbox.breaker_states to signalbox_worker, signalbox_viewer;
