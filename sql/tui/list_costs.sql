-- $1 text since, $2 text by -> key text, calls int8, tokens_input int8, tokens_cached int8, tokens_output int8, tokens_reasoning int8, cost_usd numeric, unknown int8, estimated int8
select key, calls, tokens_input, tokens_cached, tokens_output, tokens_reasoning, cost_usd, unknown, estimated
from signalbox.costs_page(case when $1 ~ '^[0-9]+[smhdw]$' then now() - $1::interval else $1::timestamptz end, $2)
