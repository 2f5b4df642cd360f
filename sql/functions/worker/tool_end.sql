-- Writes the ends of calls of tools. What a call did is true whoever holds the message meanwhile: only a call that was begun again since, by another
-- attempt, is left alone. SB003: the caller is not this worker.
-- records: [{"job_id", "call": uuid, "state": ok | error | refused | unknown, "status", "duration_ms", "result", "result_bytes", "why", "goes_on"}].
-- goes_on: a process whose answer the message does not wait for: its task is not over.
-- Returns (job_id, result): written; lost: the journal says otherwise; busy: the call is locked, send it again. Idempotent.
create or replace function signalbox.tool_end(worker uuid, records jsonb) returns table (job_id uuid, result text)
language plpgsql security definer set search_path = pg_catalog, signalbox, pg_temp as $$ -- plans: index, no_jit
#variable_conflict use_column
declare
	t timestamptz := clock_timestamp();
	r record;
	c tool_calls;
begin
	if worker_of(tool_end.worker) is null then
		raise exception 'worker % is somebody else', tool_end.worker using errcode = 'SB003';
	end if;
	for r in select x.* from jsonb_array_elements(records) with ordinality e(record, n)
			cross join lateral jsonb_to_record(e.record) x(job_id uuid, call uuid, state text, status int, duration_ms numeric, result text, result_bytes bigint, why text, goes_on boolean) order by e.n loop
		job_id := r.job_id;
		select * into c from tool_calls o where o.uuid = r.call for update skip locked;
		if not found then
			result := case when exists (select from tool_calls o where o.uuid = r.call) then 'busy' else 'lost' end;
		elsif (c.state = 'running' or c.state = 'unknown' and r.state <> 'unknown') and (c.job_id = r.job_id or r.state in ('unknown', 'error', 'refused') and c.state = 'running') then
			update tool_calls o set state = r.state, ended_at = t, status = r.status, duration_ms = r.duration_ms, why = r.why, result = r.result, result_bytes = r.result_bytes where o.uuid = r.call;
			update tasks k set status = case r.state when 'ok' then 'success' when 'unknown' then 'unknown' else 'failed' end, ended_at = t, result = r.result
				where k.id = r.call and k.status = 'running' and r.goes_on is not true;
			result := 'written';
		else
			result := case when c.state = r.state then 'written' else 'lost' end;
		end if;
		return next;
	end loop;
end $$;
grant execute on function signalbox.tool_end to signalbox_worker;
