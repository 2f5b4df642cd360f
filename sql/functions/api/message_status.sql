-- The status document of a message, the same for SQL, the command line and HTTP. SB002: no such message, or the caller
-- may not read it.
create or replace function signalbox.message_status(message uuid) returns jsonb
language plpgsql stable security definer set search_path = pg_catalog, signalbox, pg_temp as $$ -- plans: index, no_jit
declare
	found_id bigint;
begin
	select id into found_id from ai_messages where uuid = message and role = 'assistant' and may_read(session_id);
	if not found then
		raise exception 'no message %', message using errcode = 'SB002';
	end if;
	return status_document(found_id);
end $$;
grant execute on function signalbox.message_status to signalbox_app, signalbox_viewer;
