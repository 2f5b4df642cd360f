-- Sets sequences back to the saved positions.
create or replace function signalbox.adopt_counters_set(counters jsonb) returns void
language sql set search_path = pg_catalog, signalbox, pg_temp as $$
	select setval((c ->> 'seq')::regclass, (c ->> 'last')::bigint, (c ->> 'called')::boolean) from jsonb_array_elements(counters) c;
$$;
