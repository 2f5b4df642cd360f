-- The test session of an agent and an operator that was used in the last 7 days, if any.
create or replace function signalbox.test_session(agent text, operator text) returns uuid
language sql stable security definer set search_path = pg_catalog, signalbox, pg_temp as $$
	select s.uuid from test_sessions t join agents a on a.id = t.agent_id join ai_sessions s on s.id = t.session_id
	where a.slug = agent and t.operator = test_session.operator and t.used_at > clock_timestamp() - interval '7 days';
$$;
grant execute on function signalbox.test_session to signalbox_viewer;
