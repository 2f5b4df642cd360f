-- $1 uuid worker, $2 int8[] messages, $3 uuid[] jobs, $4 bool traced -> job_id uuid, agent text, system_prompt text, max_tokens int4, temperature text, top_p text, reasoning text, turns json, routes json, provider text, protocol text, base_url text, key_env text, header text, query text, model text, on_cut text, is_budgeted bool, retries int4, first_byte_ms int4, intent jsonb, traceparent text, session text, waited_us int8
select job_id, agent, system_prompt, max_tokens, temperature, top_p, reasoning, turns, routes, provider, protocol, base_url, key_env, header, query, model,
	on_cut, is_budgeted, retries, first_byte_ms, intent, traceparent, session::text, waited_us
from signalbox.contexts($1::uuid, $2::int8[], $3::uuid[], $4::bool)
