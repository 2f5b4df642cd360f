-- Trigger on an adopted table. session_id is the application's column: the session of the row. signalbox_session has
-- the same number, or the number of a session that was made here, which the application does not know.
create or replace function signalbox.ai_messages_adopted() returns trigger
language plpgsql set search_path = pg_catalog, signalbox, pg_temp as $$
begin
	if tg_op = 'INSERT' then
		if current_user = 'signalbox_owner' then
			new.session_id := case when new.signalbox_session > 0 then new.signalbox_session end;
		elsif new.session_id is null and tg_argv[0] = 'must' then
			raise exception 'session_id may not be null' using errcode = 'not_null_violation';
		else
			new.signalbox_session := new.session_id;
		end if;
		new.content := coalesce(new.content, '');
	elsif new.session_id is distinct from old.session_id then
		new.signalbox_session := new.session_id;
	else
		new.signalbox_session := old.signalbox_session;
	end if;
	return new;
end $$;
