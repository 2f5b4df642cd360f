-- The application of the caller: of a request over HTTP its token (token:ID), else of the calling login. A login speaks
-- for the role that was granted signalbox_app, as this role itself or as a member of it: so an application may have
-- several logins, and get new ones. A login that no such role covers (an operator, a superuser) speaks for itself.
-- (Called with each call of an application: in PL/pgSQL, because its plan is kept.)
create or replace function signalbox.application() returns text
language plpgsql stable set search_path = pg_catalog, signalbox, pg_temp as $$
declare
	me  oid := to_regrole(quote_ident(session_user));
	who oid;
	token int := acting_token();
begin
	if token is not null then
		return 'token:' || token;
	end if;
	select m.member into who from pg_auth_members m
		where m.roleid = to_regrole('signalbox_app') and pg_has_role(me, m.member, 'member')
		order by m.member = me, pg_get_userbyid(m.member) limit 1;
	if who is null or (select r.rolsuper from pg_roles r where r.oid = me) then    -- a superuser is a member of everything
		return session_user;
	end if;
	return pg_get_userbyid(who);
end $$;
