-- Stops every agent from starting messages; running ones go on.
create or replace function signalbox.pause_all(actor text, reason text default null) returns void
language sql security definer set search_path = pg_catalog, signalbox, pg_temp as $$
	update fleet set paused_at = clock_timestamp(), paused_by = left(actor, 200), pause_reason = left(reason, 1000);
	select log_action(actor, 'pause_all', null, null, reason, null, null);
	select pg_notify('signalbox_changed', '');
$$;
grant execute on function signalbox.pause_all to signalbox_operator;
