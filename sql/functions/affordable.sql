-- Of the next `lim` messages of an agent with a budget, those that fit into it together, in order. One that does not fit holds those behind it: order is
-- kept. None where a price is unknown.
create or replace function signalbox.affordable(agent int, lim int) returns setof bigint
language sql stable set search_path = pg_catalog, signalbox, pg_temp
set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off set enable_bitmapscan = off set jit = off as $$
	select z.message_id
	from (select x.message_id, sum(worst_case(x.message_id, agent)) over w as total, bool_or(worst_case(x.message_id, agent) is null) over w as is_unknown
	      from (select q.message_id, q.rank, q.seq
	            from lane_cursors c cross join lateral (
	                select y.message_id, y.rank, y.seq from queue y
	                where y.agent_id = c.agent_id and y.rank = c.rank and y.seq >= c.low_seq and y.state = 'ready' order by y.seq limit lim) q
	            where c.agent_id = agent order by c.rank, q.seq limit lim) x
	      window w as (order by x.rank, x.seq)) z
	where not z.is_unknown and z.total <= money_left(agent);
$$;
