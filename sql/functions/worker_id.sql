-- The id of the worker that has this key: everybody may know it, and nobody finds the key from it.
create or replace function signalbox.worker_id(key uuid) returns uuid
language sql immutable set search_path = pg_catalog, pg_temp as $$
	select substr(encode(sha256(uuid_send(key)), 'hex'), 1, 32)::uuid;
$$;
