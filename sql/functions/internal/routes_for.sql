-- The routes that a job may call, in order, as the worker reads them:
--   [{"provider","protocol","base_url","key_env","header","query","model","context_tokens","probe","skip","skip_ms"}].
-- probe: this job is the one in the whole fleet that tries a breaker whose wait is over (take_probes.sql).
create or replace function signalbox.routes_for(agent int, job uuid) returns json
language sql stable set search_path = pg_catalog, signalbox, pg_temp as $$
	select json_agg(json_build_object('provider', r.provider, 'protocol', r.protocol, 'base_url', r.base_url, 'key_env', r.key_env, 'header', p.header, 'query', p.query,
		'model', r.model, 'context_tokens', m.context_tokens, 'probe', x.is_probe,
		'skip', case when r.is_held and not x.is_probe then coalesce(r.reason, 'breaker_open')
			when m.has_tools = false and (select a.tools from agents a where a.id = agent) is not null then 'it has no tools' end,
		'skip_ms', case when r.is_held and not x.is_probe then greatest(1, extract(epoch from r.until - clock_timestamp()) * 1000)::bigint end) order by r.ord)
	from routes r join providers p on p.id = r.provider_id left join lateral tariff(r.provider, r.model, r.model, clock_timestamp()) m on true
	cross join lateral (select r.ord is not distinct from probe_route(agent, job) as is_probe) x
	where r.agent_id = agent;
$$;
