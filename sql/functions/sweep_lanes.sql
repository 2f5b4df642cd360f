-- What slipped behind a lane's cursor: a dispatch that took very long to commit, a return whose transaction overlapped with a claim. Also
-- lanes that have no cursor yet. A cursor that misses nothing is left alone.
create or replace function signalbox.sweep_lanes() returns void
language plpgsql set search_path = pg_catalog, signalbox, pg_temp as $$
begin
	update lane_cursors c set low_seq = f.seq
	from (select k.agent_id, k.rank, x.seq from lane_cursors k cross join lateral (
	          select q.seq from queue q where q.agent_id = k.agent_id and q.rank = k.rank and q.state = 'ready' and q.seq < k.low_seq
	          order by q.seq limit 1) x
	      where k.low_seq > 0) f
	where c.agent_id = f.agent_id and c.rank = f.rank and c.low_seq > f.seq;
	insert into lane_cursors (agent_id, rank)
		select u.agent_id, u.rank from queue_totals t cross join lateral unnest(t.lane_agents, t.lane_ranks) u(agent_id, rank)
		where not exists (select from lane_cursors c where c.agent_id = u.agent_id and c.rank = u.rank)
		on conflict do nothing;
end $$;
