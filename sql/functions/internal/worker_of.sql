-- Which worker calls: the one whose key it gives; or, of a version that has none, the one whose id it gives, with the login that said hello. Null: it is
-- somebody else. (An id that is no longer known, or not yet, is whoever says so: nothing is held by it.)
-- (In plpgsql, because a plan of it is kept.)
create or replace function signalbox.worker_of(key uuid) returns uuid
language plpgsql stable set search_path = pg_catalog, signalbox, pg_temp as $$
declare
	bound uuid := worker_id(key);
begin
	if exists (select from workers w where w.id = bound and w.is_bound) then
		return bound;
	elsif not exists (select from workers w where w.id = key and (w.is_bound or w.login <> session_user)) then
		return key;
	end if;
	return null;
end $$;
