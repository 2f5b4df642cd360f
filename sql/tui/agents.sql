-- $1 interval span -> slug text, state text, model text, queued int8, running int8, per_minute text, spark text, errors text, p50 float8, p95 float8, tokens float8, cost text, unknown int8, wasted text, projected float8, tokens_in int8, tokens_out int8, tokens_cached int8, limited int8, rate int4, concurrency int4, budget_day float8, budget_month float8, budget_soft int4, cost_month float8, reserved float8, paused_by text, reason text
select slug, state, model, queued, running, per_minute::text, array_to_string(spark, ' ') as spark, error_percent::text as errors,
	p50_seconds::float8 as p50, p95_seconds::float8 as p95, tokens_per_minute::float8 as tokens,
	cost_today_usd::text as cost, cost_unknown_today as unknown, cost_wasted_today_usd::text as wasted, projected_today_usd::float8 as projected,
	tokens_input_today as tokens_in, tokens_output_today as tokens_out, tokens_cached_today as tokens_cached, limited_today as limited,
	rate_limit_per_min as rate, concurrency_limit as concurrency, budget_day::float8, budget_month::float8, budget_soft, cost_month_usd::float8 as cost_month,
	reserved_usd::float8 as reserved, paused_by, pause_reason as reason
from signalbox.agents_page($1)
