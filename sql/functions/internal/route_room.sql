-- How many messages of an agent may start now, as far as circuit breakers allow: null = any number, 1 = a probe, 0 =
-- none. An agent without any route may start: its messages fail, and say why.
create or replace function signalbox.route_room(agent int) returns int
language sql stable set search_path = pg_catalog, signalbox, pg_temp as $$
	select case when bool_and(r.is_held) then bool_or(r.can_probe)::int end from routes r where r.agent_id = agent;
$$;
