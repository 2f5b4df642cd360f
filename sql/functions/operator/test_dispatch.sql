-- A dispatch from the test console: the same as any application's, in a session that is marked as a test and remembered
-- for 7 days.
create or replace function signalbox.test_dispatch(agent text, content text, operator text, session uuid) returns uuid
language plpgsql security definer set search_path = pg_catalog, signalbox, pg_temp as $$
#variable_conflict use_variable
declare
	d record;
begin
	select * into d from dispatch(agent, content, session, 'test:' || operator);
	update ai_sessions s set is_test = true where s.uuid = d.session_id and not s.is_test;
	insert into test_sessions (agent_id, operator, session_id)
		select s.agent_id, operator, s.id from ai_sessions s where s.uuid = d.session_id
		on conflict on constraint test_sessions_pkey do update set session_id = excluded.session_id, used_at = clock_timestamp();
	return d.message_id;
end $$;
grant execute on function signalbox.test_dispatch to signalbox_operator;
