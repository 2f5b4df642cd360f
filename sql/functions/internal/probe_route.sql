-- Which route of its agent a job tries as a probe (take_probes.sql): the first one, routes of the answer before that of
-- the intent (ord -1), whose breakers were all given to this job. Null: none.
create or replace function signalbox.probe_route(agent int, job uuid) returns int
language sql stable set search_path = pg_catalog, signalbox, pg_temp as $$
	select r.ord from all_routes r
	where r.agent_id = agent and (
		select bool_and(k.probe_job is not distinct from job and k.forced is null) from breakers k
		where k.provider = r.provider and k.model in ('', r.model) and k.key_env in ('', coalesce(r.key_env, ''))
			and (k.forced = 'open' or k.state = 'open' or k.state = 'parked' and k.until > clock_timestamp()))
	order by r.ord < 0, r.ord limit 1;
$$;
