-- The tools of an agent, in its order, as the worker reads them (worker/tools/toolbox.c).
create or replace function signalbox.tools_for(agent int) returns json
language sql stable set search_path = pg_catalog, signalbox, pg_temp as $$ -- plans: index, no_jit
	select json_agg(json_build_object('name', o.name, 'kind', o.kind, 'description', o.description, 'schema', o.schema, 'url', o.url, 'method', o.method, 'payload', o.payload,
			'key_env', o.key_env, 'timeout_ms', coalesce((extract(epoch from o.timeout) * 1000)::bigint, case o.kind when 'process' then 3600000 else 30000 end), 'waits', o.waits, 'has_effects', o.side_effects, 'is_repeatable', o.idempotent or not o.side_effects,
			'result_bytes', coalesce(o.result_bytes, 16384)) order by w.n)
	from agents a cross join lateral agent_tools(a.tools) with ordinality w(name, n) join tools o on o.name = w.name where a.id = agent;
$$;
