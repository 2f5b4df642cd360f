-- Accepts a message. One transaction writes the user's row, the assistant's empty row, the session (found or created),
-- its message_count, and the place in the queue. In a transaction that is "repeatable read" or "serializable" the queue
-- is not read and queue_position is null: its snapshot would be old, and the reads would conflict with the dispatches
-- of others.
-- Threads and idempotency keys belong to one application: those of another application count as not existing.
-- SB002: no such agent or session. SB004: invalid argument. SB005: the idempotency key was used with other content.
create or replace function signalbox.dispatch(agent text, content text, session uuid default null, user_id text default null,
	collection_name text default null, thread_key text default null, priority int default 0, run_after timestamptz default null,
	idempotency_key text default null)
returns table (message_id uuid, session_id uuid, status text, queue_position bigint)
language plpgsql security definer set search_path = pg_catalog, signalbox, pg_temp as $$ -- plans: index, no_bitmap, no_jit, generic
#variable_conflict use_column
declare
	agent_no int;
	s      ai_sessions;
	id     bigint;
	spoken bigint;
	t      timestamptz;
	later  boolean := coalesce(dispatch.run_after > clock_timestamp(), false);
	own    int := coalesce(dispatch.priority, 0);
	seq    bigint;        -- its order among the agent's messages of one priority
	has_lane boolean;
	ahead  int;           -- lowest priority of the messages that wait in the session
	is_head boolean := true;
	known  idempotency_keys;
	hash   bytea;
	app    text := application();
	is_new boolean;       -- this call creates the session
	fresh  boolean := sees_all();
begin
	if octet_length(dispatch.content) > 1048576 then    -- before any check that would copy the content
		raise exception 'content is % bytes, over 1048576', octet_length(dispatch.content) using errcode = 'SB004';
	elsif coalesce(btrim(dispatch.content, E' \t\r\n'), '') = '' then
		raise exception 'content is empty' using errcode = 'SB004';
	elsif greatest(octet_length(dispatch.user_id), octet_length(dispatch.collection_name), octet_length(dispatch.thread_key),
	               octet_length(dispatch.idempotency_key)) > 500 then
		raise exception 'user_id, collection_name, thread_key and idempotency_key are at most 500 bytes' using errcode = 'SB004';
	elsif dispatch.idempotency_key = '' or dispatch.run_after in ('infinity', '-infinity') then
		raise exception 'idempotency_key may not be empty, run_after must be a time' using errcode = 'SB004';
	end if;
	select a.id, exists (select from lane_cursors c where c.agent_id = a.id and c.rank = ~own) into agent_no, has_lane from agents a where a.slug = dispatch.agent;
	if not found then
		raise exception 'no agent is called %', quote_literal(left(dispatch.agent, 80)) using errcode = 'SB002';
	end if;
	if dispatch.idempotency_key is not null then
		hash := sha256(convert_to(dispatch.content, 'UTF8'));
		t := clock_timestamp();
		-- On conflict the update waits for a transaction that dispatches the same key at this moment, and then returns
		-- the row of that transaction. It changes nothing unless the key has expired.
		insert into idempotency_keys as k (application, agent_id, user_id, key, content_hash, message_id, expires_at)
			values (app, agent_no, coalesce(dispatch.user_id, ''), dispatch.idempotency_key, hash, gen_random_uuid(), t + interval '24 h')
			on conflict (application, agent_id, user_id, key) do update
			set content_hash = case when k.expires_at < t then excluded.content_hash else k.content_hash end,
			    message_id   = case when k.expires_at < t then excluded.message_id else k.message_id end,
			    expires_at   = case when k.expires_at < t then excluded.expires_at else k.expires_at end
			returning * into known;
		select m.uuid, x.uuid, m.processing_status into message_id, session_id, status from ai_messages m join ai_sessions x on x.id = m.session_id where m.uuid = known.message_id;
		if found then
			if known.content_hash <> hash then
				raise exception 'this idempotency key was used with other content' using errcode = 'SB005';
			end if;
			queue_position := case when fresh then signalbox.queue_position(known.message_id) end;
			return next;
			return;
		end if;
	end if;

	-- Lock order: the session's row before its queue rows, see promote_heads(). A session created here is visible to no
	-- other transaction yet.
	if dispatch.session is not null then
		select * into s from ai_sessions where uuid = dispatch.session for no key update;
		-- An application may write only into its own sessions: the answer is made from the earlier messages of the
		-- session. For a session of another application the error is the same as for a missing one, so that its
		-- existence stays hidden.
		if not found or s.agent_id is not null and not may_read(s.id) then
			raise exception 'no session %', dispatch.session using errcode = 'SB002';
		elsif s.agent_id is null then    -- of an adopted table: the first dispatch sets its agent and application
			if not (may_read(s.id) or acting_token() is null and exists (select from adopted d where has_table_privilege(session_user, d.rel, 'insert'))) then
				raise exception 'no session %', dispatch.session using errcode = 'SB002';
			end if;
			update ai_sessions set agent_id = agent_no, created_by = session_user, application = app where id = s.id;
		elsif s.agent_id <> agent_no then
			raise exception 'session % belongs to another agent', dispatch.session using errcode = 'SB004';
		end if;
		is_new := false;
	else
		if dispatch.user_id is not null and dispatch.thread_key is not null then
			insert into ai_sessions (application, agent_id, user_id, collection_name, thread_key, message_count)
				values (app, agent_no, dispatch.user_id, dispatch.collection_name, dispatch.thread_key, 2)
				on conflict (application, agent_id, user_id, coalesce(collection_name, ''), thread_key) where user_id is not null and thread_key is not null do nothing
				returning * into s;
			is_new := found;
			if not is_new then
				select * into s from ai_sessions x
					where x.application = app and x.agent_id = agent_no and x.user_id = dispatch.user_id and coalesce(x.collection_name, '') = coalesce(dispatch.collection_name, '')
					  and x.thread_key = dispatch.thread_key for no key update;
			end if;
		else
			insert into ai_sessions (application, agent_id, user_id, collection_name, thread_key, message_count)
				values (app, agent_no, dispatch.user_id, dispatch.collection_name, dispatch.thread_key, 2) returning * into s;
			is_new := true;
		end if;
	end if;
	if not is_new then
		update ai_sessions set message_count = message_count + 2 where id = s.id;
		if fresh then
			-- Within a session order comes before priority: the new message cannot be served before the earlier ones of
			-- its session.
			select min(w.priority) filter (where w.state <> 'running'), count(*) = 0 into ahead, is_head
				from (select b.priority, b.state from queue b where b.session_id = s.id and b.state = 'blocked'
				      union all select h.priority, h.state from queue h where h.session_id = s.id and h.state in ('ready', 'delayed', 'running')) w;
		else
			is_head := false;
		end if;
	end if;
	session_id := s.uuid;
	status := case when later then 'pending' else 'queued' end;

	t := clock_timestamp();
	insert into ai_messages (session_id, role, content, created_at) values (s.id, 'user', dispatch.content, t) returning ai_messages.id into spoken;
	insert into ai_messages (uuid, session_id, role, processing_status, queued_at, priority, reply_to, created_at, traceparent)
		values (coalesce(known.message_id, gen_random_uuid()), s.id, 'assistant', status, t, own, spoken, t, left(nullif(current_setting('signalbox.traceparent', true), ''), 100))
		returning ai_messages.id, ai_messages.uuid into id, message_id;
	if not has_lane then
		perform open_lane(agent_no, own);
	end if;
	insert into queue (message_id, session_id, agent_id, priority, state, run_after)
		values (id, s.id, agent_no, least(own, ahead), (case when later then 'pending' when is_head then 'ready' else 'blocked' end)::queue_state,
		        case when later then dispatch.run_after end)
		returning queue.seq into seq;
	if not later then
		if not (is_head or fresh) then
			insert into promotions_due values (s.id);
		end if;
		perform wake_worker();
	end if;
	queue_position := case when fresh then coalesce(place_at_dispatch(agent_no, ~least(own, ahead), seq), signalbox.queue_position(message_id)) end;
	return next;
end $$;
grant execute on function signalbox.dispatch to signalbox_app, signalbox_operator;
