-- Creates a trigger of the application again: as it was, or (only_theirs) so that it fires only for what roles other
-- than signalbox_owner write.
create or replace function signalbox.adopt_trigger(rel regclass, trigger jsonb, only_theirs boolean) returns void
language plpgsql set search_path = pg_catalog, signalbox, pg_temp as $$
declare
	def text := trigger ->> 'def';
begin
	if only_theirs and def like '% WHEN (%' then
		def := replace(replace(def, ' WHEN (', ' WHEN (current_user <> ''signalbox_owner'' AND ('), ') EXECUTE FUNCTION ', ')) EXECUTE FUNCTION ');
	elsif only_theirs then
		def := replace(def, ' EXECUTE FUNCTION ', ' WHEN (current_user <> ''signalbox_owner'') EXECUTE FUNCTION ');
	end if;
	execute def;
	if trigger ->> 'enabled' <> 'O' then
		execute format('alter table %s %s trigger %I', rel,
			case trigger ->> 'enabled' when 'D' then 'disable' when 'R' then 'enable replica' else 'enable always' end, trigger ->> 'name');
	end if;
end $$;
