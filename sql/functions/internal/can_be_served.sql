-- Whether a living worker has the secrets that one of the agent's routes needs, and its tools. Also true for an agent without a route,
-- and where no worker lives, because then the missing worker is the reason.
create or replace function signalbox.can_be_served(agent int) returns boolean
language sql stable set search_path = pg_catalog, signalbox, pg_temp as $$
	select not exists (select from routes r where r.agent_id = agent)
		or not exists (select from workers w where w.ended_at is null and w.lease_until > clock_timestamp())
		or exists (select from routes r join workers w on not r.provider_id = any (w.mute) and not lacks_tool(agent, w.mute) where r.agent_id = agent and w.ended_at is null and w.lease_until > clock_timestamp()
			and (w.agents is null or (select a.slug from agents a where a.id = agent) = any (w.agents)));
$$;
