-- -> slug text, protocol text, base_url text, key_env text, daily_tokens int8, timezone text, tokens_today int8, agents int8, calls_last_hour int8, errors_last_hour int8, mean_ttft_ms numeric, last_error text, breaker text, breaker_seconds numeric, breaker_reason text, held_messages int8, calls_now int8, p95_ms numeric, limits jsonb
select slug, protocol, base_url, key_env, daily_tokens, timezone, tokens_today, agents, calls_last_hour, errors_last_hour, mean_ttft_ms, last_error, breaker,
	breaker_seconds, breaker_reason, held_messages, calls_now, p95_ms, limits
from signalbox.providers_page()
