-- Holds many retries, `pace` apart: the messages that an operator marked, or a whole group. Each only if its status and
-- job are still as seen. The workers' tick performs them one after another, so the batch continues when the console is
-- closed, and retry_undo_many() takes back those that are not due yet.
create or replace function signalbox.retry_hold_many(messages uuid[], seen_jobs uuid[], actor text, hold interval, pace interval)
returns table (done bigint, skipped bigint)
language plpgsql security definer set search_path = pg_catalog, signalbox, pg_temp as $$
begin
	with wanted as (
		select m.id, (row_number() over (order by w.ord) - 1) as place
		from unnest(messages, seen_jobs) with ordinality w(uuid, job, ord)
		join ai_messages m on m.uuid = w.uuid and m.processing_status = 'failed' and (w.job is null or m.job_id = w.job)
	), held as (
		update queue q set retry_at = clock_timestamp() + hold + pace * wanted.place, retry_actor = left(actor, 200)
		from wanted where q.message_id = wanted.id and q.state = 'failed' and q.retry_at is null
		returning q.message_id
	), logged as (
		select log_action(actor, 'retry_hold', h.message_id, null, 'one of many', null, null) from held h
	)
	select count(*) into done from logged;
	skipped := cardinality(messages) - done;
	perform pg_notify('signalbox_changed', '');
	return next;
end $$;
grant execute on function signalbox.retry_hold_many to signalbox_operator;
