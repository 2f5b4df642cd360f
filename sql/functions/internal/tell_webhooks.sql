-- Writes down what is to be said to webhooks about messages that have ended in this transaction.
create or replace function signalbox.tell_webhooks(ids bigint[]) returns void
language plpgsql set search_path = pg_catalog, signalbox, pg_temp as $$ -- plans: index, no_jit
begin
	insert into webhook_deliveries (webhook_id, message_id, event, payload)
	select w.id, m.id, e.event, jsonb_build_object('type', e.event, 'timestamp', utc(clock_timestamp()), 'data', status_document(m.id) - 'content')::text
	from unnest(ids) x(id) cross join lateral (select n.* from ai_messages n where n.id = x.id offset 0) m join ai_sessions s on s.id = m.session_id
	cross join lateral (select 'message.' || m.processing_status as event) e
	join webhooks w on w.removed_at is null and (w.agent_id is null or w.agent_id = s.agent_id) and e.event = any (w.events)
	order by m.id, w.id;
end $$;
