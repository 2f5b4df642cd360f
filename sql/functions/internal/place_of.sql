-- The place of a message in the order of service, by its row of the queue; null unless it waits: see queue_position().
create or replace function signalbox.place_of(q signalbox.queue) returns bigint
language plpgsql stable set search_path = pg_catalog, signalbox, pg_temp as $$ -- plans: index, no_jit
declare
	place bigint;
begin
	if q.message_id is null or q.state in ('running', 'failed') then
		return null;
	end if;
	place := place_in_agent(q);
	return place + others_ahead(q.agent_id, place, 4096);
end $$;
