-- Keeps the queue consistent when a role writes ai_messages directly (an application's own UPDATE, psql). Our own
-- functions run as the schema's owner and do this themselves, so the trigger does not fire for them.
create or replace function signalbox.ai_messages_direct() returns trigger
language plpgsql security definer set search_path = pg_catalog, signalbox, pg_temp as $$
declare
	s    ai_sessions;
	here bigint;
	wait text := current_setting('lock_timeout');
begin
	if tg_op <> 'INSERT' then
		-- The writer has locked the message already; all others lock session, queue row, message, in this order. So
		-- that the two do not deadlock, and a claim does not hold up the fleet meanwhile, the direct writer gives up
		-- after 300 ms (55P03), before PostgreSQL would look for a deadlock.
		perform set_config('lock_timeout', '300ms', true);
	end if;
	if tg_nargs = 0 then
		here := coalesce(new.session_id, old.session_id);
	else    -- an adopted table
		here := case tg_op when 'DELETE' then old.signalbox_session else new.signalbox_session end;
	end if;
	select * into s from ai_sessions where id = here for no key update;
	if not found and tg_nargs > 0 and tg_op <> 'DELETE' and here > 0 then
		-- The application numbers its sessions without a table that a foreign key refers to: this row is the first with
		-- this number.
		insert into ai_sessions (id) overriding system value values (here) on conflict do nothing;
		select * into s from ai_sessions where id = here for no key update;
	end if;
	if tg_op = 'DELETE' then
		delete from queue where message_id = old.id;
		update ai_sessions set message_count = message_count - 1 where id = s.id;
	elsif tg_op = 'INSERT' then
		update ai_sessions set message_count = message_count + 1 where id = s.id;
		if new.role = 'assistant' then
			if s.agent_id is null then
				raise exception 'session % has no agent yet: dispatch to it once', s.uuid using errcode = 'SB004';
			end if;
			update ai_messages set queued_at = coalesce(queued_at, clock_timestamp()) where id = new.id;
			perform open_lane(s.agent_id, new.priority);
			insert into queue (message_id, session_id, agent_id, priority, state, run_after)
				values (new.id, s.id, s.agent_id, new.priority,
				        case new.processing_status when 'pending' then 'pending' else 'blocked' end::queue_state,
				        case new.processing_status when 'pending' then clock_timestamp() end);
		end if;
	elsif new.processing_status in ('completed', 'cancelled') then
		delete from queue where message_id = new.id;
		delete from message_stream where message_id = new.id;
	elsif new.processing_status = 'processing' then
		update queue set state = 'running', job_id = new.job_id, worker_id = null, attempts = attempts + 1,
			deadline = clock_timestamp() + interval '300 s', changed_at = clock_timestamp() where message_id = new.id;
	else    -- failed, or back to queued
		update queue set state = case new.processing_status when 'failed' then 'failed' else 'blocked' end::queue_state,
			job_id = null, worker_id = null, deadline = null, run_after = null, changed_at = clock_timestamp()
			where message_id = new.id;
	end if;
	if tg_op = 'UPDATE' and new.processing_status in ('completed', 'failed', 'cancelled') then
		perform tell_ended(array[new.id]);
	end if;
	perform promote(array[s.id]);
	perform set_config('lock_timeout', wait, true);
	return null;
end $$;
