-- $1 jsonb filter, $2 int4 limit -> id int8, message_id uuid, job_id uuid, status text, state text, agent text, session text, cause text, error text, since text, retry_at text, tries int4, attempts int4, is_permanent bool, cost text, provider text, model text, worker text, text text
select id, message_id, job_id, status, state, agent, session_id::text as session, cause, error, signalbox.utc(since) as since,
	signalbox.utc(retry_at) as retry_at, tries, retry_count + 1 as attempts, is_permanent, cost_usd::text as cost, provider, model, worker, text
from signalbox.failed_page($1, $2)
