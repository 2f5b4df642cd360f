-- Those of the tokens, by their SHA-256, that do not count any more: whoever waits or follows with them is let go.
create or replace function signalbox.http_refused(tokens text[]) returns setof text
language sql stable security definer set search_path = pg_catalog, signalbox, pg_temp as $$
	select t from unnest(tokens) t where not exists (
		select from signalbox.tokens k where k.hash = decode(t, 'hex') and k.revoked_at is null and (k.expires_at is null or k.expires_at > clock_timestamp()));
$$;
grant execute on function signalbox.http_refused to signalbox_worker;
