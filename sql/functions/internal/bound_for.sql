-- What is bound to the calls of a message's tools: who asked, and of an agent with a tool that sends more than that, the profile. profile: found or fallback.
create or replace function signalbox.bound_for(agent int, session bigint, message uuid) returns json
language sql stable set search_path = pg_catalog, signalbox, pg_temp as $$ -- plans: index, no_jit
	select (jsonb_build_object('user_id', s.user_id, 'collection_name', s.collection_name, 'thread_key', s.thread_key, 'session_id', s.uuid, 'message_id', bound_for.message, 'agent', a.slug)
		|| coalesce(p.doc, '{}'))::json
	from ai_sessions s join agents a on a.id = bound_for.agent
	left join lateral (select jsonb_object_agg(f.field, f.value)
			|| jsonb_build_object('profile', max(case when f.field = 'client_uuid' then case f.origin when 'clients' then 'found' else 'fallback' end end)) as doc
		from profile_of(s.user_id, s.collection_name) f
		where exists (select from agent_tools(a.tools) w(name) join tools t on t.name = w.name where t.payload is not null)) p on true
	where s.id = bound_for.session;
$$;
