-- The journal of a message's tools, as the worker reads it (worker/toolbox/journal.c): replies that asked for tools, oldest first, each with its calls. Of a
-- long result the head and the tail are enough, each as long as what the model is told; has_end: the tail is the result's own.
create or replace function signalbox.rounds_for(message bigint) returns json
language sql stable set search_path = pg_catalog, signalbox, pg_temp as $$ -- plans: index, no_jit
	select json_agg(json_build_object('said', r.said, 'own_protocol', r.own_protocol, 'own_turn', r.own_turn, 'calls', (
			select json_agg(json_build_object('call', c.uuid, 'call_id', c.call_id, 'name', c.name, 'arguments', c.arguments, 'state', c.state, 'status', c.status, 'why', c.why, 'note', c.note,
				'repeatable', c.repeatable, 'result', case when length(c.result) > 2 * x.told then left(c.result, x.told) || right(c.result, x.told) else c.result end,
				'result_bytes', c.result_bytes, 'has_end', octet_length(c.result) >= c.result_bytes,
				'waits_ms', (select (extract(epoch from k.deadline - clock_timestamp()) * 1000)::bigint from tasks k where k.id = c.uuid and c.state = 'running')) order by c.position)
			from tool_calls c left join tools o on o.id = c.tool_id cross join lateral (select coalesce(o.result_bytes, 16384) as told) x
			where c.message_id = r.message_id and c.round = r.round)) order by r.round)
	from tool_rounds r where r.message_id = rounds_for.message and r.round > 0;
$$;
