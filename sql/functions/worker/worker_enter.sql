-- Begins an incarnation of a worker: one row, one lease for all that it will hold. key: random, made by the worker,
-- passed with each of its calls as `worker` and never shown. Returns the worker's id. secret_names: the patterns of the
-- worker's setting of this name. SB004: no key or no lease.
create or replace function signalbox.worker_enter(key uuid, name text, version text, concurrency int, agents text[], lease interval, secret_names text)
returns uuid language plpgsql security definer set search_path = pg_catalog, signalbox, pg_temp as $$
begin
	if key is null or worker_enter.lease is null then
		raise exception 'a worker has a key and a lease' using errcode = 'SB004';
	end if;
	insert into workers (id, name, version, concurrency, agents, lease_until, is_bound, login, secret_names)
		values (worker_id(key), left(worker_enter.name, 200), left(worker_enter.version, 100), greatest(1, least(worker_enter.concurrency, 20000)), worker_enter.agents,
			clock_timestamp() + lease_length(worker_enter.lease), true, session_user, left(worker_enter.secret_names, 2000))
		on conflict do nothing;    -- sent again because the answer to the first was lost
	return worker_id(key);
end $$;
grant execute on function signalbox.worker_enter to signalbox_worker;
