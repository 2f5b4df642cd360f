-- The place in the order of service, 1 = next: agents take turns in a circle; within an agent higher priority comes
-- first, then age. Messages that cannot start now are counted too. Null unless the message waits. The cost does not
-- grow with the number of waiting messages: the place is exact near the front; further back it comes from counts that
-- are about a second old.
create or replace function signalbox.queue_position(message uuid) returns bigint
language plpgsql stable security definer set search_path = pg_catalog, signalbox, pg_temp as $$ -- plans: index, no_jit
declare
	q queue;
begin
	select w.* into q from ai_messages m join queue w on w.message_id = m.id where m.uuid = message
		and may_read(m.session_id);
	return place_of(q);
end $$;
grant execute on function signalbox.queue_position to signalbox_app, signalbox_viewer;
