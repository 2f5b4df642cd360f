-- What a taken work is: its kind, its arguments, and what its kind is told besides (of intent_eval: how the texts are classified). Asked by itself, because
-- arguments may be 20 MB, and nothing is sent while the claims' lock is held. No row: it is not this job's any more.
create or replace function signalbox.work_args(work bigint, job uuid) returns table (kind text, args jsonb, spec jsonb)
language sql stable security definer set search_path = pg_catalog, signalbox, pg_temp as $$
	select w.kind, w.args, case w.kind when 'intent_eval' then (select intent_spec(a.id) from agents a where a.slug = w.args ->> 'agent') end
	from work w where w.id = work_args.work and w.job_id = job and w.state = 'running';
$$;
grant execute on function signalbox.work_args to signalbox_worker;
