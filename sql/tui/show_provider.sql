-- $1 text slug -> doc json
select row_to_json(x) as doc
from (select slug, protocol, base_url, key_env, daily_tokens, agents, calls_last_hour, errors_last_hour, mean_ttft_ms, last_error
      from signalbox.providers_page()) x
where slug = $1
