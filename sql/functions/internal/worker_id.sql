-- The id of the worker that has this key: the id is public, and the key cannot be computed from it. (No search_path
-- setting, so that it is inlined.)
create or replace function signalbox.worker_id(key uuid) returns uuid
language sql immutable as $$
	select substr(encode(pg_catalog.sha256(pg_catalog.uuid_send(key)), 'hex'), 1, 32)::uuid;
$$;
