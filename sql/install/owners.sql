-- Everything of schema signalbox belongs to signalbox_owner: whoever made it, or restored it where that role was missing.
do $$
declare
	c text;
begin
	if to_regnamespace('signalbox') is null then
		create schema signalbox authorization signalbox_owner;
	end if;
	for c in
		select 'schema signalbox' from pg_namespace where nspname = 'signalbox' and nspowner <> 'signalbox_owner'::regrole
		union all
		select case k.relkind when 'S' then 'sequence ' when 'v' then 'view ' else 'table ' end || k.oid::regclass from pg_class k
			where k.relnamespace = 'signalbox'::regnamespace and k.relkind in ('r', 'p', 'S', 'v') and k.relowner <> 'signalbox_owner'::regrole
			  and not exists (select from pg_depend d where d.classid = 'pg_class'::regclass and d.objid = k.oid and d.deptype in ('a', 'i') and k.relkind = 'S')
		union all
		select 'type ' || t.oid::regtype from pg_type t left join pg_class k on k.oid = t.typrelid
			where t.typnamespace = 'signalbox'::regnamespace and t.typowner <> 'signalbox_owner'::regrole and (t.typtype in ('e', 'd') or k.relkind = 'c')
		union all
		select 'function ' || p.oid::regprocedure from pg_proc p where p.pronamespace = 'signalbox'::regnamespace and p.proowner <> 'signalbox_owner'::regrole
	loop
		execute format('alter %s owner to signalbox_owner', c);
	end loop;
end $$;
