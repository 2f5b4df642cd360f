-- -> slug text, protocol text, base_url text, key_env text, daily_tokens int8, agents int8, calls_last_hour int8, errors_last_hour int8, mean_ttft_ms numeric, last_error text
select slug, protocol, base_url, key_env, daily_tokens, agents, calls_last_hour, errors_last_hour, mean_ttft_ms, last_error
from signalbox.providers_page()
