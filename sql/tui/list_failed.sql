-- $1 jsonb filter, $2 int4 limit -> id int8, message_id uuid, session_id uuid, agent text, cause text, error text, provider text, model text, tries int4, retry_count int4, failed_at text, queued_at text, retry_at text, is_permanent bool, cost_usd numeric, user_id text, text text
select id, message_id, session_id, agent, cause, error, provider, model, tries, retry_count, signalbox.utc(since) as failed_at,
	signalbox.utc(queued_at) as queued_at, signalbox.utc(retry_at) as retry_at, is_permanent, cost_usd, user_id, text
from signalbox.failed_page($1, $2)
