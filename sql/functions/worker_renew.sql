-- Renews the lease, by the database's clock, and answers the jobs to stop, and whether somebody asked the worker to end. No row: the lease was lost, all
-- its jobs are somebody else's. id: as worker_of() takes it. facts: {"rss": bytes of memory, "calls": {provider: calls under way}}, null from older workers.
create or replace function signalbox.worker_renew(id uuid, lease interval, draining boolean, facts jsonb default null) returns table (stop uuid[], drain boolean)
language sql security definer set search_path = pg_catalog, signalbox, pg_temp as $$
	with alive as (
		update workers w set lease_until = clock_timestamp() + lease_length(lease), is_draining = draining,
			rss_bytes = (facts ->> 'rss')::bigint, calls = case when octet_length(facts::text) < 65536 then facts -> 'calls' end
		where w.id = (select worker_of(worker_renew.id)) and w.ended_at is null returning w.id, w.drain_by
	), stopped as (
		delete from stops s where s.worker_id = (select worker_of(worker_renew.id)) returning s.job_id
	)
	select array(select job_id from stopped), alive.drain_by is not null from alive;
$$;
