-- Makes a token for HTTP from its SHA-256. agent: null means every agent. Returns what token_list() shows of it. SB002: no such agent.
-- SB004: a scope that does not exist, an empty list, a public token without an agent or with other scopes than dispatch,
-- read and stream, a life that is not positive.
create or replace function signalbox.token_create(name text, hash bytea, hint text, agents text[], scopes text[], is_public boolean, user_id text, collection_name text,
	thread_key text, sign_env text, origins text[], lives interval, actor text) returns jsonb
language plpgsql security definer set search_path = pg_catalog, signalbox, pg_temp as $$
declare
	numbers int[];
	unknown text;
	made    int;
begin
	select x.slug into unknown from unnest(agents) x(slug) where not exists (select from agents a where a.slug = x.slug) limit 1;
	if found then
		raise exception 'no agent is called %', quote_literal(left(unknown, 80)) using errcode = 'SB002';
	end if;
	if agents is not null then
		numbers := array(select a.id from signalbox.agents a where a.slug = any (token_create.agents) order by 1);
	end if;
	if lives <= interval '0' then
		raise exception 'a token lives for some time' using errcode = 'SB004';
	end if;
	begin
		insert into tokens (name, hash, hint, agents, scopes, is_public, user_id, collection_name, thread_key, sign_env, origins, expires_at)
			values (coalesce(token_create.name, ''), token_create.hash, token_create.hint, numbers, token_create.scopes, coalesce(token_create.is_public, false), token_create.user_id,
				token_create.collection_name, token_create.thread_key, token_create.sign_env, coalesce(token_create.origins, '{}'), clock_timestamp() + lives)
			returning id into made;
	exception when check_violation or not_null_violation then
		raise exception 'scopes are dispatch, read, stream, cancel, retry, execute, approve, operate, metrics; a public token is for one agent and has of them dispatch, read, stream, and only it has a variable that signs; names have at most 200 bytes, bound values 500'
			using errcode = 'SB004';
	end;
	perform log_action(actor, 'token create', null, null, null, null, to_jsonb(t) - 'hash') from tokens t where t.id = made;
	return (select to_jsonb(l) from token_list() l where l.id = made);
end $$;
grant execute on function signalbox.token_create to signalbox_admin;
