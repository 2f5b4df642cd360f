-- The variables that hold the secrets of webhooks: a worker delivers only what it has the secret for.
create or replace function signalbox.webhook_secrets() returns setof text
language sql stable security definer set search_path = pg_catalog, signalbox, pg_temp as $$
	select distinct secret_env from webhooks where removed_at is null order by 1;
$$;
grant execute on function signalbox.webhook_secrets to signalbox_worker;
