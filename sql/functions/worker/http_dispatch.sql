-- dispatch() for a request over HTTP. What the token is bound to (agent, user_id, collection_name, thread_key) outweighs
-- the arguments; the caller of a public token gives none of them,
-- but where the token has a sign_env, what an application signed (`is_signed`). `is_awaited`: the worker wants to hear of its end;
-- then the document of a message that has not ended is short, because the client gets a later one.
-- document is null when the rate limit refuses the message. A message that was sent before, with this idempotency key,
-- takes nothing of the limit. to_agent: the agent's slug. Errors: those of dispatch() and of http_enter(). SB007: the
-- token is not for this agent, or is bound to another value. A lock that is held for a second: 55P03.
create or replace function signalbox.http_dispatch(token bytea, is_local boolean, agent text, content text, session uuid, user_id text,
	collection_name text, thread_key text, priority int, idempotency_key text, is_awaited boolean, is_signed boolean)
returns table (document jsonb, message_id bigint, rate_limit int, rate_left int, rate_reset int, is_ended boolean, to_agent text)
language plpgsql security definer set search_path = pg_catalog, signalbox, pg_temp set lock_timeout = '1s' as $$ -- plans: index, no_bitmap, no_jit, generic
#variable_conflict use_column
declare
	k record;
	a agents;
	sent record;
	is_known boolean;
	is_over  boolean := false;
begin
	select * into k from http_enter(token, is_local, 'dispatch');
	if k.is_public and k.sign_env is not null and not is_signed then
		raise exception 'signed: is missing; the application signs who the caller of this token is' using errcode = 'SB007';
	elsif k.is_public then
		if not is_signed and coalesce(user_id, collection_name, thread_key) is not null or coalesce(priority, 0) <> 0 or is_signed and k.sign_env is null then
			raise exception 'with a public token user_id, collection_name, thread_key and priority are not given: they come from the token' using errcode = 'SB007';
		end if;
		if not is_signed and octet_length(idempotency_key) < 16 then    -- all callers of the token share the keys
			raise exception 'Idempotency-Key: with a public token at least 16 characters that nobody guesses, such as a UUID' using errcode = 'SB004';
		end if;
	elsif k.user_id <> http_dispatch.user_id or k.collection_name <> http_dispatch.collection_name or k.thread_key <> http_dispatch.thread_key then
		raise exception 'this token is bound to another user_id, collection_name or thread_key' using errcode = 'SB007';
	end if;
	if agent is null then    -- a public token names it
		select * into a from agents x where x.id = k.agents[1];
	else
		select * into a from agents x where x.slug = agent;
	end if;
	if k.agents is not null and not coalesce(a.id = any (k.agents), false) then    -- whether it exists is not told
		raise exception 'this token is not for the agent %', quote_literal(left(agent, 80)) using errcode = 'SB007';
	elsif a.id is null then
		raise exception 'no agent is called %', quote_literal(left(agent, 80)) using errcode = 'SB002';
	end if;
	-- The answer is made from the session's messages: a signed caller goes on only in a session of its own.
	if is_signed and session is not null and not exists (select from ai_sessions s where s.uuid = session and s.application = application()
			and s.user_id is not distinct from coalesce(k.user_id, http_dispatch.user_id)
			and s.collection_name is not distinct from coalesce(k.collection_name, http_dispatch.collection_name)) then
		raise exception 'no session %', session using errcode = 'SB002';
	end if;
	to_agent := a.slug;
	if a.rate_limit_per_min is not null then
		-- Looked for twice: whoever sent it first may have held the limit's row until now, and has taken its one.
		is_known := http_knows(a.id, coalesce(k.user_id, http_dispatch.user_id, ''), idempotency_key);
		select r.rate_limit, r.rate_left, r.rate_reset, r.is_over into rate_limit, rate_left, rate_reset, is_over from http_rate(k.id, a, not is_known) r;
		if not is_known and http_knows(a.id, coalesce(k.user_id, http_dispatch.user_id, ''), idempotency_key) then
			if not is_over then
				update token_rates r set n = r.n - 1 where r.token_id = k.id and r.agent_id = a.id and r.n > 0;
				rate_left := rate_left + 1;
			end if;
			is_over := false;
		end if;
	end if;
	if not is_over then
		select d.* into sent from signalbox.dispatch(a.slug, content, session, coalesce(k.user_id, http_dispatch.user_id),
			coalesce(k.collection_name, http_dispatch.collection_name), coalesce(k.thread_key, http_dispatch.thread_key), priority, null, idempotency_key) d;
		select m.id into message_id from ai_messages m where m.uuid = sent.message_id;
		if is_awaited then
			insert into awaited values (message_id, clock_timestamp() + interval '60 s') on conflict (message_id) do update set until = excluded.until;
		end if;
		is_ended := sent.status in ('completed', 'failed', 'cancelled');    -- sent before, with this idempotency key
		document := case when is_awaited and not is_ended
			then jsonb_build_object('message_id', sent.message_id, 'session_id', sent.session_id, 'agent', a.slug, 'status', sent.status)
			else status_document(message_id, sent.queue_position) end;
	end if;
	return next;
end $$;
grant execute on function signalbox.http_dispatch to signalbox_worker;
