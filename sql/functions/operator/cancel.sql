-- Ends a waiting message at once. A running message is cancelled at once too; its worker learns of this within a
-- second, stops the call, and still records what the call used. job_id stays, so that the attempt can be found. SB003:
-- the message neither waits nor runs.
create or replace function signalbox.cancel(message uuid, actor text, seen_job uuid default null, seen_status text default null) returns jsonb
language plpgsql security definer set search_path = pg_catalog, signalbox, pg_temp as $$ -- plans: index, no_jit
declare
	locked bigint := lock_message(message, seen_job, seen_status);
	m ai_messages;
	q queue;
begin
	select * into m from ai_messages where id = locked;
	if m.processing_status not in ('pending', 'queued', 'processing') then
		raise exception 'only a waiting or running message can be cancelled; this one is %', m.processing_status using errcode = 'SB003';
	end if;
	delete from queue where message_id = m.id returning * into q;
	-- The deleted row, not the status read above, tells whether a claim has taken the message.
	if q.state = 'running' and q.worker_id is not null then
		insert into stops values (q.worker_id, q.job_id) on conflict do nothing;
		insert into attempts (job_id, message_id, agent_id, number, worker_id, worker_name, started_at, ended_at, outcome)
			values (q.job_id, q.message_id, q.agent_id, q.runs, q.worker_id, (select name from workers where id = q.worker_id), q.changed_at,
			        clock_timestamp(), 'cancelled')
			on conflict (message_id, job_id) do update set outcome = 'cancelled';
		perform keep_reserved(q.job_id, m.id, q.agent_id, (select string_agg(s.text, '') from message_stream s where s.message_id = m.id and s.job_id = q.job_id));
		perform pg_notify('signalbox_stop', q.worker_id::text);
	end if;
	update ai_messages set processing_status = 'cancelled', processing_completed_at = clock_timestamp() where id = m.id;
	perform promote(array[m.session_id]);
	perform log_action(actor, 'cancel', m.id, null, null, jsonb_build_object('status', m.processing_status), null);
	perform tell_ended(array[m.id]);
	perform wake_worker();
	perform pg_notify('signalbox_changed', '');
	return message_status(message);
end $$;
grant execute on function signalbox.cancel to signalbox_operator;
