-- The environment variables of the workers that a provider's settings refer to.
create or replace function signalbox.provider_secrets(key_env text, header text, query text) returns setof text
language sql immutable set search_path = pg_catalog, pg_temp as $$
	select key_env where key_env is not null
	union
	select m.v[1] from regexp_matches(concat_ws(' ', header, query), '\$\{?([A-Za-z_][A-Za-z0-9_]*)', 'g') m(v);
$$;
grant execute on function signalbox.provider_secrets to signalbox_viewer;
