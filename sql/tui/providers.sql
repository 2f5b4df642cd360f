-- -> slug text, protocol text, base_url text, key_env text, daily_tokens int8, timezone text, tokens_today int8, agents int8, calls_hour int8, errors_hour int8, ttft_ms float8, last_error text, breaker text, seconds float8, reason text, held int8, calls_now int8, errors_now int8, error_at text
select p.slug, p.protocol, p.base_url, p.key_env, p.daily_tokens, p.timezone, p.tokens_today, p.agents, p.calls_last_hour as calls_hour,
	p.errors_last_hour as errors_hour, p.mean_ttft_ms::float8 as ttft_ms, p.last_error, p.breaker, p.breaker_seconds::float8 as seconds, p.breaker_reason as reason,
	p.held_messages as held, coalesce(c.calls, 0) as calls_now, coalesce(c.errors, 0) as errors_now, signalbox.utc(e.at) as error_at
from signalbox.providers_page() p
left join (select provider, sum(calls)::int8 as calls, sum(errors)::int8 as errors from signalbox.breaker_counts where slot > clock_timestamp() - interval '5 min' group by 1) c
	on c.provider = p.slug
left join (select provider, max(coalesce(ended_at, started_at)) as at from (select * from signalbox.attempts order by message_id desc limit 5000) a where error is not null group by 1) e
	on e.provider = p.slug
