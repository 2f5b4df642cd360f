-- Returns a failed or cancelled message to the queue, with a full number of tries. SB003: its status is another one.
create or replace function signalbox.retry(message uuid, actor text, seen_job uuid default null, seen_status text default null) returns jsonb
language plpgsql security definer set search_path = pg_catalog, signalbox, pg_temp as $$ -- plans: index, no_jit
declare
	locked bigint := lock_message(message, seen_job, seen_status);
	m ai_messages;
	t timestamptz := clock_timestamp();
begin
	select * into m from ai_messages where id = locked;
	if m.processing_status not in ('failed', 'cancelled') then
		raise exception 'only a failed or cancelled message can be retried; this one is %', m.processing_status using errcode = 'SB003';
	end if;
	perform open_lane((select agent_id from ai_sessions where id = m.session_id), m.priority);
	-- Within a session age decides: a later message that is the head already goes back to blocked.
	update queue set state = 'blocked' where session_id = m.session_id and state in ('ready', 'delayed') and message_id > m.id;
	insert into queue as q (message_id, session_id, agent_id, priority, state, attempts, runs, seq)
		select m.id, m.session_id, s.agent_id, m.priority, 'blocked',
		       (select count(*) from attempts a where a.message_id = m.id and a.outcome is distinct from 'released'),
		       (select count(*) from attempts a where a.message_id = m.id),
		       -- Its seq is the least of the later messages of its session, so that seq and the session's order agree.
		       -- (By the session's messages: no index of queue has those of all states.)
		       coalesce((select min(w.seq) from ai_messages n cross join lateral (select * from queue o where o.message_id = n.id offset 0) w
		                 where n.session_id = m.session_id and n.id > m.id and w.state <> 'failed'), nextval('queue_seq'))
		from ai_sessions s where s.id = m.session_id
		on conflict (message_id) do update set state = 'blocked', errors = 0, crashes = 0, seq = excluded.seq, queued_at = t,
			run_after = null, job_id = null, worker_id = null, retry_at = null, retry_actor = null, changed_at = t;
	update ai_messages set processing_status = 'queued', queued_at = t, processing_started_at = null,
		processing_completed_at = null, processing_error = null where id = m.id;
	perform promote(array[m.session_id]);
	perform log_action(actor, 'retry', m.id, null, null, jsonb_build_object('status', m.processing_status, 'error', m.processing_error), null);
	perform wake_worker();
	perform pg_notify('signalbox_changed', '');
	return message_status(message);
end $$;
grant execute on function signalbox.retry to signalbox_operator;
