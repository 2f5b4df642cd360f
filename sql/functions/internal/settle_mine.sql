-- Of these records those whose job is, or was, this worker's: it is in the queue as running with it, or in the attempts. (Of one that was started by a direct
-- UPDATE of ai_messages nothing is known but the message's job.) And those whose job nobody knows: a claim that a server lost when it died, or when a standby
-- took its place, was paid for all the same. They change no message, and leave an attempt and its cost.
create or replace function signalbox.settle_mine(recs signalbox.settle_record[], me uuid) returns signalbox.settle_record[]
language sql stable set search_path = pg_catalog, signalbox, pg_temp as $$ -- plans: index, no_jit
	select array(
		select r from unnest(recs) r
		left join lateral (select true as is_there, o.worker_id from queue o where o.message_id = r.message_id and o.job_id = r.job_id) q on true
		left join lateral (select true as is_there, o.worker_id from attempts o where o.message_id = r.message_id and o.job_id = r.job_id) a on true
		where case when q.is_there then same_worker(q.worker_id, me) when a.is_there then same_worker(a.worker_id, me)
			else not exists (select from queue o where o.job_id = r.job_id) and exists (select from ai_messages m where m.id = r.message_id) end);
$$;
