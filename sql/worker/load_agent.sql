-- $1 int8 message -> agent text, provider text, protocol text, base_url text, key_env text, model text, system_prompt text, context_window_size int4, max_tokens int4
select a.slug as agent, p.slug as provider, p.protocol, p.base_url, p.key_env, a.model, a.system_prompt, a.context_window_size, a.max_tokens
from signalbox.queue q join signalbox.agents a on a.id = q.agent_id left join signalbox.providers p on p.id = a.provider_id
where q.message_id = $1::int8
