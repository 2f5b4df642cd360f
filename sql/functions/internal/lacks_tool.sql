-- Whether a worker that lacks the keys of the tools whose ids stand in `mute`, below zero, lacks one of this agent's.
create or replace function signalbox.lacks_tool(agent int, mute int[]) returns boolean
language sql stable set search_path = pg_catalog, signalbox, pg_temp as $$
	select mute <> '{}' and exists (select from agents a cross join lateral agent_tools(a.tools) w(name) join tools t on t.name = w.name
		where a.id = agent and a.tools is not null and -t.id = any (mute));
$$;
