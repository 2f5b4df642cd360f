-- Whether the queue is short enough to be counted row by row: at most 10,000 messages at the last count, and 20,000 rows
-- now. (The last count is asked first: to count rows that are there, the table is read past all that are gone and that
-- an old snapshot keeps.)
create or replace function signalbox.is_short() returns boolean
language plpgsql stable set search_path = pg_catalog, signalbox, pg_temp as $$ -- plans: no_jit
begin
	return coalesce((select t.queued + t.pending + t.failed from queue_totals t order by t.id desc limit 1), 0) <= 10000
		and (select count(*) from (select from queue limit 20001) x) <= 20000;
end $$;
