-- Takes a held retry back: the message stays failed. SB003: no retry is held.
create or replace function signalbox.retry_undo(message uuid, actor text) returns jsonb
language plpgsql security definer set search_path = pg_catalog, signalbox, pg_temp as $$ -- plans: index, no_jit
declare
	locked bigint := lock_message(message, null, null);
	m ai_messages;
begin
	select * into m from ai_messages where id = locked;
	update queue set retry_at = null, retry_actor = null where message_id = m.id and state = 'failed' and retry_at is not null;
	if not found then
		raise exception 'no retry is held for this message; it is %', m.processing_status using errcode = 'SB003';
	end if;
	perform log_action(actor, 'retry_undo', m.id, null, null, null, null);
	perform pg_notify('signalbox_changed', '');
	return message_status(message);
end $$;
grant execute on function signalbox.retry_undo to signalbox_operator;
