select json_agg(json_build_object('message_id', message_id, 'job_id', job_id, 'outcome', 'completed', 'content', repeat('word ', 20),
	'provider', 'bench', 'model_asked', 'practice', 'model', 'practice', 'tokens_prompt', 40, 'tokens_completion', 20, 'was_called', true,
	'ttft_ms', 1, 'generation_ms', 2))
from signalbox.claim('00000000-0000-4000-8000-000000000001', 100, '5 min')
