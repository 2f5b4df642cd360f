-- $1 uuid session -> role text, message_id uuid, job_id uuid, status text, content text, error text, at text, started text, position int8, waits_for text, eta text, worker text, model text, tokens_prompt int4, tokens_completion int4, ms int4, ttft_ms int4, cost text, retry_count int4, retry_at text, said text, finish_reason text, runs jsonb, tool_calls jsonb
select role, message_id, job_id, status, content, error, signalbox.utc(at) as at, signalbox.utc(started_at) as started, queue_position as position, waits_for,
	eta_seconds as eta, worker, model, tokens_prompt, tokens_completion, generation_time_ms as ms, ttft_ms, cost_usd as cost, retry_count,
	signalbox.utc(retry_at) as retry_at, said, finish_reason, runs, tool_calls
from signalbox.transcript($1, 100)
