-- The place of a waiting message among its agent's messages, 1 = next: exact where at most 1,024 are before it; further
-- back from the lane's map, which holds every 256th message, so that only the ends are counted.
create or replace function signalbox.place_in_agent(me signalbox.queue) returns bigint
language plpgsql stable set search_path = pg_catalog, signalbox, pg_temp as $$ -- plans: index, no_bitmap, no_jit
declare
	n bigint;
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
	return 1 + (select sum(case when c.rank < me.rank then lane_ahead(c.agent_id, c.rank, c.low_waiting, 9223372036854775807, 0)
	                            else lane_ahead(c.agent_id, c.rank, c.low_waiting, me.seq, me.message_id) end)
	            from lane_cursors c where c.agent_id = me.agent_id and c.rank <= me.rank);
end $$;
