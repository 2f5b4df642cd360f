-- The web pages from which a browser may call with this token; null: with any token that counts.
create or replace function signalbox.http_origins(token bytea) returns text[]
language sql stable security definer set search_path = pg_catalog, signalbox, pg_temp as $$
	select array(select distinct o from tokens k, unnest(k.origins) o
		where k.revoked_at is null and (k.expires_at is null or k.expires_at > clock_timestamp()) and (http_origins.token is null or k.hash = http_origins.token));
$$;
grant execute on function signalbox.http_origins to signalbox_worker;
