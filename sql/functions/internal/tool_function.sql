-- An application's function as SQL writes its name, with what needs quotes in quotes; null where none of that name takes (arguments jsonb, context jsonb) and
-- returns text or JSON. Looked up in the catalogue, so that our owner needs no right on its schema. Functions of the system's schemas and of ours are none.
create or replace function signalbox.tool_function(name text) returns text
language plpgsql stable set search_path = pg_catalog, signalbox, pg_temp as $$
begin
	return (select format('%I.%I', n.nspname, p.proname) from pg_namespace n join pg_proc p on p.pronamespace = n.oid
		where array[n.nspname, p.proname]::text[] = parse_ident(name) and p.pronargs = 2 and p.proargtypes[0] = 'jsonb'::regtype and p.proargtypes[1] = 'jsonb'::regtype
		and p.prokind = 'f' and not p.proretset and p.prorettype in ('text'::regtype, 'json'::regtype, 'jsonb'::regtype)
		and n.nspname not in ('signalbox', 'pg_catalog', 'information_schema') and n.nspname !~ '^pg_');
exception when invalid_parameter_value then    -- no identifier
	return null;
end $$;
