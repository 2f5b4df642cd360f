-- The form of stream_write() for workers before version 13: returns the messages that are still watched.
create or replace function signalbox.stream_put(messages bigint[], jobs uuid[], ats int[], texts text[]) returns table (message_id bigint)
language sql security definer set search_path = pg_catalog, signalbox, pg_temp as $$
	select s.message_id from stream_write(messages, jobs, ats, texts) s where s.is_watched;
$$;
grant execute on function signalbox.stream_put to signalbox_worker;
