-- $1 jsonb filter, $2 int4 limit -> id int8, message_id uuid, job_id uuid, status text, state text, agent text, session text, priority int4, since text, started text, run_after text, eta float8, position int8, waits_for text, attempt int4, worker text, provider text, model text, user_id text, text text
select id, message_id, job_id, status, state, agent, session_id::text as session, priority, signalbox.utc(since) as since,
	signalbox.utc(started_at) as started, signalbox.utc(run_after) as run_after, eta_seconds::float8 as eta, queue_position as position, waits_for,
	retry_count + 1 as attempt, worker, provider, model, user_id, text
from signalbox.queue_page($1, $2)
