-- The checks and indexes of a table, by name, with the text of their definitions: changing a column's type and back may
-- leave a different text with the same meaning.
create or replace function signalbox.adopt_defs(rel regclass) returns table (name name, kind "char", def text, schema name)
language sql stable set search_path = pg_catalog, signalbox, pg_temp as $$
	select conname, 'c'::"char", pg_get_constraintdef(oid), null::name from pg_constraint where conrelid = rel and contype = 'c'
	union all
	select c.relname, 'i', pg_get_indexdef(i.indexrelid), n.nspname from pg_index i join pg_class c on c.oid = i.indexrelid join pg_namespace n on n.oid = c.relnamespace
	where i.indrelid = rel and not exists (select from pg_constraint k where k.conindid = i.indexrelid and k.conrelid = rel and k.contype <> 'f');
$$;
