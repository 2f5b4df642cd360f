-- Renews the lease by the database's clock. Returns the jobs to stop (repeated until their records come, because an
-- answer may be lost), and whether an operator asked the worker to end. No row: the lease was lost, and all its jobs
-- belong to others.
-- id: as worker_of() takes it. facts: {"rss": bytes of memory, "calls": {provider: calls in progress}, "kept": records
-- that could not be written yet, "lacks": {secret: why the worker does not have it}, "no_code": why it runs no code, or null, "http": [{"agent", "code", "n"}]:
-- requests since the last renewal, "http_batch": the number of this list, which is counted once although it may be said
-- again}, null from older workers.
create or replace function signalbox.worker_renew(id uuid, lease interval, draining boolean, facts jsonb default null)
returns table (stop uuid[], drain boolean)
language sql security definer set search_path = pg_catalog, signalbox, pg_temp as $$
	with had as (
		select k.id, k.http_batch from workers k where k.id = (select worker_of(worker_renew.id)) and k.ended_at is null for no key update
	), alive as (
		update workers w set lease_until = clock_timestamp() + lease_length(lease), is_draining = draining, renewed_at = clock_timestamp(),
			rss_bytes = (facts ->> 'rss')::bigint, calls = case when octet_length(facts::text) < 65536 then facts -> 'calls' end,
			kept = greatest(0, least(coalesce((facts ->> 'kept')::bigint, 0), 1000000000))::int,
			lacks = case when octet_length(facts::text) < 65536 then nullif(facts -> 'lacks', '{}') end,
			mute = case when jsonb_typeof(facts -> 'lacks') = 'object' and facts -> 'lacks' <> '{}' then array(
				select p.id from providers p where exists (select from provider_secrets(p.key_env, p.header, p.query) n where facts -> 'lacks' ? n))
				|| array(select -t.id from tools t where facts -> 'lacks' ? t.key_env) else '{}' end,
			no_code = case when facts ? 'no_code' then facts ->> 'no_code' else w.no_code end,
			http_batch = coalesce((facts ->> 'http_batch')::bigint, w.http_batch)
		from had where w.id = had.id returning w.id, had.http_batch < w.http_batch as is_new
	), counted as (
		insert into http_minutes as o (minute, agent_id, code, worker_id, n)
			select date_trunc('minute', clock_timestamp(), 'UTC'), coalesce(a.id, 0), x.code, alive.id, sum(least(x.n, 1000000))
			from alive cross join lateral jsonb_to_recordset(facts -> 'http') x(agent text, code int, n bigint) left join agents a on a.slug = x.agent
			where alive.is_new and x.code between 100 and 599 and x.n > 0 group by 2, 3, 4 order by 2, 3
			on conflict (minute, agent_id, code, worker_id) do update set n = o.n + excluded.n
	)
	select array(select s.job_id from stops s where s.worker_id = alive.id), exists (select from worker_drains d where d.worker_id = alive.id)
	from alive;
$$;
grant execute on function signalbox.worker_renew to signalbox_worker;
