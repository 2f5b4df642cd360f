-- settle_batch() as workers before version 13 call it: they do not know `busy`.
create or replace function signalbox.settle(worker uuid, records json, tries int, backoff interval)
returns table (job_id uuid, result text)
language sql security definer set search_path = pg_catalog, signalbox, pg_temp as $$
	select b.job_id, b.result from settle_batch(worker, records, tries, backoff, false) b;
$$;
grant execute on function signalbox.settle to signalbox_worker;
