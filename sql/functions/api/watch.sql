-- Marks a message as watched for the next 30 s: its worker writes the text to message_stream as it arrives. SB002: no
-- such message.
create or replace function signalbox.watch(message uuid) returns void
language plpgsql security definer set search_path = pg_catalog, signalbox, pg_temp as $$ -- plans: index, no_jit
declare
	found_id bigint := own_message(message);
begin
	insert into watches values (found_id, clock_timestamp() + interval '30 s')
		on conflict (message_id) do update set until = excluded.until;
	perform pg_notify('signalbox_watch', found_id::text) where exists (select from queue where message_id = found_id and state = 'running');
end $$;
grant execute on function signalbox.watch to signalbox_app, signalbox_viewer;
