-- Whoever asked waits no longer. A worker that has it notices with its next word of progress.
create or replace function signalbox.work_cancel(work bigint, actor text) returns void
language sql security definer set search_path = pg_catalog, signalbox, pg_temp as $$
	update work w set state = 'cancelled', ended_at = clock_timestamp() where w.id = work_cancel.work and w.state in ('queued', 'running');
$$;
