-- The status document of a message, the same for SQL, the command line and HTTP. SB002: no such message, or the caller
-- may not read it.
create or replace function signalbox.message_status(message uuid) returns jsonb
language plpgsql stable security definer set search_path = pg_catalog, signalbox, pg_temp as $$
begin
	return status_document(own_message(message));
end $$;
grant execute on function signalbox.message_status to signalbox_app, signalbox_viewer;
