-- A worker's incarnation begins: one row, one lease for all it will hold.
create or replace function signalbox.worker_hello(id uuid, name text, version text, concurrency int, agents text[], lease interval) returns void
language sql security definer set search_path = pg_catalog, signalbox, pg_temp as $$
	insert into workers (id, name, version, concurrency, agents, lease_until)
		values (id, name, version, concurrency, agents, clock_timestamp() + lease)
		on conflict do nothing;    -- sent again because the answer to the first was lost
$$;
