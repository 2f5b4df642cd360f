-- Writes the ends of calls of tools. What a call did is true whoever holds the message meanwhile: only a call that was begun again since, by another
-- attempt, is left alone. Idempotent. SB003: the caller is not this worker.
-- records: [{"job_id", "call": uuid, "state": ok | error | unknown, "status", "duration_ms", "result", "result_bytes", "why"}]; result is left out where it
-- is in the journal already (tool_sql.sql).
create or replace function signalbox.tool_end(worker uuid, records jsonb) returns table (job_id uuid, result text)
language plpgsql security definer set search_path = pg_catalog, signalbox, pg_temp as $$ -- plans: index, no_jit
#variable_conflict use_column
begin
	if worker_of(tool_end.worker) is null then
		raise exception 'worker % is somebody else', tool_end.worker using errcode = 'SB003';
	end if;
	update tool_calls c set state = r.state, ended_at = clock_timestamp(), status = r.status, duration_ms = r.duration_ms, why = r.why,
			result = coalesce(r.result, c.result), result_bytes = coalesce(r.result_bytes, c.result_bytes)
		from jsonb_to_recordset(records) r(job_id uuid, call uuid, state text, status int, duration_ms numeric, result text, result_bytes bigint, why text)
		where c.uuid = r.call and (c.job_id = r.job_id or r.state = 'unknown') and (c.state = 'running' or c.state = 'unknown' and r.state <> 'unknown');
	return query select r.job_id, 'written' from jsonb_array_elements(records) with ordinality e(record, n)
		cross join lateral jsonb_to_record(e.record) r(job_id uuid) order by e.n;
end $$;
grant execute on function signalbox.tool_end to signalbox_worker;
