-- Finds ready messages before their lane's cursor: of a dispatch that took very long to commit, of a transaction of an
-- application or an operator, of a return whose transaction overlapped with a claim. Also opens lanes that have no
-- cursor yet: while a worker lives only agent_set() and this function do so. A cursor that misses nothing is not
-- written; a locked cursor is left for the next run.
create or replace function signalbox.sweep_lanes() returns void
language plpgsql set search_path = pg_catalog, signalbox, pg_temp as $$
declare
	is_some boolean;
	lane    record;
begin
	with low as (
		select k.agent_id, k.rank, x.seq from lane_cursors k cross join lateral (
			select q.seq from queue q where q.agent_id = k.agent_id and q.rank = k.rank and q.state = 'ready' and q.seq < k.low_seq
			order by q.seq limit 1) x
		where k.low_seq > 0 for no key update of k skip locked
	)
	update lane_cursors c set low_seq = l.seq from low l where c.agent_id = l.agent_id and c.rank = l.rank and c.low_seq > l.seq;
	is_some := found;
	perform set_config('lock_timeout', '50ms', true);    -- another transaction may open the lane and not commit
	for lane in
		select u.agent_id, u.rank from queue_totals t cross join lateral unnest(t.lane_agents, t.lane_ranks) u(agent_id, rank)
		where not exists (select from lane_cursors c where c.agent_id = u.agent_id and c.rank = u.rank)
	loop
		begin
			insert into lane_cursors (agent_id, rank) values (lane.agent_id, lane.rank) on conflict do nothing;
			is_some := is_some or found;
		exception when lock_not_available then
			null;
		end;
	end loop;
	if is_some then
		perform wake_worker();
	end if;
end $$;
