-- How many messages of an agent run. The index of running messages contains the agent, so only the agent's rows are
-- visited.
create or replace function signalbox.running_of(agent int) returns bigint
language sql stable set search_path = pg_catalog, signalbox, pg_temp as $$
	select coalesce(sum(n), 0)::bigint from (
		select (select count(*) from queue q where q.worker_id = w.id and q.claim_no >= w.low_claim and q.agent_id = agent and q.state = 'running') as n
		from workers w
		union all
		select count(*) from queue q where q.worker_id is null and q.agent_id = agent and q.state = 'running') x;
$$;
