-- Does what has become due, once a second, in the worker that gets lock_tick first: schedules, back-offs, held retries,
-- messages of lost workers. Returns how many messages and sessions it moved. Work that may take longer is done by
-- tend(). Waits for no lock: a row that another transaction holds is tried again a second later.
create or replace function signalbox.tick() returns bigint
language plpgsql security definer set search_path = pg_catalog, signalbox, pg_temp as $$
declare
	t        timestamptz := clock_timestamp();
	sessions bigint[];
	moved    bigint := 0;
	n        bigint;
	r        record;
begin
	begin
		lock table lock_tick in exclusive mode nowait;
	exception when lock_not_available then
		return 0;
	end;
	perform tick_clock();
	begin
		moved := rescue();
	exception when others then    -- the other work goes on; `doctor` and an alert report the error
		perform chore_done('overdue', t, sqlerrm);
	end;

	with due as (
		update queue set state = 'ready', run_after = null where message_id = any (array(
			select message_id from queue where state = 'delayed' and run_after <= t order by run_after limit 1000 for update skip locked))
		returning agent_id, rank, seq
	), low as (
		select c.agent_id, c.rank, d.seq from (select agent_id, rank, min(seq) as seq from due group by 1, 2) d
		join lane_cursors c on c.agent_id = d.agent_id and c.rank = d.rank where c.low_seq > d.seq for no key update of c skip locked
	), lowered as (
		update lane_cursors c set low_seq = l.seq from low l where c.agent_id = l.agent_id and c.rank = l.rank
	)
	select count(*) into n from due;
	moved := moved + n;

	sessions := array(select session_id from queue where state = 'pending' and run_after <= t order by run_after limit 1000)
		|| array(select p.session_id from promotions_due p limit 1000 for update skip locked);
	sessions := array(select s.id from ai_sessions s where s.id = any (sessions) for no key update skip locked);
	if cardinality(sessions) > 0 then
		with due as (
			update queue set state = 'blocked', run_after = null, queued_at = t
			where session_id = any (sessions) and state = 'pending' and run_after <= t
			  and exists (select from ai_messages m where m.id = message_id for no key update skip locked) returning message_id
		)
		update ai_messages m set processing_status = 'queued', queued_at = t from due where m.id = any (array[due.message_id]);
		get diagnostics n = row_count;
		moved := moved + n;
		-- Within a session age decides: a later message that is the head already goes back to blocked, as in retry().
		update queue l set state = 'blocked' where l.session_id = any (sessions) and l.state in ('ready', 'delayed')
			and exists (select from queue e where e.session_id = l.session_id and e.message_id < l.message_id and e.state = 'blocked');
		perform promote_heads(sessions, true);
		delete from promotions_due p where p.session_id = any (sessions);
		get diagnostics n = row_count;
		moved := moved + n;
	end if;

	for r in select m.uuid, q.retry_actor from queue q join ai_messages m on m.id = q.message_id join ai_sessions s on s.id = q.session_id
	         where q.state = 'failed' and q.retry_at <= t order by q.retry_at limit 200 for no key update of q, m, s skip locked loop
		begin
			perform retry(r.uuid, coalesce(r.retry_actor, 'held retry'), null, 'failed');
			moved := moved + 1;
		exception when sqlstate 'SB003' or sqlstate 'SB002' then
			null;    -- another transaction changed the message first
		end;
	end loop;

	if moved > 0 then
		perform wake_worker();
	else    -- only bookkeeping was written: no wait for the disk
		perform set_config('synchronous_commit', 'off', true);
	end if;
	return moved;
end $$;
grant execute on function signalbox.tick to signalbox_worker;
