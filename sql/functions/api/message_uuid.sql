-- The uuid of a message that an operator named by its number or its uuid; null when there is none.
create or replace function signalbox.message_uuid(word text) returns uuid
language sql stable security definer set search_path = pg_catalog, signalbox, pg_temp as $$
	select m.uuid from ai_messages m
	where m.role = 'assistant' and may_read(m.session_id) and m.id = case when word ~ '^[0-9]{1,18}$' then word::bigint
		else (select x.id from ai_messages x where x.uuid = case when word ~* '^[0-9a-f]{8}-?([0-9a-f]{4}-?){3}[0-9a-f]{12}$' then word::uuid end) end;
$$;
grant execute on function signalbox.message_uuid to signalbox_app, signalbox_viewer;
