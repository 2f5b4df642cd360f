-- Every agent with what it did in the last hour (20 columns of 3 minutes) and what it cost today.
create or replace function signalbox.agents_page()
returns table (slug text, name text, state text, provider text, model text, queued bigint, running bigint, per_minute numeric, spark int[],
	error_percent numeric, mean_seconds numeric, tokens_per_minute numeric, cost_today_usd numeric, cost_unknown_today bigint,
	type text, rate_limit_per_min int, tokens_per_min int, concurrency_limit int, context_window_size int, max_tokens int, budget_day numeric, budget_month numeric, budget_soft int, cost_month_usd numeric, reserved_usd numeric,
	tools text, chain text, on_cut text, paused_by text, pause_reason text, system_prompt text)
language sql stable security definer set search_path = pg_catalog, signalbox, pg_temp
-- All agents are on the page: their parts are joined whole, not looked up one by one.
set enable_nestloop = off set jit = off as $$
	with b as materialized (
		select agent_id, floor(extract(epoch from clock_timestamp() - minute) / 180)::int as ago, sum(completed) as done, sum(failed) as failed, sum(errors) as errors,
		       sum(processing_ms) as ms, sum(tokens_prompt + tokens_completion) as tokens
		from stats_minute where minute > clock_timestamp() - interval '1 h' group by 1, 2
	), h as materialized (
		select agent_id, sum(done) as done, sum(failed) as failed, sum(errors) as errors, sum(ms) as ms, sum(tokens) as tokens,
		       array_agg(ago) as ago, array_agg(done) as done_then
		from b group by 1
	), d as materialized (
		select * from stats_today()
	), c as materialized (
		select * from waiting_by_agent()
	)
	select a.slug, a.name,
		case when l.paused_at is not null or f.paused_at is not null then 'PAUSED' when l.blocked_until > clock_timestamp() then 'limited'
		     when k.trouble and route_room(a.id) = 0 then 'parked'
		     when (a.budget_day is not null or a.budget_month is not null) and c.queued > 0 and held_by_budget(a.id) then 'held'
		     when a.provider_id is null or a.model is null then 'no model'
		     when h.errors > 0 and 100.0 * h.errors / (h.done + h.errors) > 5 then 'errors' else 'ok' end,
		p.slug, a.model, coalesce(c.queued, 0), coalesce(c.running, 0), round(coalesce(h.done, 0) / 60.0, 1),
		case when h.ago is null then array_fill(0, array[20])
		     else array(select coalesce(h.done_then[array_position(h.ago, g)], 0)::int from generate_series(19, 0, -1) g order by g desc) end,
		round(100.0 * h.errors / nullif(h.done + h.errors, 0), 1), round(h.ms / nullif(h.done, 0) / 1000.0, 1), round(coalesce(h.tokens, 0) / 60.0, 0),
		usd(coalesce(d.cost_pico, 0)), coalesce(d.cost_unknown, 0), a.type, a.rate_limit_per_min, a.tokens_per_min, a.concurrency_limit, a.context_window_size, a.max_tokens,
		a.budget_day, a.budget_month, a.budget_soft,
		case when a.budget_day is not null or a.budget_month is not null then usd(spent_since(a.id, date_trunc('month', clock_timestamp(), 'UTC'))) end,
		case when a.budget_day is not null or a.budget_month is not null then usd((select coalesce(sum(r.pico), 0) from reservations r where r.agent_id = a.id)) end, a.tools, a.chain, a.on_cut, coalesce(l.paused_by, f.paused_by), coalesce(l.pause_reason, f.pause_reason), a.system_prompt
	from agents a join lanes l on l.agent_id = a.id cross join fleet f
	cross join (select exists (select from breakers b where b.state <> 'closed' or b.forced = 'open') as trouble) k left join providers p on p.id = a.provider_id
	left join h on h.agent_id = a.id left join d on d.agent_id = a.id left join c on c.agent_id = a.id
	order by a.slug;
$$;
