-- The names of the secrets that the settings of the providers refer to, each once.
create or replace function signalbox.secret_names() returns text[]
language sql stable security definer set search_path = pg_catalog, signalbox, pg_temp as $$
	select array(select distinct n from providers p cross join lateral provider_secrets(p.key_env, p.header, p.query) n order by n);
$$;
grant execute on function signalbox.secret_names to signalbox_worker;
