-- Stores how many parts are done. False: the work was cancelled, or another worker has it now.
create or replace function signalbox.work_progress(work bigint, job uuid, done int) returns boolean
language sql security definer set search_path = pg_catalog, signalbox, pg_temp as $$
	with u as (update work w set done = work_progress.done where w.id = work and w.job_id = job and w.state = 'running' returning 1)
	select exists (select from u);
$$;
grant execute on function signalbox.work_progress to signalbox_worker;
