-- After a migration: the adopted table gets or loses the columns that our own table got or lost, and stands behind the
-- view ai_messages again.
create or replace function signalbox.adopted_again() returns void
language plpgsql set search_path = pg_catalog, signalbox, pg_temp as $$
declare
	a     adopted;
	added text[];
	c     record;
begin
	select * into a from adopted;
	if not found or exists (select from pg_class where oid = 'signalbox.ai_messages'::regclass and relkind = 'v') then
		return;
	end if;
	added := array(select jsonb_array_elements_text(a.had -> 'added'));
	for c in select o.attname as name, format_type(o.atttypid, o.atttypmod) as type, pg_get_expr(d.adbin, d.adrelid) as def, o.attnotnull as must
	         from pg_attribute o left join pg_attrdef d on d.adrelid = o.attrelid and d.adnum = o.attnum
	         where o.attrelid = 'signalbox.ai_messages'::regclass and o.attnum > 0 and not o.attisdropped
	           and not exists (select from pg_attribute t where t.attrelid = a.rel and t.attname = o.attname and not t.attisdropped) order by o.attnum loop
		execute format('alter table %s add column %I %s %s %s', a.rel, c.name, c.type, 'default ' || c.def, case when c.must then 'not null' end);
		added := added || c.name::text;
	end loop;
	for c in select t.name from unnest(added) t(name) where t.name <> 'signalbox_session'
	         and not exists (select from pg_attribute o where o.attrelid = 'signalbox.ai_messages'::regclass and o.attname = t.name and not o.attisdropped) loop
		execute format('alter table %s drop column %I', a.rel, c.name);
		added := array_remove(added, c.name);
	end loop;
	update adopted set had = jsonb_set(had, '{added}', to_jsonb(added));
	alter table signalbox.ai_messages rename to ai_messages_own;
	perform adopted_view(a.rel);
end $$;
