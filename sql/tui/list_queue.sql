-- $1 jsonb filter, $2 int4 limit -> queue_position int8, id int8, message_id uuid, session_id uuid, agent text, status text, waits_for text, priority int4, queued_at text, processing_started_at text, run_after text, eta_seconds numeric, retry_count int4, worker text, provider text, model text, user_id text, text text, state text
select queue_position, id, message_id, session_id, agent, status, waits_for, priority, signalbox.utc(since) as queued_at,
	signalbox.utc(started_at) as processing_started_at, signalbox.utc(run_after) as run_after, eta_seconds, retry_count, worker, provider,
	model, user_id, text, state
from signalbox.queue_page($1, $2)
