-- Which worker calls: the one whose key is given; or, for a version without keys, the one whose id is given, if the
-- login is the one that said hello. Null: the caller is another worker. (An id that is not known, or not yet, is
-- accepted from any caller: nothing is held under it.)
-- (In PL/pgSQL, because its plan is kept.)
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
