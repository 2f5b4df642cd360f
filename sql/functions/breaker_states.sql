-- The worst breaker of each provider: 0 closed, 1 half open (a probe may be made, or is under way), 2 open or parked. Nothing while this
-- schema has no breakers.
create or replace function signalbox.breaker_states() returns table (provider text, state int)
language plpgsql stable security definer set search_path = pg_catalog, signalbox, pg_temp as $$
begin
	if to_regclass('signalbox.breakers') is null then
		return;
	end if;
	return query execute $q$
		select p.slug, coalesce(max(case when b.state = 'closed' then 0 when b.state = 'open' and (b.probe_job is not null or b.until <= clock_timestamp()) then 1
			else 2 end), 0)
		from providers p left join breakers b on b.provider::text = p.slug
		group by p.slug order by p.slug limit 390$q$;
end $$;
