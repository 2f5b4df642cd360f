-- $1 text slug -> doc json
select row_to_json(x) as doc
from (select slug, name, state, provider, model, queued, running, per_minute, error_percent, mean_seconds, tokens_per_minute, cost_today_usd,
	cost_unknown_today, type, rate_limit_per_min, tokens_per_min, concurrency_limit, context_window_size, max_tokens, budget_day, budget_month, budget_soft,
	cost_month_usd, reserved_usd, tools, chain, on_cut,
	paused_by, pause_reason, system_prompt
      from signalbox.agents_page()) x
where slug = $1
