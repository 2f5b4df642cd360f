-- Takes work for one worker: at most `slots` messages, only such as may start now. Claims are serialised (a batch takes about a
-- millisecond), which is what makes turns, rate and concurrency limits exact over the whole fleet. One statement from the worker,
-- so a worker that freezes never holds the lock.
create or replace function signalbox.claim(worker uuid, slots int, attempt_timeout interval)
returns table (message_id bigint, message_uuid uuid, job_id uuid, session_id bigint, agent_id int, number int, is_watched boolean)
language plpgsql security definer set search_path = pg_catalog, signalbox, pg_temp
-- Plans must not follow the sizes these tables had when they were new and empty: always by index.
-- (What has no index then looks dear, and would be compiled: no JIT.)
set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off set jit = off as $$
#variable_conflict use_column
declare
	t     timestamptz;
	mine  text[];     -- the agents this worker serves; null: all
	ids   bigint[];
begin
	perform set_config('synchronous_commit', 'off', true);   -- losing a claim loses nothing: the message is still queued
	perform pg_advisory_xact_lock(hashtext('signalbox.claim'));
	t := clock_timestamp();
	select w.agents into mine from workers w where w.id = claim.worker and w.ended_at is null and w.lease_until > t;
	if not found then
		raise exception 'worker % holds no lease', claim.worker using errcode = 'SB003';
	end if;
	-- Agents that may start something, in order of turn, with how much. An agent gives at least one message,
	-- so none can give more than slots - (others): that bounds the rows looked at.
	with gate as materialized (
		select l.agent_id, l.turn,
		       least(claim.slots,
		             a.concurrency_limit - case when a.concurrency_limit is not null then
		               (select count(*) from queue r where r.agent_id = a.id and r.state = 'running') end,
		             a.rate_limit_per_min - case when a.rate_limit_per_min is not null then
		               (select count(*) from starts s where s.agent_id = a.id and s.started_at > t - interval '61 s') end) as room
		from lanes l join agents a on a.id = l.agent_id
		where l.paused_at is null and (l.blocked_until is null or l.blocked_until <= t) and (mine is null or a.slug = any (mine))
		  and exists (select from queue q where q.agent_id = l.agent_id and q.state = 'ready')
		order by l.turn, l.agent_id
	), chosen as materialized (
		select g.*, count(*) over () as agents from gate g where g.room > 0 order by g.turn, g.agent_id limit claim.slots
	), picked as (
		select q.message_id
		from chosen g cross join lateral (
			select w.message_id, row_number() over (order by w.priority desc, w.seq, w.message_id) as rank
			from (select x.message_id, x.priority, x.seq from queue x
			      where x.agent_id = g.agent_id and x.state = 'ready'
			      order by x.priority desc, x.seq, x.message_id
			      limit greatest(least(g.room, claim.slots - least(g.agents, claim.slots) + 1), 0)
			      for no key update skip locked) w) q
		order by q.rank, g.turn, g.agent_id
		limit claim.slots
	)
	select array_agg(p.message_id) into ids from picked p;
	t := clock_timestamp();
	update workers w set is_idle = (ids is null) where w.id = claim.worker and w.is_idle is distinct from (ids is null);
	if ids is null then
		return;
	end if;

	update queue q set state = 'running', job_id = gen_random_uuid(), worker_id = claim.worker, attempts = q.attempts + 1,
		run_after = null, deadline = t + attempt_timeout + interval '60 s', changed_at = t
		where q.message_id = any (ids) and q.state = 'ready';
	update lanes l set turn = nextval('turn_seq'), blocked_until = null
		where l.agent_id in (select q.agent_id from queue q where q.message_id = any (ids));
	insert into starts (agent_id, started_at)
		select q.agent_id, t from queue q join agents a on a.id = q.agent_id
		where q.message_id = any (ids) and a.rate_limit_per_min is not null;
	insert into attempts (job_id, message_id, agent_id, number, worker_id, worker_name, started_at)
		select q.job_id, q.message_id, q.agent_id,
		       1 + (select count(*) from attempts o where o.message_id = q.message_id), w.id, w.name, t
		from queue q join workers w on w.id = claim.worker where q.message_id = any (ids);
	return query
		update ai_messages m set processing_status = 'processing', processing_started_at = t, processing_completed_at = null,
			job_id = q.job_id, retry_count = q.attempts - 1
		from queue q where q.message_id = any (ids) and m.id = q.message_id
		returning m.id, m.uuid, q.job_id, m.session_id, q.agent_id, q.attempts,
			exists (select from watches v where v.message_id = m.id and v.until > t);
end $$;
