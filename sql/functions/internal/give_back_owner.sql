-- Restores the owner, rights, row security and triggers of an adopted table.
create or replace function signalbox.give_back_owner(rel regclass, had jsonb) returns void
language plpgsql set search_path = pg_catalog, signalbox, pg_temp as $$
declare
	x record;
	t jsonb;
begin
	if had ->> 'row_security' = 'forced' then
		execute format('alter table %s force row level security', rel);
	elsif had ->> 'row_security' = 'on' then
		execute format('drop policy if exists signalbox_adopted on %s', rel);
	end if;
	perform adopt_owner(rel, (had ->> 'owner')::name);
	for x in select distinct g.grantee from pg_class c cross join aclexplode(c.relacl) g where c.oid = rel loop
		execute format('revoke all on %s from %s cascade', rel, case x.grantee when 0 then 'public' else x.grantee::regrole::text end);
	end loop;
	for x in select g.what, case g.to when '-' then 'public' else g.to end as grantee, g.on, g.to = quote_ident(had ->> 'owner') as is_owner
	         from jsonb_to_recordset(had -> 'grants') g("to" text, what text, "on" boolean)
	         where g.to = '-' or exists (select from pg_roles r where quote_ident(r.rolname) = g.to) loop
		execute format('grant %s on %s to %s %s', x.what, rel, x.grantee, case when x.on and not x.is_owner then 'with grant option' end);
	end loop;
	for t in select * from jsonb_array_elements(had -> 'triggers') loop
		perform adopt_trigger(rel, t, false);
	end loop;
	for t in select * from jsonb_array_elements(had -> 'lent') loop
		execute format('revoke usage on %s %s from signalbox_owner', t ->> 'kind', t ->> 'name');
	end loop;
end $$;
