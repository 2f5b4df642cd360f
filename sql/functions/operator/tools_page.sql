-- The tools, by name, or those of one agent in its order; and how their calls of the last hour went.
create or replace function signalbox.tools_page(agent text default null)
returns table (name text, kind text, description text, schema text, url text, method text, function text, payload text, key_env text, timeout_ms int, side_effects boolean,
	idempotent boolean, waits boolean, result_bytes int, agents text, calls_last_hour bigint, errors_last_hour bigint, mean_ms numeric, unknown bigint)
language sql stable security definer set search_path = pg_catalog, signalbox, pg_temp as $$ -- plans: no_jit
	select t.name, t.kind, t.description, t.schema, t.url, coalesce(t.method, case when t.kind in ('http', 'process') then 'POST' end), t.function, t.payload, t.key_env,
		(extract(epoch from t.timeout) * 1000)::int, t.side_effects, t.idempotent, t.waits, t.result_bytes,
		(select string_agg(a.slug, ' ' order by a.slug) from agents a where a.tools is not null and t.name in (select agent_tools(a.tools))), c.n, c.errors, c.ms, c.unknown
	from tools t left join (select w.name, w.n from agents a cross join lateral agent_tools(a.tools) with ordinality w(name, n) where a.slug = tools_page.agent) l on l.name = t.name
	cross join lateral (select count(*) as n, count(*) filter (where x.state in ('error', 'refused')) as errors, round(avg(x.duration_ms), 1) as ms, count(*) filter (where x.state = 'unknown') as unknown
		from tool_calls x where x.tool_id = t.id and x.started_at > clock_timestamp() - interval '1 h') c
	where tools_page.agent is null or l.name is not null
	order by l.n, t.name;
$$;
grant execute on function signalbox.tools_page to signalbox_viewer;
