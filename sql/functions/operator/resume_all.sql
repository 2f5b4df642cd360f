-- Lets agents start messages again; agents that were paused by name stay paused.
create or replace function signalbox.resume_all(actor text) returns void
language sql security definer set search_path = pg_catalog, signalbox, pg_temp as $$
	update fleet set paused_at = null, paused_by = null, pause_reason = null;
	select log_action(actor, 'resume_all', null, null, null, null, null);
	select wake_worker();
	select pg_notify('signalbox_changed', '');
$$;
grant execute on function signalbox.resume_all to signalbox_operator;
