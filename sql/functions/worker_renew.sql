-- Renews the lease, by the database's clock, and answers the jobs to stop. No row: the lease was lost, all its jobs are somebody else's.
create or replace function signalbox.worker_renew(id uuid, lease interval, draining boolean) returns table (stop uuid[])
language sql security definer set search_path = pg_catalog, signalbox, pg_temp as $$
	with alive as (
		update workers w set lease_until = clock_timestamp() + lease, is_draining = draining
		where w.id = worker_renew.id and w.ended_at is null returning w.id
	), stopped as (
		delete from stops s where s.worker_id = worker_renew.id returning s.job_id
	)
	select array(select job_id from stopped) from alive;
$$;
