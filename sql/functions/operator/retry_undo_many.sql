-- Takes back the held retries of this actor that the tick has not performed yet; retries that another actor holds stay.
create or replace function signalbox.retry_undo_many(messages uuid[], actor text) returns bigint
language plpgsql security definer set search_path = pg_catalog, signalbox, pg_temp as $$
declare
	n bigint;
begin
	with back as (
		update queue q set retry_at = null, retry_actor = null
		from ai_messages m where m.uuid = any (messages) and q.message_id = m.id and q.state = 'failed' and q.retry_at is not null
			and q.retry_actor = left(actor, 200)
		returning q.message_id
	), logged as (
		select log_action(actor, 'retry_undo', b.message_id, null, 'one of many', null, null) from back b
	)
	select count(*) into n from logged;
	perform pg_notify('signalbox_changed', '');
	return n;
end $$;
grant execute on function signalbox.retry_undo_many to signalbox_operator;
