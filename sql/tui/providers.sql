-- -> slug text, protocol text, base_url text, key_env text, daily_tokens int8, timezone text, tokens_today int8, agents int8, calls_hour int8, errors_hour int8, ttft_ms float8, p95_ms float8, last_error text, breaker text, seconds float8, reason text, held int8, calls_5m int8, errors_5m int8, error_at text, busy int8, left_requests int4, left_tokens int4
select slug, protocol, base_url, key_env, daily_tokens, timezone, tokens_today, agents, calls_last_hour as calls_hour,
	errors_last_hour as errors_hour, mean_ttft_ms::float8 as ttft_ms, p95_ms::float8, last_error, breaker, breaker_seconds::float8 as seconds, breaker_reason as reason,
	held_messages as held, calls_last_5_min as calls_5m, errors_last_5_min as errors_5m, signalbox.utc(last_error_at) as error_at, calls_now as busy,
	(limits ->> 'requests')::int4 as left_requests,
	least((limits ->> 'tokens')::int4, (limits ->> 'input-tokens')::int4, (limits ->> 'output-tokens')::int4) as left_tokens
from signalbox.providers_page()
