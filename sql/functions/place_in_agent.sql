-- The place of a waiting message among its agent's, 1 = next: exact when fewer than 1,024 are before it; further back by the lane's map,
-- which knows every 256th, so that only the ends are counted.
create or replace function signalbox.place_in_agent(me signalbox.queue) returns bigint
language plpgsql stable set search_path = pg_catalog, signalbox, pg_temp
set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off set enable_bitmapscan = off set jit = off as $$
declare
	n     bigint;
	m     lane_maps;
	front bigint;      -- seq of the first that waits in my lane
	h     int;         -- its part of the map
	i     int;         -- mine
	since bigint;      -- where my part begins
begin
	select count(*) into n from (
		select from lane_cursors c cross join lateral (
			select from queue q where q.agent_id = c.agent_id and q.rank = c.rank and q.seq >= c.low_waiting
				and q.state in ('ready', 'blocked', 'delayed') and q.message_id <> me.message_id limit 1025) x
		where c.agent_id = me.agent_id and c.rank < me.rank
		union all
		select from lane_cursors c cross join lateral (
			select from queue q where q.agent_id = c.agent_id and q.rank = c.rank and q.seq >= c.low_waiting
				and (q.seq, q.message_id) < (me.seq, me.message_id) and q.state in ('ready', 'blocked', 'delayed') limit 1025) x
		where c.agent_id = me.agent_id and c.rank = me.rank
		limit 1025) ahead;
	if n <= 1024 then
		return n + 1;
	end if;
	select coalesce(sum(u.n), 0) into n from (select * from queue_totals order by id desc limit 1) t
		cross join lateral unnest(t.lane_agents, t.lane_ranks, t.lane_counts) u(agent_id, rank, n)
		where u.agent_id = me.agent_id and u.rank < me.rank;
	select * into m from lane_maps x where x.agent_id = me.agent_id and x.rank = me.rank;
	select q.seq into front from lane_cursors c cross join lateral (
			select x.seq from queue x where x.agent_id = c.agent_id and x.rank = c.rank and x.seq >= c.low_waiting and x.seq <= me.seq
				and x.state in ('ready', 'blocked', 'delayed') order by x.seq limit 1) q
		where c.agent_id = me.agent_id and c.rank = me.rank;
	front := coalesce(front, me.seq);
	since := front;
	if m.agent_id is not null then
		h := width_bucket(front, m.seqs);
		i := width_bucket(me.seq, m.seqs);
		if i > h + 1 then
			n := n + m.before[i] - m.before[h + 1] + (select count(*) from queue q where q.agent_id = me.agent_id and q.rank = me.rank
				and q.seq >= front and q.seq < m.seqs[h + 1] and q.state in ('ready', 'blocked', 'delayed'));
			since := m.seqs[i];
		end if;
	end if;
	return n + count_between(me.agent_id, me.rank, since, me.seq, me.message_id) + 1;
end $$;
