-- The application that speaks. A login speaks for the role that was granted signalbox_app, be it that role or a member of it: so an application may have
-- several logins, and get new ones. Who has it from nowhere (an operator, a superuser) speaks for himself.
create or replace function signalbox.application() returns text
language sql stable set search_path = pg_catalog, signalbox, pg_temp as $$
	select coalesce((
		select pg_get_userbyid(m.member) from pg_auth_members m
		where m.roleid = to_regrole('signalbox_app') and pg_has_role(session_user, m.member, 'member')
		  and not (select r.rolsuper from pg_roles r where r.rolname = session_user)    -- who is a member of everything
		order by m.member = to_regrole(quote_ident(session_user)), 1 limit 1), session_user)::text;
$$;
