-- Counts the tokens of a report for the day of their providers, which ends at midnight in the provider's time zone. A
-- provider whose tokens of the day are used up is parked until then.
create or replace function signalbox.count_quota(worker uuid, report json) returns void
language plpgsql set search_path = pg_catalog, signalbox, pg_temp as $$
declare
	r record;
begin
	for r in
		insert into provider_days as d (provider_id, day, worker_id, tokens)
			select p.id, (clock_timestamp() at time zone p.timezone)::date, worker, sum(least(x.tokens, 100000000))
			from json_to_recordset(report) x(provider text, tokens bigint) join providers p on p.slug = x.provider where x.tokens > 0 group by 1, 2 order by 1, 2
			on conflict (provider_id, day, worker_id) do update set tokens = d.tokens + excluded.tokens
			returning d.provider_id, d.day loop
		perform breaker_hold(p.slug, '', coalesce(p.key_env, ''), 'parked', (r.day + 1)::timestamp at time zone p.timezone - clock_timestamp(), 'daily_tokens',
			format('%s of %s tokens of %s are used', u.tokens, p.daily_tokens, r.day))
			from providers p cross join lateral (select sum(d.tokens) as tokens from provider_days d where d.provider_id = p.id and d.day = r.day) u
			where p.id = r.provider_id and u.tokens >= p.daily_tokens;
	end loop;
end $$;
