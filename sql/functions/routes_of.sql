-- Whom a job may call, in order, as the worker reads it: [{"provider","protocol","base_url","key_env","header","query","model","context_tokens","probe","skip","skip_ms"}].
-- A breaker whose wait is over is given to one job in the whole fleet as a probe; who calls this holds the claims' lock.
create or replace function signalbox.routes_of(agent int, job uuid, attempt_timeout interval) returns json
language plpgsql set search_path = pg_catalog, signalbox, pg_temp as $$
declare
	r      record;
	list   json[] := '{}';
	probes boolean;
	has_probe boolean := false;
begin
	for r in select x.*, p.header, p.query, m.context_tokens, m.has_tools from routes x join providers p on p.id = x.provider_id left join lateral tariff(x.provider, x.model, x.model, clock_timestamp()) m on true
	         where x.agent_id = agent order by x.ord loop
		probes := false;
		if r.can_probe and not has_probe then
			probes := probe_take(r.provider, r.model, r.key_env, job, attempt_timeout);
			has_probe := has_probe or probes;
		end if;
		list := list || json_build_object('provider', r.provider, 'protocol', r.protocol, 'base_url', r.base_url, 'key_env', r.key_env, 'header', r.header, 'query', r.query,
			'model', r.model, 'context_tokens', r.context_tokens, 'probe', probes,
			'skip', case when r.is_held and not probes then coalesce(r.reason, 'breaker_open')
				when r.has_tools = false and (select a.tools from agents a where a.id = agent) is not null then 'it has no tools' end,
			'skip_ms', case when r.is_held and not probes then greatest(1, extract(epoch from r.until - clock_timestamp()) * 1000)::bigint end);
	end loop;
	return to_json(list);
end $$;
