-- An application may read what it dispatched itself; viewers and operators may read everything, unless they act for a
-- token. (In PL/pgSQL, because its plan is kept.)
create or replace function signalbox.may_read(session bigint) returns boolean
language plpgsql stable set search_path = pg_catalog, signalbox, pg_temp as $$
begin
	return acting_token() is null and pg_has_role(session_user, 'signalbox_viewer', 'member')
	    or exists (select from ai_sessions s where s.id = session and s.application = signalbox.application());
end $$;
