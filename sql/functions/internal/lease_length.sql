-- How long a worker may be silent at most: what it asks for, within what its setting allows.
create or replace function signalbox.lease_length(asked interval) returns interval
language sql immutable set search_path = pg_catalog, pg_temp as $$
	select greatest(interval '1 s', least(asked, interval '1 h'));
$$;
