-- http_dispatch() for several requests of one token to one agent, each the first message of a new session: what most
-- requests are. One statement writes all rows of a table. No row: something has to be looked at one by one (a limit, a
-- bound thread, a content that is refused, an adopted table); then the caller does that. nth: of contents, from 1.
create or replace function signalbox.http_dispatch_many(token bytea, is_local boolean, agent text, contents text[], awaited boolean[])
returns table (nth int, document jsonb, message_id bigint, to_agent text)
language plpgsql security definer set search_path = pg_catalog, signalbox, pg_temp set lock_timeout = '1s' as $$ -- plans: index, no_bitmap, no_jit, generic
#variable_conflict use_column
declare
	k        record;
	a        agents;
	t        timestamptz;
	sessions bigint[];
	names    uuid[];
	spoken   bigint[];
	ids      bigint[];
	uuids    uuid[];
	first    bigint;
	place    bigint;
begin
	select * into k from http_enter(token, is_local, 'dispatch');
	select * into a from agents x where x.slug = agent;
	if a.id is null or k.is_public or k.agents is not null and not a.id = any (k.agents) or k.thread_key is not null or a.rate_limit_per_min is not null
		or exists (select from adopted) or not sees_all()
		or exists (select from unnest(contents) c where octet_length(c) > 1048576 or btrim(c, E' \t\r\n') = '') then
		return;
	end if;
	t := clock_timestamp();
	-- The sessions are alike, so it does not matter which one gets which content.
	with x as (
		insert into ai_sessions (application, agent_id, user_id, collection_name, message_count)
			select application(), a.id, k.user_id, k.collection_name, 2 from generate_series(1, cardinality(contents)) returning id, uuid
	)
	select array_agg(x.id), array_agg(x.uuid) into sessions, names from x;
	with x as (
		insert into ai_messages (session_id, role, content, created_at)
			select s.id, 'user', s.content, t from unnest(sessions, contents) with ordinality s(id, content, n) order by s.n returning id, session_id
	)
	select array_agg(x.id order by array_position(sessions, x.session_id)) into spoken from x;
	with x as (
		insert into ai_messages (session_id, role, processing_status, queued_at, priority, reply_to, created_at)
			select s.id, 'assistant', 'queued', t, 0, s.spoken, t from unnest(sessions, spoken) with ordinality s(id, spoken, n) order by s.n returning id, uuid, session_id
	)
	select array_agg(x.id order by array_position(sessions, x.session_id)), array_agg(x.uuid order by array_position(sessions, x.session_id)) into ids, uuids from x;
	if not exists (select from lane_cursors c where c.agent_id = a.id and c.rank = ~0) then
		perform open_lane(a.id, 0);
	end if;
	with x as (
		insert into queue (message_id, session_id, agent_id, priority, state)
			select q.id, q.session, a.id, 0, 'ready' from unnest(ids, sessions) with ordinality q(id, session, n) order by q.n returning seq
	)
	select min(x.seq) into first from x;
	if true = any (awaited) then
		insert into awaited select w.id, t + interval '60 s' from unnest(ids, awaited) w(id, is_awaited) where w.is_awaited;
	end if;
	if false = any (awaited) then
		place := coalesce(place_at_dispatch(a.id, ~0, first), signalbox.queue_position(uuids[1]));
	end if;
	perform wake_worker();
	to_agent := a.slug;
	for i in 1 .. cardinality(ids) loop
		nth := i;
		message_id := ids[i];
		document := case when awaited[i] then jsonb_build_object('message_id', uuids[i], 'session_id', names[i], 'agent', a.slug, 'status', 'queued')
			else status_document(ids[i], place + i - 1) end;
		return next;
	end loop;
end $$;
grant execute on function signalbox.http_dispatch_many to signalbox_worker;
