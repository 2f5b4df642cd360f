-- Whether the worker `me` may report the result of a job that `holder` held. Versions without keys continue under
-- another id after they lost their lease.
create or replace function signalbox.same_worker(holder uuid, me uuid) returns boolean
language sql stable set search_path = pg_catalog, signalbox, pg_temp as $$
	select holder is null or holder = me
	    or exists (select from workers h where h.id = holder and not h.is_bound and coalesce(h.login = session_user, true))
	       and not exists (select from workers w where w.id = me and w.is_bound);
$$;
