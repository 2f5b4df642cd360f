-- Who sends the messages of a session, for people: a token with its name, `HTTP` without one, an operator who tests, else
-- the application (application.sql).
create or replace function signalbox.sent_by(session bigint) returns text
language sql stable set search_path = pg_catalog, signalbox, pg_temp as $$
	select case when t.operator is not null then 'test by ' || t.operator
		when s.application = 'token:0' then 'HTTP'
		when s.application like 'token:%' then concat_ws(' ', 'token', substr(s.application, 7), (select nullif(k.name, '') from tokens k where k.id::text = substr(s.application, 7)))
		else s.application end
	from ai_sessions s left join test_sessions t on t.session_id = s.id where s.id = session;
$$;
