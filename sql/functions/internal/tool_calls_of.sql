-- The calls of tools for a message, for people: in the order in which the model made them. Texts are cut at cap characters.
create or replace function signalbox.tool_calls_of(message bigint, cap int) returns jsonb
language sql stable set search_path = pg_catalog, signalbox, pg_temp as $$ -- plans: index, no_jit
	select coalesce(jsonb_agg(jsonb_build_object('call', c.uuid, 'round', abs(c.round) % 1000, 'given_up', c.round < 0, 'position', c.position, 'name', c.name, 'kind', o.kind, 'job_id', c.job_id, 'state', c.state, 'runs', c.runs,
			'arguments', left(c.arguments, cap), 'note', c.note, 'status', c.status, 'why', nullif(c.why, ''), 'result', left(c.result, cap), 'result_bytes', c.result_bytes,
			'truncated', coalesce(c.result_bytes > octet_length(c.result) or length(c.result) > cap, false), 'duration_ms', round(c.duration_ms), 'worker', c.worker_name,
			'at', utc(c.started_at), 'ended_at', utc(c.ended_at)) order by c.id), '[]')
	from tool_calls c left join tools o on o.id = c.tool_id where c.message_id = tool_calls_of.message;
$$;
