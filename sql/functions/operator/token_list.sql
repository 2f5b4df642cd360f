-- The tokens of HTTP, the newest first, without their hashes. agents: null means every agent. state: valid, revoked or
-- expired.
create or replace function signalbox.token_list()
returns table (id int, name text, hint text, agents text[], scopes text[], is_public boolean, user_id text, collection_name text, thread_key text, sign_env text, origins text[],
	created_by text, created_at text, expires_at text, revoked_at text, state text)
language sql stable security definer set search_path = pg_catalog, signalbox, pg_temp as $$
	select k.id, k.name, k.hint, case when k.agents is not null then array(select a.slug from agents a where a.id = any (k.agents) order by 1) end, k.scopes,
		k.is_public, k.user_id, k.collection_name, k.thread_key, k.sign_env, k.origins, k.created_by, utc(k.created_at), utc(k.expires_at), utc(k.revoked_at),
		case when k.revoked_at is not null then 'revoked' when k.expires_at <= clock_timestamp() then 'expired' else 'valid' end
	from tokens k order by k.id desc;
$$;
grant execute on function signalbox.token_list to signalbox_viewer;
