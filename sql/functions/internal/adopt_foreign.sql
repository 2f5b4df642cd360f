-- Code that belongs to a role without superuser and would run when we write to a table: triggers (with their oid), and
-- functions, operators and types in defaults, checks, indexes, generated columns, policies and statistics. Their owner
-- may change this code at any time.
create or replace function signalbox.adopt_foreign(rel regclass) returns table (trigger oid, what text)
language sql stable set search_path = pg_catalog, signalbox, pg_temp as $$
	with parts as (
		select 'pg_attrdef'::regclass as class, oid as id, 'a default' as what from pg_attrdef where adrelid = rel
		union all select 'pg_constraint'::regclass, oid, format('constraint %I', conname) from pg_constraint where conrelid = rel
		union all select 'pg_class'::regclass, indexrelid, format('index %s', indexrelid::regclass) from pg_index where indrelid = rel
		union all select 'pg_policy'::regclass, oid, format('policy %I', polname) from pg_policy where polrelid = rel
		union all select 'pg_statistic_ext'::regclass, oid, format('statistics %I', stxname) from pg_statistic_ext where stxrelid = rel
	), theirs as (
		select oid from pg_roles where not rolsuper
	)
	select null::oid, format('%s uses %s', p.what, pg_describe_object(d.refclassid, d.refobjid, 0))
	from parts p join pg_depend d on d.classid = p.class and d.objid = p.id
	where d.refclassid = 'pg_proc'::regclass and (select proowner from pg_proc where oid = d.refobjid) in (select oid from theirs)
	   or d.refclassid = 'pg_operator'::regclass and (select oprowner from pg_operator where oid = d.refobjid) in (select oid from theirs)
	union all
	select null, format('column %I is of type %s', a.attname, a.atttypid::regtype)
	from pg_attribute a join pg_type t on t.oid = a.atttypid join pg_type b on b.oid = case when t.typelem <> 0 and t.typcategory = 'A' then t.typelem else t.oid end
	where a.attrelid = rel and a.attnum > 0 and not a.attisdropped and b.typtype <> 'e' and b.typowner in (select oid from theirs)
	union all
	select t.oid, format('trigger %I runs %s', t.tgname, t.tgfoid::regproc)
	from pg_trigger t where t.tgrelid = rel and not t.tgisinternal
	 and ((select proowner from pg_proc where oid = t.tgfoid) in (select oid from theirs)
	      or exists (select from pg_depend d join pg_proc p on p.oid = d.refobjid where d.classid = 'pg_trigger'::regclass and d.objid = t.oid
	                 and d.refclassid = 'pg_proc'::regclass and p.proowner in (select oid from theirs)));
$$;
