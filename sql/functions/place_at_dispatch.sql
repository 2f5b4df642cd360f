-- The position that dispatch() answers: the place in the order of service of a message that was just put into its lane (agent, rank). As queue_position() tells it
-- where at most 64 of its agent wait before it; else, by the totals, which are about a second old, and the lane's newest rows.
-- (The planner's settings are dispatch()'s.)
create or replace function signalbox.place_at_dispatch(agent int, lane int, seq bigint, message bigint) returns bigint
language plpgsql stable set search_path = pg_catalog, signalbox, pg_temp as $$
declare
	t     queue_totals;
	i     int;
	place bigint := 0;
	n     bigint;
	seen  bigint;
begin
	select * into t from queue_totals order by id desc limit 1;
	i := width_bucket(agent, t.lane_agents);    -- the last of the agent's lanes; they are ordered by rank
	while i > 0 and t.lane_agents[i] = agent loop
		if t.lane_ranks[i] <= lane then
			place := place + t.lane_counts[i];
		end if;
		i := i - 1;
	end loop;
	if place < 64 then
		select count(*) into n from (
			select from lane_cursors c cross join lateral (
				select from queue q where q.agent_id = c.agent_id and q.rank = c.rank and q.seq >= c.low_waiting
					and q.state in ('ready', 'blocked', 'delayed') and (q.rank < lane or q.seq <= place_at_dispatch.seq) and q.message_id <> message limit 65) x
			where c.agent_id = agent and c.rank <= lane limit 65) ahead;
		if n < 65 then
			return n + 1 + others_ahead(agent, n + 1, 256);
		elsif t.upto_seq is null then
			return (select place_in_agent(q) + others_ahead(agent, place_in_agent(q), 256) from queue q where q.message_id = message);
		end if;
	end if;
	select count(*), max(x.seq) into n, seen from (
		select q.seq from queue q where q.agent_id = agent and q.rank = lane and q.seq > t.upto_seq and q.seq < place_at_dispatch.seq
			and q.state in ('ready', 'blocked', 'delayed') order by q.seq limit 32) x;
	place := place + 1 + case when n < 32 then n else n * (seq - t.upto_seq) / greatest(seen - t.upto_seq, 1) end;
	return place + others_ahead(agent, place, 256);
end $$;
