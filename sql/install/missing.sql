-- -> line text, is_owners bool
-- What another role must do before this login can migrate: SQL, one statement per row; is_owners: owners.sql must be
-- run.
with roles(r, ord) as (
	select * from unnest(array['signalbox_owner', 'signalbox_app', 'signalbox_viewer', 'signalbox_operator', 'signalbox_admin', 'signalbox_worker']) with ordinality
), members(r, m) as (
	values ('signalbox_viewer', 'signalbox_operator'), ('signalbox_operator', 'signalbox_admin')
), missing as (
	select format('create role %I nologin;', r) as line, ord, false as is_owners from roles where to_regrole(r) is null
	union all
	select format('grant %I to %I;', r, m), 10, false from members
		where case when to_regrole(r) is null or to_regrole(m) is null then true else not pg_has_role(m, r, 'member') end
	union all
	select format('grant signalbox_owner to %I%s;', current_user, case when current_setting('server_version_num')::int >= 160000 then ' with inherit true, set true' else '' end), 20, false
		where case when to_regrole('signalbox_owner') is null then true
			else not (pg_has_role('signalbox_owner', 'usage')
				and pg_has_role('signalbox_owner', case when current_setting('server_version_num')::int >= 160000 then 'set' else 'member' end)) end
	union all
	select 'create schema signalbox authorization signalbox_owner;', 30, false
		where to_regnamespace('signalbox') is null and not has_database_privilege(current_database(), 'create')
	union all
	select '', 40, true
		where exists (select from pg_namespace n where n.nspname = 'signalbox' and not (pg_has_role(n.nspowner, 'usage')
				and (n.nspowner = to_regrole('signalbox_owner') or has_database_privilege(current_database(), 'create'))))
		   or exists (select from pg_class k where k.relnamespace = to_regnamespace('signalbox') and not pg_has_role(k.relowner, 'usage'))
		   or exists (select from pg_proc p where p.pronamespace = to_regnamespace('signalbox') and not pg_has_role(p.proowner, 'usage'))
)
select line, is_owners from missing order by ord, line
