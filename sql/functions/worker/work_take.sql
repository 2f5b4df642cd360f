-- The form of work_begin() and work_args() for workers before version 13.
create or replace function signalbox.work_take(worker uuid) returns table (id bigint, job_id uuid, kind text, args jsonb, spec jsonb)
language sql security definer set search_path = pg_catalog, signalbox, pg_temp as $$
	select b.id, b.job_id, 'intent_eval', a.args, a.spec from work_begin(work_take.worker) b cross join lateral work_args(b.id, b.job_id) a;
$$;
grant execute on function signalbox.work_take to signalbox_worker;
