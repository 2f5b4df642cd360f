-- Everything that pg_dump would write about a table except its rows, one line each: what give_back() must restore.
create or replace function signalbox.adopt_shape(rel regclass) returns text[]
language sql stable set search_path = pg_catalog, signalbox, pg_temp as $$
	select array_agg(x order by x) from (
		select format('owner %I, row security %s, forced %s, replica identity %s, options %s, persistence %s', pg_get_userbyid(relowner), relrowsecurity,
			relforcerowsecurity, relreplident, reloptions, relpersistence) from pg_class where oid = rel
		union all
		select format('column %I %s%s default %s identity %s generated %s collation %s storage %s options %s grants %s',
			a.attname, format_type(a.atttypid, a.atttypmod), case when a.attnotnull then ' not null' end, pg_get_expr(d.adbin, d.adrelid), a.attidentity,
			a.attgenerated, a.attcollation::regcollation, a.attstorage, a.attoptions, a.attacl)
		from pg_attribute a left join pg_attrdef d on d.adrelid = a.attrelid and d.adnum = a.attnum
		where a.attrelid = rel and a.attnum > 0 and not a.attisdropped
		union all
		select format('constraint %I %s', conname, pg_get_constraintdef(oid)) from pg_constraint where conrelid = rel
		union all
		select format('index %s valid %s cluster %s identity %s', pg_get_indexdef(indexrelid), indisvalid, indisclustered, indisreplident) from pg_index where indrelid = rel
		union all
		select format('trigger %s enabled %s', pg_get_triggerdef(oid), tgenabled) from pg_trigger where tgrelid = rel and not tgisinternal
		union all
		select format('policy %I %s %s to %s using %s check %s', polname, polcmd, polpermissive, polroles::regrole[], pg_get_expr(polqual, polrelid), pg_get_expr(polwithcheck, polrelid))
		from pg_policy where polrelid = rel
		union all
		select format('grant %s to %s by %s, grant option %s', g.privilege_type, g.grantee::regrole, g.grantor::regrole, g.is_grantable)
		from pg_class c cross join aclexplode(coalesce(c.relacl, acldefault('r', c.relowner))) g where c.oid = rel
		union all
		select format('comment %s %s', objsubid, description) from pg_description where objoid = rel and classoid = 'pg_class'::regclass
		union all
		select format('sequence %s %s owner %s type %s', d.objid::regclass, d.deptype, pg_get_userbyid(c.relowner), s.seqtypid::regtype)
		from pg_depend d join pg_class c on c.oid = d.objid and c.relkind = 'S' join pg_sequence s on s.seqrelid = c.oid
		where d.refobjid = rel and d.classid = 'pg_class'::regclass and d.deptype in ('a', 'i')
	) s(x);
$$;
