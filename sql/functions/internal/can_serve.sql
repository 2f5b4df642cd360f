-- Whether a worker that cannot call the providers `mute` may take messages of this agent: only when it can call the
-- first of the agent's routes that is free and that any living worker can call. What it would have to skip is done by
-- another worker. Nor does a worker take them that lacks the key of one of its tools. An agent without a route may start: its messages fail, and say why.
create or replace function signalbox.can_serve(agent int, mute int[]) returns boolean
language sql stable set search_path = pg_catalog, signalbox, pg_temp as $$
	select case when lacks_tool(agent, mute) then false when not exists (select from routes r where r.agent_id = agent) then true else coalesce((
		select not r.provider_id = any (mute) from routes r
		where r.agent_id = agent and (not r.is_held or r.can_probe) and exists (
			select from workers w where w.ended_at is null and not w.is_draining and w.lease_until > clock_timestamp() and not r.provider_id = any (w.mute)
				and (w.agents is null or (select a.slug from agents a where a.id = agent) = any (w.agents)))
		order by r.ord limit 1), false) end;
$$;
