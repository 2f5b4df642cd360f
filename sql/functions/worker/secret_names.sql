-- The names of the secrets that providers, webhooks, tools and public tokens refer to, each once.
create or replace function signalbox.secret_names() returns text[]
language sql stable security definer set search_path = pg_catalog, signalbox, pg_temp as $$
	select array(
		select n from providers p cross join lateral provider_secrets(p.key_env, p.header, p.query) n
		union select w.secret_env from webhooks w where w.removed_at is null
		union select t.key_env from tools t where t.key_env is not null
		union select k.sign_env from tokens k where k.revoked_at is null and k.sign_env is not null order by 1);
$$;
grant execute on function signalbox.secret_names to signalbox_worker;
