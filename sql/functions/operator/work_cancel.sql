-- Cancels a work: its caller stops waiting. A worker that has the work notices this with its next work_progress().
create or replace function signalbox.work_cancel(work bigint, actor text) returns void
language plpgsql security definer set search_path = pg_catalog, signalbox, pg_temp as $$
begin
	update work w set state = 'cancelled', ended_at = clock_timestamp() where w.id = work_cancel.work and w.state in ('queued', 'running');
	if found then
		perform run_close(work);
		perform log_action(actor, 'work_cancel', null, null, 'work ' || work_cancel.work, null, null);
	end if;
end $$;
grant execute on function signalbox.work_cancel to signalbox_operator;
