-- Makes a table ours: its owner can still read and write, but no code of the owner runs for what we write. Returns how
-- to undo it.
create or replace function signalbox.adopt_take(rel regclass, skip_triggers boolean) returns jsonb
language plpgsql set search_path = pg_catalog, signalbox, pg_temp as $$
declare
	c      pg_class;
	place  name;
	theirs name;
	x      record;
	had    jsonb;
	quiet  jsonb := '[]';
	lent   jsonb := '[]';
begin
	select * into c from pg_class where oid = rel;
	theirs := pg_get_userbyid(c.relowner);
	select nspname into place from pg_namespace where oid = c.relnamespace;
	had := jsonb_build_object('owner', theirs, 'row_security', case when c.relrowsecurity then case when c.relforcerowsecurity then 'forced' else 'on' end end,
		'grants', (select jsonb_agg(jsonb_build_object('to', g.grantee::regrole, 'what', g.privilege_type, 'on', g.is_grantable) order by g.grantee = c.relowner desc)
		           from aclexplode(coalesce(c.relacl, acldefault('r', c.relowner))) g));
	if skip_triggers then
		for x in select t.oid, t.tgname, t.tgenabled from adopt_foreign(rel) f join pg_trigger t on t.oid = f.trigger order by t.tgname loop
			quiet := quiet || jsonb_build_object('name', x.tgname, 'def', pg_get_triggerdef(x.oid), 'enabled', x.tgenabled);
			execute format('drop trigger %I on %s', x.tgname, rel);
		end loop;
	end if;
	if not has_schema_privilege('signalbox_owner', place, 'usage') then
		execute format('grant usage on schema %I to signalbox_owner', place);
		lent := lent || jsonb_build_object('kind', 'schema', 'name', format('%I', place));
	end if;
	-- A sequence that a default uses and that no column owns stays the application's: a sequence only counts.
	for x in select d.refobjid::regclass as seq from pg_attrdef a join pg_depend d on d.classid = 'pg_attrdef'::regclass and d.objid = a.oid
	         join pg_class s on s.oid = d.refobjid and s.relkind = 'S'
	         where a.adrelid = rel and not exists (select from pg_depend o where o.classid = 'pg_class'::regclass and o.objid = s.oid and o.refobjid = rel and o.deptype in ('a', 'i'))
	           and case s.relkind when 'S' then not has_sequence_privilege('signalbox_owner', s.oid, 'usage') end loop
		execute format('grant usage on sequence %s to signalbox_owner', x.seq);
		lent := lent || jsonb_build_object('kind', 'sequence', 'name', x.seq::text);
	end loop;
	perform adopt_owner(rel, 'signalbox_owner');
	-- A role with TRIGGER could add code that runs as ours; a role with TRUNCATE could delete messages without the
	-- queue.
	for x in select distinct g.grantee from pg_class k cross join aclexplode(k.relacl) g where k.oid = rel and g.grantee <> k.relowner
	         and g.privilege_type in ('TRIGGER', 'TRUNCATE') loop
		execute format('revoke trigger, truncate on %s from %s cascade', rel, case x.grantee when 0 then 'public' else x.grantee::regrole::text end);
	end loop;
	if theirs <> 'signalbox_owner' then
		execute format('grant select, insert, update, delete, references on %s to %I', rel, theirs);
		for x in select d.objid::regclass as seq from pg_depend d join pg_class s on s.oid = d.objid and s.relkind = 'S'
		         where d.refobjid = rel and d.classid = 'pg_class'::regclass and d.deptype in ('a', 'i') loop
			execute format('grant select, usage, update on sequence %s to %I', x.seq, theirs);
		end loop;
	end if;
	if c.relforcerowsecurity then
		execute format('alter table %s no force row level security', rel);
	elsif c.relrowsecurity then
		execute format('create policy signalbox_adopted on %s to %I using (true) with check (true)', rel, theirs);
	end if;
	return had || jsonb_build_object('triggers', quiet, 'lent', lent);
end $$;
