-- Asks a worker to end as SIGTERM would: it takes no new messages; what it runs ends or returns to the queue. The
-- worker learns of this with its next renewal, at once by a NOTIFY.
create or replace function signalbox.drain_worker(worker uuid, actor text) returns void
language plpgsql security definer set search_path = pg_catalog, signalbox, pg_temp as $$
declare
	who text;
begin
	select w.name into who from workers w where w.id = worker and w.ended_at is null;
	if not found then
		raise exception 'no such worker is alive' using errcode = 'SB002';
	end if;
	insert into worker_drains (worker_id, actor) values (worker, left(actor, 200)) on conflict do nothing;
	perform log_action(actor, 'drain_worker', null, null, who, null, null);
	perform pg_notify('signalbox_stop', worker::text);
end $$;
grant execute on function signalbox.drain_worker to signalbox_operator;
