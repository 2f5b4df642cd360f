-- Of these records, those whose job is, or was, this worker's: the job is in the queue as running with this worker, or
-- in attempts. (Of a job that a direct UPDATE of ai_messages started, only the message's job is known.) Also those
-- whose job nobody knows: a claim that was lost when a server died, or when a standby took its place, was paid for all
-- the same. Such records change no message, and leave an attempt and its cost.
create or replace function signalbox.settle_mine(recs signalbox.settle_record[], me uuid) returns signalbox.settle_record[]
language sql stable set search_path = pg_catalog, signalbox, pg_temp as $$ -- plans: index, no_jit
	select array(
		select r from unnest(recs) r
		left join lateral (select true as is_there, o.worker_id from queue o where o.message_id = r.message_id and o.job_id = r.job_id) q on true
		left join lateral (select true as is_there, o.worker_id from attempts o where o.message_id = r.message_id and o.job_id = r.job_id) a on true
		where case when q.is_there then same_worker(q.worker_id, me) when a.is_there then same_worker(a.worker_id, me)
			else not exists (select from queue o where o.job_id = r.job_id) and exists (select from ai_messages m where m.id = r.message_id) end);
$$;
