-- The id of the worker that has this key: everybody may know it, and nobody finds the key from it. (Without a search_path of its own: it is inlined.)
create or replace function signalbox.worker_id(key uuid) returns uuid
language sql immutable as $$
	select substr(encode(pg_catalog.sha256(pg_catalog.uuid_send(key)), 'hex'), 1, 32)::uuid;
$$;
