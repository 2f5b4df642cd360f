-- Lets a request over HTTP in: from here to the end of the transaction this worker acts for the token whose SHA-256 is
-- given. Without a token (null) a request is let in only from the same machine, as long as no token was ever made: its
-- number is 0, it has every scope but `execute`. SB006: no token, or none that counts. SB007: it does not have the scope.
create or replace function signalbox.http_enter(token bytea, is_local boolean, scope text)
returns table (id int, name text, agents int[], is_public boolean, user_id text, collection_name text, thread_key text, sign_env text)
language plpgsql set search_path = pg_catalog, signalbox, pg_temp as $$ -- plans: index, no_jit
#variable_conflict use_column
declare
	k tokens;
begin
	if token is null then
		if not is_local or exists (select from tokens) then
			raise exception 'a token is needed: Authorization: Bearer TOKEN' using errcode = 'SB006';
		elsif scope = 'execute' then
			raise exception 'a token with the scope execute is needed' using errcode = 'SB006';
		end if;
		k.id := 0;
		k.is_public := false;
	else
		select * into k from tokens t where t.hash = token;
		if not found or k.revoked_at is not null or k.expires_at <= clock_timestamp() then
			raise exception 'this token does not exist, was revoked, or has expired' using errcode = 'SB006';
		elsif not scope = any (k.scopes) then
			raise exception 'this token does not have the scope %', scope using errcode = 'SB007';
		end if;
	end if;
	perform set_config('signalbox.token', k.id::text, true);
	id := k.id;
	name := k.name;
	agents := k.agents;
	is_public := k.is_public;
	user_id := k.user_id;
	collection_name := k.collection_name;
	thread_key := k.thread_key;
	sign_env := k.sign_env;
	return next;
end $$;
