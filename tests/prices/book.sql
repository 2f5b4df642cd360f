-- The calls of public.calls as a worker's records to settle(), one for each running message: `way` picks which. Those of "late" are cancelled before.
select json_agg(json_build_object('message_id', q.message_id, 'job_id', q.job_id, 'outcome', case c.way when 'late' then 'gone' else 'completed' end, 'content', 'x',
	'generation_ms', 1, 'n_calls', case c.way when 'before' then 2 else 1 end)::jsonb
	|| case c.way when 'before' then jsonb_build_object('was_called', false, 'chain', jsonb_build_array(u.doc || '{"call": 1, "class": "stalled"}')) else u.doc end) as records
from public.calls c join public.booked q using (n)
cross join lateral (select jsonb_strip_nulls(jsonb_build_object('was_called', true, 'provider', coalesce(nullif(c.provider, ''), 'o'), 'model', c.model, 'model_asked', 'what was asked',
	'tokens_prompt', c.tokens_input, 'tokens_completion', c.tokens_output, 'tokens_cached', c.tokens_cached, 'tokens_cache_write', c.tokens_cache_write,
	'tokens_cache_write_1h', c.tokens_cache_write_1h, 'tokens_reasoning', c.tokens_reasoning, 'tokens_audio_in', c.tokens_audio_in,
	'tokens_audio_out', c.tokens_audio_out, 'service_tier', c.service_tier)) as doc) u
