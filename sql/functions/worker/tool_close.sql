-- Writes the result of a call of kind sql, in the transaction in which it was run.
create or replace function signalbox.tool_close(call uuid, job uuid, said text, bytes bigint, failure text) returns void
language sql security definer set search_path = pg_catalog, signalbox, pg_temp as $$
	update tool_calls c set state = case when failure is null then 'ok' else 'error' end, ended_at = clock_timestamp(), result = said, result_bytes = bytes, why = failure,
			duration_ms = extract(epoch from clock_timestamp() - c.started_at) * 1000
		where c.uuid = call and c.job_id = job and c.state = 'running';
$$;
grant execute on function signalbox.tool_close to signalbox_worker;
