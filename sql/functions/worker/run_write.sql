-- Records runs of code for messages, before and after: a record with code begins one, a record with a verdict ends it.
-- Idempotent. SB003: the caller is not this worker.
-- records: [{"run": uuid, "message_id", "job_id": of the attempt, "agent", "kind": calculation | answer, "language", "code", "timeout_ms"}] or
-- [{"run", "job_id", "verdict", "exit_code", "duration_ms", "output", "output_bytes", "why", "interpreter", "limits"}]
create or replace function signalbox.run_write(worker uuid, records jsonb) returns table (job_id uuid, result text)
language plpgsql security definer set search_path = pg_catalog, signalbox, pg_temp as $$ -- plans: index, no_jit
#variable_conflict use_column
declare
	me uuid := worker_of(run_write.worker);
	t  timestamptz := clock_timestamp();
begin
	if me is null then
		raise exception 'worker % is somebody else', run_write.worker using errcode = 'SB003';
	end if;
	insert into runs (uuid, kind, message_id, job_id, agent_id, language, code, code_hash, timeout_ms, made_at, state, worker_name, started_at)
		select r.run, r.kind, r.message_id, r.job_id, (select a.id from agents a where a.slug = r.agent), r.language, r.code, sha256(convert_to(r.code, 'UTF8')),
			r.timeout_ms, t, 'running', (select w.name from workers w where w.id = me), t
		from jsonb_to_recordset(records) r(run uuid, kind text, message_id bigint, job_id uuid, agent text, language text, code text, timeout_ms int) where r.code is not null
		on conflict do nothing;
	update runs o set state = 'ended', ended_at = t, verdict = r.verdict, exit_code = r.exit_code, duration_ms = r.duration_ms, output = r.output,
			output_bytes = r.output_bytes, why = r.why, interpreter = r.interpreter, limits = r.limits
		from jsonb_to_recordset(records) r(run uuid, job_id uuid, verdict text, exit_code int, duration_ms numeric, output text, output_bytes bigint, why text, interpreter text, limits text)
		where r.verdict is not null and o.uuid = any (array[r.run]) and o.job_id = r.job_id and (o.state <> 'ended' or o.verdict = 'lost');
	return query select r.job_id, 'written' from jsonb_array_elements(records) with ordinality e(x, n)
		cross join lateral jsonb_to_record(e.x) r(job_id uuid) order by e.n;
end $$;
grant execute on function signalbox.run_write to signalbox_worker;
