-- Does an agent's budget hold it: a message could start now but for the money. Messages that wait for their session or their time are not held by it.
create or replace function signalbox.held_by_budget(agent int) returns boolean
language sql stable set search_path = pg_catalog, signalbox, pg_temp
set enable_nestloop = on set enable_seqscan = off set enable_bitmapscan = off set jit = off as $$
	select money_left(agent) is not null
		and exists (select from lane_cursors c cross join lateral (
		            	select from queue y where y.agent_id = c.agent_id and y.rank = c.rank and y.seq >= c.low_seq and y.state = 'ready' limit 1) q
		            where c.agent_id = agent)
		and not exists (select from affordable(agent, 1));
$$;
