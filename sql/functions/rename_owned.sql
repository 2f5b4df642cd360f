-- Changes the prefix of the names of a table's indexes and sequences, so that two tables can live in one schema.
create or replace function signalbox.rename_owned(rel regclass, from_prefix text, to_prefix text) returns void
language plpgsql set search_path = pg_catalog, signalbox, pg_temp as $$
declare
	c record;
begin
	for c in select x.oid::regclass as name, x.relname, x.relkind from pg_class x
	         where x.oid in (select indexrelid from pg_index where indrelid = rel)
	            or x.oid in (select objid from pg_depend where refobjid = rel and classid = 'pg_class'::regclass and deptype in ('a', 'i')
	                         and objid in (select oid from pg_class where relkind = 'S')) loop
		if c.relkind = 'S' then
			execute format('alter sequence %s rename to %I', c.name, to_prefix || substr(c.relname, length(from_prefix) + 1));
		else
			execute format('alter index %s rename to %I', c.name, to_prefix || substr(c.relname, length(from_prefix) + 1));
		end if;
	end loop;
end $$;
