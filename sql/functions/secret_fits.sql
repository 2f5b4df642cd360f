-- Does one of these patterns (a worker's setting secret_names) take the name? Of patterns with more than * and ? only the worker knows: they pass here.
create or replace function signalbox.secret_fits(names text, name text) returns boolean
language sql immutable set search_path = pg_catalog, pg_temp as $$
	select exists (select from regexp_split_to_table(names, '[, \t]+') g
		where g <> '' and case when g ~ '^[A-Za-z0-9_*?]+$' then name ~ ('^' || replace(replace(g, '*', '.*'), '?', '.') || '$') else true end);
$$;
