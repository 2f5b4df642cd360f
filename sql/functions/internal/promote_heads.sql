-- Makes the oldest waiting message of each session its head, where the session has none. The caller has locked the
-- sessions: without this lock, a dispatch and a settle that overlap leave a message blocked for ever. (In PL/pgSQL
-- although it is one statement: a SQL function would be planned again for each message.)
-- In a transaction that is "repeatable read" or "serializable" the lock does not show what others committed before it
-- was granted: there the next tick promotes the sessions (promotions_due).
-- lowers: a message that becomes ready must not lie before its lane's cursors, so these are lowered. Only the fleet
-- lowers them, because its transactions are short, and skips those that another transaction has locked: a message that
-- lies before a cursor is found by the sweep, a second or two later.
create or replace function signalbox.promote_heads(sessions bigint[], lowers boolean) returns void
language plpgsql set search_path = pg_catalog, signalbox, pg_temp as $$ -- plans: index, no_bitmap, no_jit, generic
begin
	if not lowers and not sees_all() then
		insert into promotions_due select unnest(sessions);
		return;
	end if;
	with head as (
		update queue q
		set state = case when q.run_after > clock_timestamp() then 'delayed' else 'ready' end::queue_state, priority = m.priority
		from (select h.message_id
		      from unnest(sessions) s(id)
		      cross join lateral (select w.message_id from queue w where w.session_id = s.id and w.state = 'blocked'
		                          order by w.session_id, w.message_id limit 1) h
		      where not exists (select from queue o where o.session_id = s.id and o.state in ('ready', 'delayed', 'running') offset 0)) first
		join ai_messages m on m.id = any (array[first.message_id])
		where q.message_id = any (array[first.message_id]) and coalesce(q.state = 'blocked', false)
		returning q.agent_id, q.rank, q.seq
	), low as (
		select c.agent_id, c.rank, h.seq from (select head.agent_id, head.rank, min(head.seq) as seq from head group by 1, 2) h
		join lane_cursors c on c.agent_id = h.agent_id and c.rank = h.rank
		where lowers and (c.low_seq > h.seq or c.low_waiting > h.seq)
		for no key update of c skip locked
	)
	update lane_cursors c set low_seq = least(c.low_seq, l.seq), low_waiting = least(c.low_waiting, l.seq)
	from low l where c.agent_id = l.agent_id and c.rank = l.rank;
end $$;
