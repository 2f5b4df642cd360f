-- Whether an agent's budget holds it: a message is ready to start and only the money is missing. Messages that wait for
-- their session or their time are not held by the budget. The cheapest check comes first: every agent with a budget is
-- checked each time a console reads.
create or replace function signalbox.held_by_budget(agent int) returns boolean
language plpgsql stable set search_path = pg_catalog, signalbox, pg_temp as $$ -- plans: no_seqscan, no_bitmap, nestloop, no_jit
begin
	if not exists (select from lane_cursors c cross join lateral (
	               	select from queue y where y.agent_id = c.agent_id and y.rank = c.rank and y.seq >= c.low_seq and y.state = 'ready' limit 1) q
	               where c.agent_id = agent) then
		return false;
	end if;
	return exists (select from agents a where a.id = agent and (a.budget_day is not null or a.budget_month is not null))
		and not exists (select from affordable(agent, 1));
end $$;
