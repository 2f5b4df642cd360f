-- Gives a table to another owner. The new owner needs the right to create in the table's schema: where it has not got
-- this right, it gets it for this moment only.
create or replace function signalbox.adopt_owner(rel regclass, owner name) returns void
language plpgsql set search_path = pg_catalog, signalbox, pg_temp as $$
declare
	place name := (select n.nspname from pg_class c join pg_namespace n on n.oid = c.relnamespace where c.oid = rel);
	may   boolean := has_schema_privilege(owner, place, 'create');
begin
	if not may then
		execute format('grant create on schema %I to %I', place, owner);
	end if;
	execute format('alter table %s owner to %I', rel, owner);
	if not may then
		execute format('revoke create on schema %I from %I', place, owner);
	end if;
end $$;
