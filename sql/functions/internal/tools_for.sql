-- The tools of an agent, in its order, as the worker reads them (worker/toolbox/toolbox.c).
create or replace function signalbox.tools_for(agent int) returns json
language sql stable set search_path = pg_catalog, signalbox, pg_temp as $$ -- plans: index, no_jit
	select json_agg(json_build_object('name', o.name, 'kind', o.kind, 'description', o.description, 'schema', o.schema, 'url', o.url, 'method', o.method, 'payload', o.payload,
			'key_env', o.key_env, 'timeout_ms', (extract(epoch from o.timeout) * 1000)::bigint, 'waits', o.waits, 'has_effects', o.side_effects, 'is_repeatable', o.idempotent or not o.side_effects,
			'result_bytes', o.result_bytes) order by w.n)
	from agents a cross join lateral agent_tools(a.tools) with ordinality w(name, n) join tools o on o.name = w.name where a.id = agent;
$$;
