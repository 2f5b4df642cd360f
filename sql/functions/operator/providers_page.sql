-- Every provider with its last hour, its tokens today, and the worst of its breakers: closed, open, probing (one
-- message tries), parked, forced. The hour is read from the 5,000 attempts of the newest messages at most: consoles ask
-- every 2 s, and attempts are kept for ever. p95: of the calls that answered. limits: what is left according to its
-- last headers, in percent of the total, by kind; the least of its models. calls_now: calls in progress.
create or replace function signalbox.providers_page()
returns table (slug text, protocol text, base_url text, key_env text, daily_tokens bigint, timezone text, tokens_today bigint, agents bigint,
	calls_last_hour bigint, errors_last_hour bigint, calls_last_5_min bigint, errors_last_5_min bigint, calls_now bigint, mean_ttft_ms numeric, p95_ms numeric,
	last_error text, last_error_at timestamptz, breaker text, breaker_seconds numeric, breaker_reason text, held_messages bigint, limits jsonb)
language sql stable security definer set search_path = pg_catalog, signalbox, pg_temp as $$ -- plans: no_jit
	select p.slug, p.protocol, p.base_url, p.key_env, p.daily_tokens, p.timezone,
		(select coalesce(sum(d.tokens), 0)::bigint from provider_days d where d.provider_id = p.id and d.day = (clock_timestamp() at time zone p.timezone)::date),
		(select count(distinct r.agent_id) from agent_routes r where r.provider_id = p.id),
		coalesce(t.calls, 0), coalesce(t.errors, 0), coalesce(n.calls, 0), coalesce(n.errors, 0),
		(select coalesce(sum((w.calls ->> p.slug)::bigint), 0)::bigint from workers w where w.ended_at is null and w.lease_until > clock_timestamp()),
		t.ttft, t.p95, t.last_error, t.last_error_at, coalesce(b.breaker, 'closed'), round(b.seconds, 0), b.reason,
		case when b.breaker is not null then (select coalesce(sum(w.queued), 0)::bigint from waiting_by_agent() w
			where route_room(w.agent_id) = 0 and exists (select from routes r where r.agent_id = w.agent_id and r.provider_id = p.id and r.is_held)) else 0 end,
		(select jsonb_object_agg(l.kind, l.left_percent) from (
			select x.kind, min(100 * greatest(0, least(x.remaining, x.total)) / x.total) as left_percent from provider_limits x where x.provider = p.slug and x.until > clock_timestamp() group by 1) l)
	from providers p left join (
		select a.provider, count(*) as calls, count(a.error_class) as errors, round(avg(a.ttft_ms)) as ttft,
			round(percentile_cont(0.95) within group (order by a.generation_ms) filter (where a.error_class is null)::numeric) as p95,
			(array_agg(a.error order by a.started_at desc) filter (where a.error is not null))[1] as last_error,
			max(coalesce(a.ended_at, a.started_at)) filter (where a.error is not null) as last_error_at
		from (select * from attempts order by message_id desc limit 5000) a where a.started_at > clock_timestamp() - interval '1 h' group by 1) t on t.provider = p.slug
	left join (select c.provider, sum(c.calls)::bigint as calls, sum(c.errors)::bigint as errors
		from breaker_counts c where c.slot > clock_timestamp() - interval '5 min' group by 1) n on n.provider = p.slug
	left join lateral (
		select case when k.forced is not null then 'forced ' || k.forced when k.state = 'open' and k.probe_until > clock_timestamp() then 'probing' else k.state end as breaker,
			extract(epoch from k.until - clock_timestamp()) as seconds,
			coalesce(nullif(k.model, '') || ': ', '') || coalesce(k.detail, k.reason) as reason
		from breakers k where k.provider = p.slug and (k.forced is not null or k.state = 'open' or (k.state = 'parked' and k.until > clock_timestamp()))
		order by k.forced is null, k.state = 'open' desc, k.until desc limit 1) b on true
	order by p.slug;
$$;
grant execute on function signalbox.providers_page to signalbox_viewer;
