-- The sequences that number a table's rows, with their positions: a trial moves them, and a rollback does not move them
-- back.
create or replace function signalbox.adopt_counters(rel regclass) returns jsonb
language plpgsql set search_path = pg_catalog, signalbox, pg_temp as $$
declare
	seq   regclass;
	found jsonb := '[]';
	here  jsonb;
begin
	for seq in select s.oid from pg_class s where s.relkind = 'S' and s.oid in (
			select objid from pg_depend where refobjid = rel and classid = 'pg_class'::regclass and deptype in ('a', 'i')
			union select d.refobjid from pg_attrdef a join pg_depend d on d.classid = 'pg_attrdef'::regclass and d.objid = a.oid where a.adrelid = rel) loop
		execute format('select jsonb_build_object(''seq'', %L, ''last'', last_value, ''called'', is_called) from %s', seq, seq) into here;
		found := found || here;
	end loop;
	return found;
end $$;
