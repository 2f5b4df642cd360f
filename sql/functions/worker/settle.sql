-- The form of settle_batch() for workers before version 13: they do not know the result `busy`.
create or replace function signalbox.settle(worker uuid, records json, tries int, backoff interval)
returns table (job_id uuid, result text)
language sql security definer set search_path = pg_catalog, signalbox, pg_temp as $$
	select b.job_id, b.result from settle_batch(worker, records, tries, backoff, false) b;
$$;
grant execute on function signalbox.settle to signalbox_worker;
