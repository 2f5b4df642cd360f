-- The journal of a message's tools, as the worker reads it (worker/tools/journal.c): replies that asked for tools, oldest first, each with its calls.
create or replace function signalbox.rounds_for(message bigint) returns json
language sql stable set search_path = pg_catalog, signalbox, pg_temp as $$ -- plans: index, no_jit
	select json_agg(json_build_object('said', r.said, 'own_protocol', r.own_protocol, 'own_turn', r.own_turn, 'calls', (
			select json_agg(json_build_object('call', c.uuid, 'call_id', c.call_id, 'name', c.name, 'arguments', c.arguments, 'state', c.state, 'status', c.status, 'why', c.why,
				'result', c.result) order by c.position) from tool_calls c where c.message_id = r.message_id and c.round = r.round)) order by r.round)
	from tool_rounds r where r.message_id = rounds_for.message;
$$;
