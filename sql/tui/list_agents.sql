-- -> slug text, name text, state text, provider text, model text, queued int8, running int8, per_minute numeric, error_percent numeric, mean_seconds numeric, tokens_per_minute numeric, cost_today_usd numeric, cost_unknown_today int8, type text, rate_limit_per_min int4, tokens_per_min int4, concurrency_limit int4, context_window_size int4, max_tokens int4, budget_day numeric, budget_month numeric, budget_soft int4, cost_month_usd numeric, reserved_usd numeric, tools text, chain text, on_cut text, paused_by text, pause_reason text, system_prompt text
select slug, name, state, provider, model, queued, running, per_minute, error_percent, mean_seconds, tokens_per_minute, cost_today_usd,
	cost_unknown_today, type, rate_limit_per_min, tokens_per_min, concurrency_limit, context_window_size, max_tokens, budget_day, budget_month, budget_soft,
	cost_month_usd, reserved_usd, tools, chain, on_cut,
	paused_by, pause_reason, system_prompt
from signalbox.agents_page()
