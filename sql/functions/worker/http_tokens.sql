-- How many tokens count now: a worker listens beyond loopback only when there is one.
create or replace function signalbox.http_tokens() returns bigint
language sql stable security definer set search_path = pg_catalog, signalbox, pg_temp as $$
	select count(*) from tokens where revoked_at is null and (expires_at is null or expires_at > clock_timestamp());
$$;
grant execute on function signalbox.http_tokens to signalbox_worker;
