-- Every agent with its recent activity (over 15 min, 1 h, 1 day or 7 days, in columns of 1 min, 3 min, 2 h, 12 h), its
-- processing times, and today's cost. projected: today's cost at midnight (UTC) if it goes on as in the last hour.
create or replace function signalbox.agents_page(span interval default '1 h')
returns table (slug text, name text, state text, provider text, model text, queued bigint, running bigint, per_minute numeric, spark int[],
	error_percent numeric, mean_seconds numeric, p50_seconds numeric, p95_seconds numeric, tokens_per_minute numeric,
	cost_today_usd numeric, cost_unknown_today bigint, cost_wasted_today_usd numeric, projected_today_usd numeric,
	tokens_input_today bigint, tokens_output_today bigint, tokens_cached_today bigint, limited_today bigint,
	type text, rate_limit_per_min int, tokens_per_min int, concurrency_limit int, context_window_size int, max_tokens int, budget_day numeric, budget_month numeric, budget_soft int, cost_month_usd numeric, reserved_usd numeric,
	tools text, chain text, on_cut text, paused_by text, pause_reason text, system_prompt text)
language sql stable security definer set search_path = pg_catalog, signalbox, pg_temp as $$ -- plans: no_nestloop, no_jit
-- The page shows all agents: the parts are joined as whole sets, not looked up agent by agent.
	with w as materialized (
		select x.n, x.step, x.n * x.step / 60 as minutes, clock_timestamp() - make_interval(secs => x.n * x.step) as since, clock_timestamp() - interval '1 h' as hour_ago
		from (values (15, 60), (20, 180), (12, 7200), (14, 43200)) x(n, step)
		where make_interval(secs => x.n * x.step) >= least(span, '7 days') order by x.n * x.step limit 1
	), b as materialized (
		select agent_id, floor(extract(epoch from clock_timestamp() - minute)::float8 / (select step from w))::int as ago, sum(completed) as done, sum(failed) as failed, sum(errors) as errors,
		       sum(processing_ms) as ms, sum(tokens_prompt + tokens_completion) as tokens, sum(cost_pico) filter (where minute > (select hour_ago from w)) as hour_pico
		from stats_minute where minute > (select least(since, hour_ago) from w) group by 1, 2
	), h as materialized (
		select b.agent_id, sum(done) filter (where ago < w.n) as done, sum(errors) filter (where ago < w.n) as errors, sum(ms) filter (where ago < w.n) as ms,
		       sum(tokens) filter (where ago < w.n) as tokens, sum(hour_pico) as hour_pico, array_agg(ago) as ago, array_agg(done) as done_then
		from b cross join w group by 1
	), d as materialized (
		select * from stats_today()
	), c as materialized (
		select * from waiting_by_agent()
	), z as materialized (
		select * from latency_quantiles((select since from w))
	)
	select a.slug, a.name,
		case when l.paused_at is not null or f.paused_at is not null then 'PAUSED' when l.blocked_until > clock_timestamp() then 'limited'
		     when k.mute and not can_be_served(a.id) then 'no key'
		     when k.trouble and route_room(a.id) = 0 then 'parked'
		     when (a.budget_day is not null or a.budget_month is not null) and c.queued > 0 and held_by_budget(a.id) then 'held'
		     when a.provider_id is null or a.model is null then 'no model'
		     when h.errors > 0 and 100.0 * h.errors / (h.done + h.errors) > 5 then 'errors' else 'ok' end,
		p.slug, a.model, coalesce(c.queued, 0), coalesce(c.running, 0), round(r.per_minute, case when r.per_minute = 0 or r.per_minute >= 0.1 then 1 when r.per_minute >= 0.01 then 2 else 4 end),
		case when h.ago is null then array_fill(0, array[w.n])
		     else array(select coalesce(h.done_then[array_position(h.ago, g)], 0)::int from generate_series(w.n - 1, 0, -1) g order by g desc) end,
		round(100.0 * h.errors / nullif(h.done + h.errors, 0), 1), round(h.ms / nullif(h.done, 0) / 1000.0, 1), z.p50_seconds, z.p95_seconds,
		round(coalesce(h.tokens, 0) / w.minutes, 0), usd(coalesce(d.cost_pico, 0)), coalesce(d.cost_unknown, 0), usd(coalesce(d.cost_wasted_pico, 0)),
		usd(round(coalesce(d.cost_pico, 0) + coalesce(h.hour_pico, 0) * k.hours_left)), coalesce(d.tokens_prompt, 0), coalesce(d.tokens_completion, 0), coalesce(d.tokens_cached, 0),
		coalesce(d.limited, 0), a.type, a.rate_limit_per_min, a.tokens_per_min, a.concurrency_limit, a.context_window_size, a.max_tokens,
		a.budget_day, a.budget_month, a.budget_soft,
		case when a.budget_day is not null or a.budget_month is not null then usd(spent_since(a.id, date_trunc('month', clock_timestamp(), 'UTC'))) end,
		case when a.budget_day is not null or a.budget_month is not null then usd((select coalesce(sum(r.pico), 0) from reservations r where r.agent_id = a.id)) end, a.tools, a.chain, a.on_cut, coalesce(l.paused_by, f.paused_by), coalesce(l.pause_reason, f.pause_reason), a.system_prompt
	from agents a join lanes l on l.agent_id = a.id cross join fleet f cross join w
	cross join (select exists (select from breakers b where b.state <> 'closed' or b.forced = 'open') as trouble,
		exists (select from workers w where w.mute <> '{}' and w.ended_at is null) as mute,
		extract(epoch from date_trunc('day', clock_timestamp(), 'UTC') + interval '24 h' - clock_timestamp()) / 3600 as hours_left) k left join providers p on p.id = a.provider_id
	left join h on h.agent_id = a.id left join d on d.agent_id = a.id left join c on c.agent_id = a.id left join z on z.agent_id = a.id
	cross join lateral (select coalesce(h.done, 0)::numeric / w.minutes as per_minute) r
	order by a.slug;
$$;
grant execute on function signalbox.agents_page to signalbox_viewer;
