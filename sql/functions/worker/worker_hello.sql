-- The form of worker_enter() for workers before version 11, which have no key: they are known by their id and their
-- login.
create or replace function signalbox.worker_hello(id uuid, name text, version text, concurrency int, agents text[], lease interval) returns void
language sql security definer set search_path = pg_catalog, signalbox, pg_temp as $$
	insert into workers (id, name, version, concurrency, agents, lease_until, login)
		values (id, left(name, 200), left(version, 100), greatest(1, least(concurrency, 100000)), agents, clock_timestamp() + lease_length(lease), session_user)
		on conflict do nothing;    -- sent again because the answer to the first was lost
$$;
grant execute on function signalbox.worker_hello to signalbox_worker;
