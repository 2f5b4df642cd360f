-- The place in the order of service, 1 = next: agents take turns in a circle, within an agent higher priority and then age. Messages that
-- cannot start now are counted too. Null unless the message waits. Costs the same whatever waits: exact near the front, from counts
-- that are about a second old further back.
create or replace function signalbox.queue_position(message uuid) returns bigint
language plpgsql stable security definer set search_path = pg_catalog, signalbox, pg_temp as $$
declare
	q     queue;
	place bigint;
begin
	select w.* into q from ai_messages m join queue w on w.message_id = m.id where m.uuid = message
		and may_read(m.session_id);
	if not found or q.state in ('running', 'failed') then
		return null;
	end if;
	place := place_in_agent(q);
	return place + others_ahead(q.agent_id, place, 4096);
end $$;
grant execute on function signalbox.queue_position to signalbox_app, signalbox_viewer;
