-- $1 int8[] messages -> message_id int8, waited_us int8, session text
select m.id as message_id,
	(extract(epoch from coalesce(m.processing_started_at, now()) - greatest(m.queued_at, (select max(a.ended_at) from signalbox.attempts a where a.message_id = m.id)))
		* 1000000)::int8 as waited_us, s.uuid::text as session
from signalbox.ai_messages m join signalbox.ai_sessions s on s.id = m.session_id
where m.id = any ($1::int8[])
