-- The variable with the secret by which an application signs who the callers of a public token are; null: there is none.
create or replace function signalbox.http_signer(token bytea) returns text
language sql stable security definer set search_path = pg_catalog, signalbox, pg_temp as $$
	select sign_env from tokens where hash = token and revoked_at is null;
$$;
grant execute on function signalbox.http_signer to signalbox_worker;
