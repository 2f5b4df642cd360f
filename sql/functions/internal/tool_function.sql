-- An application's function as SQL writes its name, with what needs quotes in quotes; null where none of that name takes (arguments jsonb, context jsonb) and
-- returns text or JSON. Functions of the system's schemas and of ours are none.
create or replace function signalbox.tool_function(name text) returns text
language plpgsql stable set search_path = pg_catalog, signalbox, pg_temp as $$
begin
	return (select format('%I.%I', n.nspname, p.proname) from pg_proc p join pg_namespace n on n.oid = p.pronamespace
		where p.oid = to_regprocedure(name || '(jsonb,jsonb)') and p.prokind = 'f' and not p.proretset and p.prorettype in ('text'::regtype, 'json'::regtype, 'jsonb'::regtype)
		and n.nspname not in ('signalbox', 'pg_catalog', 'information_schema', 'pg_temp'));
exception when syntax_error or invalid_name or undefined_object or invalid_schema_name or feature_not_supported then
	return null;
end $$;
