-- $1 text slug -> doc json
select row_to_json(x) as doc
from (select slug, protocol, base_url, key_env, daily_tokens, timezone, tokens_today, agents, calls_last_hour, errors_last_hour, mean_ttft_ms, last_error, breaker,
             breaker_seconds, breaker_reason, held_messages, calls_now, p95_ms, limits,
             (select r.header from signalbox.providers r where r.slug = p.slug) as header, (select r.query from signalbox.providers r where r.slug = p.slug) as query
      from signalbox.providers_page() p) x
where slug = $1
