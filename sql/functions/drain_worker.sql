-- Asks a worker to end as a SIGTERM would: it takes nothing new, what it runs ends or goes back to the queue. It hears of it with its next renewal, at once by a notify.
create or replace function signalbox.drain_worker(worker uuid, actor text) returns void
language plpgsql security definer set search_path = pg_catalog, signalbox, pg_temp as $$
declare
	who text;
begin
	update workers w set drain_by = coalesce(w.drain_by, actor) where w.id = worker and w.ended_at is null returning w.name into who;
	if not found then
		raise exception 'no such worker is alive' using errcode = 'SB002';
	end if;
	perform log_action(actor, 'drain_worker', null, null, who, null, null);
	perform pg_notify('signalbox_stop', worker::text);
end $$;
