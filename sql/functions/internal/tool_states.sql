-- How the calls of a message's tools stand, as a client of its stream is told: {"calls": [{"call", "step", "name", "state", "status", "duration_ms"}]}, without arguments
-- and results. Null: it has none.
create or replace function signalbox.tool_states(message bigint) returns text
language sql stable set search_path = pg_catalog, signalbox, pg_temp as $$ -- plans: index, no_jit
	select json_build_object('calls', json_agg(json_build_object('call', c.uuid, 'step', c.round, 'name', c.name, 'state', c.state, 'status', c.status, 'duration_ms', round(c.duration_ms))
		order by c.round, c.position))::text
	from tool_calls c where c.message_id = message and c.round > 0 having count(*) > 0;
$$;
