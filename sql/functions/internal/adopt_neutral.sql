-- The value of a type for "nothing yet": the default for columns that the application always writes itself. Null: the
-- type has none.
create or replace function signalbox.adopt_neutral(type oid) returns text
language sql stable set search_path = pg_catalog, signalbox, pg_temp as $$
	select case
		when typcategory = 'D' and typname in ('timestamp', 'date', 'timestamptz', 'time', 'timetz') then
			case typname when 'timestamp' then $q$timezone('UTC', now())$q$ when 'timestamptz' then 'now()' else format('now()::%I', typname) end
		when typcategory = 'B' then 'false'
		when typcategory = 'N' and typname in ('int2', 'int4', 'int8', 'numeric', 'float4', 'float8') then '0'
		when typcategory = 'S' then $q$''$q$
		when typname in ('json', 'jsonb') or typcategory = 'A' then $q$'{}'$q$
		end
	from pg_type where oid = type and typtype = 'b' and typnamespace = 'pg_catalog'::regnamespace;
$$;
