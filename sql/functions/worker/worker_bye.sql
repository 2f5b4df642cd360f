-- An incarnation of a worker ends in good order: it holds nothing any more. What it still holds by mistake returns to
-- the queue at the next tick.
create or replace function signalbox.worker_bye(id uuid) returns void
language sql security definer set search_path = pg_catalog, signalbox, pg_temp as $$
	update workers w set ended_at = clock_timestamp(), is_idle = false where w.id = (select worker_of(worker_bye.id)) and w.ended_at is null;
$$;
grant execute on function signalbox.worker_bye to signalbox_worker;
