-- The answer of a process: ends its task and its call, once, and lets the message go on that waits for it. Where no message waits (it has ended, or did not wait), the answer
-- becomes a message of the conversation, of the role tool. outcome: success or failed. SB002: no such task; SB003: it has ended.
create or replace function signalbox.task_end(task uuid, outcome text, said text) returns void
language plpgsql security definer set search_path = pg_catalog, signalbox, pg_temp set lock_timeout = '3s' as $$ -- plans: index, no_jit
declare
	t    timestamptz := clock_timestamp();
	k    tasks;
	who  bigint := (select m.session_id from tasks x join ai_messages m on m.id = x.message_id where x.id = task);
	lets boolean;    -- a call waits for it
begin
	perform from ai_sessions s where s.id = who for no key update;    -- the order of locks, as everywhere
	update tasks x set status = outcome, ended_at = t, result = said where x.id = task and x.status in ('running', 'unknown') returning * into k;
	if not found then
		if exists (select from tasks x where x.id = task) then
			raise exception 'the task has ended' using errcode = 'SB003';
		end if;
		raise exception 'no task %', task using errcode = 'SB002';
	end if;
	update tool_calls c set state = case outcome when 'success' then 'ok' else 'error' end, ended_at = t, result = said, result_bytes = octet_length(said),
			why = case outcome when 'success' then null else 'it says that it failed' end, duration_ms = extract(epoch from t - c.started_at) * 1000
		where c.uuid = task and c.state in ('running', 'unknown');
	lets := found and exists (select from tool_calls c where c.uuid = task and c.round > 0) and exists (select from queue q where q.message_id = k.message_id and q.state <> 'failed');
	if lets then
		update queue q set run_after = t where q.message_id = k.message_id and q.state = 'delayed'
			and not exists (select from tool_calls c where c.message_id = k.message_id and c.state = 'running' and c.round > 0);
		perform wake_worker();
	elsif who is not null then
		insert into ai_messages (session_id, role, content, processing_status) values (who, 'tool', k.tool_name || ': ' || said, 'completed');
		update ai_sessions s set message_count = s.message_count + 1 where s.id = who;
	end if;
	perform pg_notify('signalbox_changed', '');
end $$;
grant execute on function signalbox.task_end to signalbox_worker;
