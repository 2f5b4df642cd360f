-- The position that dispatch() returns: the place in the order of service of a message that was just put into its lane
-- (agent, rank). The same as queue_position() while fewer than 64 messages wait before it or for other agents; else
-- from the totals, which are about a second old, and the lane's newest rows. Null where there are no totals yet.
-- (The planner's settings are those of dispatch().)
create or replace function signalbox.place_at_dispatch(agent int, lane int, seq bigint) returns bigint
language plpgsql stable set search_path = pg_catalog, signalbox, pg_temp as $$
declare
	t      queue_totals;
	upto   bigint;
	total  bigint;
	agents int[];       -- that have messages which may be served before this one; and how many
	counts bigint[];
	i      int;
	place  bigint;
	n      bigint;
	mine   bigint;
	seen   bigint;
begin
	select x.upto_seq, x.queued into upto, total from queue_totals x order by x.id desc limit 1;
	if upto is null or total < 64 then
		select coalesce(sum(b.n), 0), array_agg(b.agent_id), array_agg(b.n) into n, agents, counts from (
			select w.agent_id, count(*) as n from (
				select c.agent_id from lane_cursors c cross join lateral (
					select from queue q where q.agent_id = c.agent_id and q.rank = c.rank and q.seq >= c.low_waiting and q.state in ('ready', 'blocked', 'delayed')
						and (q.agent_id <> agent or q.rank < lane or q.rank = lane and q.seq < place_at_dispatch.seq) limit 64) x
				limit 64) w group by 1) b;
		if n < 64 then
			mine := coalesce(counts[array_position(agents, agent)], 0);
			place := mine + 1;
			if n > mine then
				-- Each agent gives one message a round, as long as it has any: an agent before this one in the circle gives
				-- as many as its place, the others one less.
				place := place + (select sum(least(o.n, mine + is_before(o.id, agent, (select c.last_value from claim_turn c))::int))
				                  from unnest(agents, counts) o(id, n) where o.id <> agent);
			end if;
			return place;
		elsif upto is null then
			return null;
		end if;
	end if;
	select * into t from queue_totals x order by x.id desc limit 1;
	place := 1;
	i := width_bucket(agent, t.lane_agents);    -- the last of the agent's lanes; they are ordered by rank
	while i > 0 and t.lane_agents[i] = agent loop
		if t.lane_ranks[i] <= lane then
			place := place + t.lane_counts[i];
		end if;
		i := i - 1;
	end loop;
	select count(*), max(x.seq) into n, seen from (
		select q.seq from queue q where q.agent_id = agent and q.rank = lane and q.seq > t.upto_seq and q.seq < place_at_dispatch.seq
			and q.state in ('ready', 'blocked', 'delayed') order by q.seq limit 32) x;
	place := place + case when n < 32 then n else n * (seq - t.upto_seq) / greatest(seen - t.upto_seq, 1) end;
	return place + others_ahead(agent, place, 0);
end $$;
