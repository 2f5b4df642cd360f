-- $1 text agent -> name text, kind text, description text, schema text, url text, method text, function text, payload text, key_env text, timeout_ms int4, side_effects bool, idempotent bool, waits bool, result_bytes int4, agents text, calls_last_hour int8, errors_last_hour int8, mean_ms numeric, unknown int8
select name, kind, description, schema, url, method, function, payload, key_env, timeout_ms, side_effects, idempotent, waits, result_bytes, agents, calls_last_hour, errors_last_hour, mean_ms, unknown
from signalbox.tools_page($1)
