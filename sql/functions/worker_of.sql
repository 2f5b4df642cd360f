-- Which worker calls: the one whose key it gives; or, of a version that has none, the one whose id it gives, with the login that said hello. Null: it is
-- somebody else. (An id that is no longer known, or not yet, is whoever says so: nothing is held by it.)
create or replace function signalbox.worker_of(key uuid) returns uuid
language sql stable set search_path = pg_catalog, signalbox, pg_temp as $$
	select case when exists (select from workers w where w.id = worker_id(key) and w.is_bound) then worker_id(key)
	       when not exists (select from workers w where w.id = key and (w.is_bound or w.login <> session_user)) then key end;
$$;
