-- What a taken work is: its kind, its arguments, and more data for its kind (of intent_eval: how the texts are
-- classified; of exec: the code). A separate call, because arguments may be 20 MB, and nothing may be sent to a client while lock_claim is
-- held. No row: this job no longer holds the work.
create or replace function signalbox.work_args(work bigint, job uuid) returns table (kind text, args jsonb, spec jsonb)
language sql stable security definer set search_path = pg_catalog, signalbox, pg_temp as $$
	select w.kind, w.args, case w.kind when 'intent_eval' then (select intent_spec(a.id) from agents a where a.slug = w.args ->> 'agent')
		when 'exec' then (select jsonb_build_object('language', r.language, 'code', r.code, 'timeout_ms', r.timeout_ms) from runs r where r.id = (w.args ->> 'run')::bigint) end
	from work w where w.id = work_args.work and w.job_id = job and w.state = 'running';
$$;
grant execute on function signalbox.work_args to signalbox_worker;
