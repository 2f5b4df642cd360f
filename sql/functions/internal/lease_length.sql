-- How long a worker may be silent: as long as it asks for, but at least 1 s and at most 1 h.
create or replace function signalbox.lease_length(asked interval) returns interval
language sql immutable set search_path = pg_catalog, pg_temp as $$
	select greatest(interval '1 s', least(asked, interval '1 h'));
$$;
