-- The names in an agent's list of tools.
create or replace function signalbox.agent_tools(tools text) returns setof text
language sql immutable set search_path = pg_catalog, signalbox, pg_temp as $$
	select w.name from regexp_split_to_table(btrim(tools, E', \t\n'), '[\s,]+') with ordinality w(name, n) where w.name <> '' order by w.n;
$$;
