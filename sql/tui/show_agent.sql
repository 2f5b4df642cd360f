-- $1 text slug -> doc json
select row_to_json(x) as doc
from (select slug, name, state, provider, model, queued, running, per_minute, error_percent, mean_seconds, p50_seconds, p95_seconds, tokens_per_minute, cost_today_usd,
	cost_unknown_today, cost_wasted_today_usd, projected_today_usd, tokens_input_today, tokens_output_today, tokens_cached_today, limited_today, type, rate_limit_per_min, tokens_per_min, concurrency_limit, context_window_size, max_tokens, budget_day, budget_month, budget_soft,
	cost_month_usd, reserved_usd, tools, chain, on_cut,
	paused_by, pause_reason, system_prompt,
	(select trim_scale(a.temperature) from signalbox.agents a where a.slug = p.slug) as temperature,
	(select trim_scale(a.top_p) from signalbox.agents a where a.slug = p.slug) as top_p,
	(select a.reasoning from signalbox.agents a where a.slug = p.slug) as reasoning,
	(select a.retries from signalbox.agents a where a.slug = p.slug) as retries,
	(select case when x.ms % 1000 = 0 then x.ms / 1000 || 's' else x.ms || 'ms' end from signalbox.agents a
	 cross join lateral (select (extract(epoch from a.first_byte_timeout) * 1000)::int8 as ms) x where a.slug = p.slug) as first_byte_timeout,
	(select case when a.calculations then 'on' else 'off' end || coalesce(', at most ' || case when x.ms % 1000 = 0 then x.ms / 1000 || 's' else x.ms || 'ms' end, '') from signalbox.agents a
	 cross join lateral (select (extract(epoch from a.calculation_timeout) * 1000)::int8 as ms) x where a.slug = p.slug) as calculations,
	(select coalesce(a.run_code, 'off') from signalbox.agents a where a.slug = p.slug) as run_code,
	(select a.intent_model from signalbox.agents a where a.slug = p.slug) as intent_model,
	(select trim_scale(round(a.intent_threshold::numeric, 3)) from signalbox.agents a where a.slug = p.slug) as intent_threshold,
	(select string_agg(i.label, ', ' order by i.ord) from signalbox.agents a join signalbox.agent_intents i on i.agent_id = a.id where a.slug = p.slug) as intents
      from signalbox.agents_page() p) x
where slug = $1
