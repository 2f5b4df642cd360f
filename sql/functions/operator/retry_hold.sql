-- Schedules a retry that can be taken back: the message stays failed, with the time (retry_at) at which the workers'
-- tick retries it. SB003: the message is not failed. SB004: bad hold.
create or replace function signalbox.retry_hold(message uuid, actor text, seen_job uuid default null, seen_status text default null,
	hold interval default '3 s') returns jsonb
language plpgsql security definer set search_path = pg_catalog, signalbox, pg_temp as $$ -- plans: index, no_jit
declare
	locked bigint := lock_message(message, seen_job, seen_status);
	m ai_messages;
begin
	select * into m from ai_messages where id = locked;
	if m.processing_status <> 'failed' then
		raise exception 'only a failed message can be held for a retry; this one is %', m.processing_status using errcode = 'SB003';
	elsif hold is null or hold < '0 s' or hold > '1 day' then
		raise exception 'a hold is between 0 s and 1 day' using errcode = 'SB004';
	end if;
	update queue set retry_at = clock_timestamp() + hold, retry_actor = left(actor, 200) where message_id = m.id;
	perform log_action(actor, 'retry_hold', m.id, null, null, null, jsonb_build_object('hold', hold));
	perform pg_notify('signalbox_changed', '');
	return message_status(message);
end $$;
grant execute on function signalbox.retry_hold to signalbox_operator;
