-- -> id uuid, name text, version text, state text, running int8, slots int4, per_minute float8, lease float8, started text, agents text, message int8, message_agent text, message_since text, rss int8, drain_by text
select w.id, w.name, w.version, case when w.lease_until < clock_timestamp() then 'STALE' when w.is_draining then 'draining' when r.n > 0 then 'busy' else 'idle' end as state,
	r.n as running, w.concurrency as slots, coalesce(s.done, 0) / 5.0::float8 as per_minute, extract(epoch from w.lease_until - clock_timestamp())::float8 as lease,
	signalbox.utc(w.started_at) as started, array_to_string(w.agents, ' ') as agents,
	o.message_id as message, o.slug as message_agent, signalbox.utc(o.changed_at) as message_since, w.rss_bytes as rss, d.actor as drain_by
from signalbox.workers w left join signalbox.worker_drains d on d.worker_id = w.id
cross join lateral (select count(*) as n from signalbox.queue q where q.worker_id = w.id and q.claim_no >= w.low_claim and q.state = 'running') r
left join lateral (select q.message_id, a.slug, q.changed_at from signalbox.queue q join signalbox.agents a on a.id = q.agent_id
	where q.worker_id = w.id and q.claim_no >= w.low_claim and q.state = 'running' order by q.claim_no limit 1) o on true
left join (select worker_id, sum(completed + failed) as done from signalbox.stats_minute where minute > clock_timestamp() - interval '5 min' group by 1) s on s.worker_id = w.id
where w.ended_at is null order by w.name, w.started_at limit 500
