-- Locks this table exclusively until the transaction ends, and checks that its name still refers to the same table
-- (SB003).
create or replace function signalbox.adopt_lock(rel regclass) returns void
language plpgsql set search_path = pg_catalog, signalbox, pg_temp as $$
declare
	word text := rel::text;
begin
	execute format('lock table %s in access exclusive mode', word);
	if to_regclass(word) is distinct from rel or not exists (select from pg_class where oid = rel and relkind in ('r', 'p')) then
		raise exception '% was renamed meanwhile', word using errcode = 'SB003';
	end if;
end $$;
