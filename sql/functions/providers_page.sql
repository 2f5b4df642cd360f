create or replace function signalbox.providers_page()
returns table (slug text, protocol text, base_url text, key_env text, daily_tokens bigint, agents bigint, calls_last_hour bigint,
	errors_last_hour bigint, mean_ttft_ms numeric, last_error text)
language sql stable security definer set search_path = pg_catalog, signalbox, pg_temp as $$
	select p.slug, p.protocol, p.base_url, p.key_env, p.daily_tokens, (select count(*) from agents a where a.provider_id = p.id),
		t.calls, t.errors, t.ttft, t.last_error
	from providers p cross join lateral (
		select count(*) as calls, count(a.error_class) as errors, round(avg(a.ttft_ms)) as ttft,
			(array_agg(a.error order by a.started_at desc) filter (where a.error is not null))[1] as last_error
		from attempts a where a.provider = p.slug and a.started_at > clock_timestamp() - interval '1 h') t
	order by p.slug;
$$;
