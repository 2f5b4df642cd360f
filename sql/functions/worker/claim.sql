-- Claims work for one worker: at most `slots` messages, and only messages that may start now. The lock on lock_claim
-- serialises claims (a batch takes about a millisecond): therefore turns, rate limits and concurrency limits are exact
-- over the whole fleet. A message that another transaction has locked is skipped: no claim waits for a transaction
-- outside the fleet (docs/decisions/017-what-the-fleet-waits-for.md). SB003: the worker holds no lease.
--
-- Agents take turns in a circle, beginning after the agent that was served last: in each round every agent gives one
-- message, until the slots are full. Several rounds are taken at once: while n agents have work and `free` slots are
-- free, each agent gives free / n messages. So a message at the head of its agent is passed by at most one start of
-- each other agent.
create or replace function signalbox.claim(worker uuid, slots int, attempt_timeout interval)
returns table (message_id bigint, message_uuid uuid, job_id uuid, session_id bigint, agent_id int, number int, is_watched boolean)
language plpgsql security definer set search_path = pg_catalog, signalbox, pg_temp as $$ -- plans: index, no_bitmap, no_jit, generic
-- No plan may read a whole index because the table had one page when the plan was made: `id = any (array[x])` instead
-- of `id = x` allows only a look-up for each x (docs/decisions/018-the-floor-plan.md).
#variable_conflict use_column
declare
	t        timestamptz;
	w        workers;
	me       uuid := worker_of(claim.worker);
	after    bigint;
	circle   int[];            -- agents that may start messages, in the order of their turns
	room     int[];            -- how many messages each may still give
	n_agents int;
	want     int;              -- messages asked of each agent in this pass
	free     int := least(claim.slots, 20000);
	ids      bigint[] := '{}';
	taken    bigint[];
	ords     bigint[];         -- position in the circle of the agent that gave each message
	asked    int;
	mine     bigint := nextval('claim_seq');
	old      bigint := (select last_value from seq_old);
	fleet_paused boolean := exists (select from fleet f where f.paused_at is not null);
	budgeted int[];            -- agents of the circle with a budget; their messages that fit into it: id, prompt bytes, highest cost
	allowed  bigint[];
	sizes    bigint[];
	picos    bigint[];
	trouble  boolean := exists (select from breakers b where b.state <> 'closed' or b.forced = 'open');
	watched  boolean;
	rated    boolean;          -- some agent of the circle has a rate limit
	purses   jsonb;            -- results of purse_of(), for the agents of `budgeted` in their order
	low_agents int[];          -- lane (agent, rank) and seq of each claimed message
	low_ranks  int[];
	low_seqs   bigint[];
	jobs       uuid[];         -- of the claimed messages, in the order of `ids`
	starts     timestamptz[];
	tries      int[];
	numbers    int[];
	agents     int[];
begin
	perform set_config('synchronous_commit', 'off', true);   -- losing a claim loses nothing: the message is still queued
	lock table lock_claim in exclusive mode;
	slots := least(slots, 20000);
	attempt_timeout := greatest(interval '0', least(attempt_timeout, interval '1 day'));
	t := clock_timestamp();
	watched := exists (select from watches);
	select * into w from workers x where x.id = me and x.ended_at is null and x.lease_until > t;
	if not found then
		raise exception 'worker % holds no lease', coalesce(me, claim.worker) using errcode = 'SB003';
	end if;
	-- A worker that serves only some agents has a cursor of its own (workers.turn): it must not move the shared cursor
	-- past agents that it never serves.
	select case when w.agents is null then s.last_value else w.turn end into after from claim_turn s;
	select array_agg(g.agent_id), array_agg(g.room), bool_or(g.is_rated), array_agg(g.agent_id) filter (where g.purse is not null), jsonb_agg(g.purse) filter (where g.purse is not null)
		into circle, room, rated, budgeted, purses
	from (
		select c.agent_id, r.room, r.purse, r.is_rated
		from (      (select l.* from lanes l where l.agent_id > after order by l.agent_id)
		  union all (select l.* from lanes l where l.agent_id <= after order by l.agent_id)) c
		-- `offset 0` evaluates this for one agent after the other: a plan that began with agents or queue would lose
		-- the order of the circle.
		cross join lateral (
			select b.purse, a.rate_limit_per_min is not null as is_rated, least(
				case when not trouble and w.mute = '{}' and a.tokens_per_min is null and a.concurrency_limit is null and a.rate_limit_per_min is null
				     then claim.slots else agent_room(a.id, claim.slots, trouble, w.mute) end, jsonb_array_length(b.purse)) as room
			from agents a cross join lateral (
				select case when a.budget_day is not null or a.budget_month is not null then purse_of(a.id, claim.slots) end as purse offset 0) b
			where a.id = c.agent_id and (w.agents is null or a.slug = any (w.agents))
			  and exists (select from lane_cursors k where k.agent_id = c.agent_id and exists (
			              select from queue q where q.agent_id = k.agent_id and q.rank = k.rank and q.seq >= k.low_seq and q.state = 'ready'))
			offset 0) r
		where not fleet_paused and c.paused_at is null and (c.blocked_until is null or c.blocked_until <= t) and r.room > 0
		limit claim.slots) g;
	if budgeted is not null then
		select array_agg(u.id order by x.ord, u.n), array_agg(u.bytes order by x.ord, u.n), array_agg(u.pico order by x.ord, u.n) into allowed, sizes, picos
			from jsonb_array_elements(purses) with ordinality x(purse, ord)
			cross join rows from (jsonb_to_recordset(x.purse) as (id bigint, bytes bigint, pico bigint)) with ordinality u(id, bytes, pico, n);
	end if;

	-- The rounds. An agent that gave fewer messages than it was asked for has no more.
	n_agents := coalesce(cardinality(circle), 0);
	while free > 0 and n_agents > 0 loop
		want := greatest(free / n_agents, 1);
		asked := least(n_agents, free);
		with ask as (
			select u.agent_id, u.ord, least(u.room, want) as n from unnest(circle, room) with ordinality u(agent_id, room, ord)
			order by u.ord limit asked
		), first as materialized (
			select r.spot, k.ord
			from ask k cross join lateral (
				select q.spot
				from lane_cursors c cross join lateral (
					select x.ctid as spot from queue x
					where x.agent_id = c.agent_id and x.rank = c.rank and x.seq >= c.low_seq and x.state = 'ready'
					  and (budgeted is null or not x.agent_id = any (budgeted) or x.message_id = any (allowed))
					  and exists (select from ai_messages m where m.id = x.message_id for no key update skip locked)
					order by x.seq limit k.n for no key update skip locked) q
				where c.agent_id = k.agent_id order by c.rank limit k.n) r
		), started as (
			update queue q set state = 'running', job_id = gen_random_uuid(), worker_id = me, claim_no = mine, attempts = q.attempts + 1,
				runs = q.runs + 1, run_after = null, deadline = clock_timestamp() + attempt_timeout + interval '60 s', changed_at = clock_timestamp()
			from first f where q.ctid = f.spot    -- this transaction has locked the row, so it is still there
			returning q.message_id, q.agent_id, q.rank, q.seq, q.job_id, q.changed_at, q.attempts, q.runs, f.ord
		)
		select array_agg(s.message_id), array_agg(s.agent_id), array_agg(s.rank), array_agg(s.seq), array_agg(s.ord),
				agents || array_agg(s.agent_id), jobs || array_agg(s.job_id), starts || array_agg(s.changed_at), tries || array_agg(s.attempts), numbers || array_agg(s.runs)
			into taken, low_agents, low_ranks, low_seqs, ords, agents, jobs, starts, tries, numbers from started s;
		exit when taken is null;
		ids := ids || taken;
		free := claim.slots - cardinality(ids);
		after := circle[(select max(o) from unnest(ords) o)];
		-- On average one start in 16 raises the cursor of its lane to the seq where this batch began, but never above
		-- seq_old.
		if random() < cardinality(taken) / 16.0 then
			update lane_cursors c set low_seq = f.low
			from (select k.agent_id, k.rank, least(s.low, old) as low
			      from (select u.agent_id, u.rank, min(u.seq) as low, count(*) as n from unnest(low_agents, low_ranks, low_seqs) u(agent_id, rank, seq) group by 1, 2) s
			      join lane_cursors k on k.agent_id = s.agent_id and k.rank = s.rank
			      where k.low_seq < least(s.low, old) and (random() < s.n / 16.0 or cardinality(taken) < 16) for no key update of k skip locked) f
			where c.agent_id = f.agent_id and c.rank = f.rank;
		end if;
		exit when free <= 0 or n_agents = 1 and cardinality(taken) < want;
		-- An agent that gave all it was asked for may have more; an agent that was not asked in this pass stays in the
		-- circle.
		select array_agg(u.agent_id order by u.ord), array_agg(u.room - u.given order by u.ord) into circle, room
			from (select x.agent_id, x.room, x.ord, (select count(*) from unnest(ords) o where o = x.ord) as given
			      from unnest(circle, room) with ordinality x(agent_id, room, ord)) u
			where u.ord > asked or (u.given >= least(u.room, want) and u.room > u.given);
		n_agents := coalesce(cardinality(circle), 0);
	end loop;

	-- On average one start in 500 raises the worker's low_claim to the oldest claim that it still runs, or to this
	-- claim.
	if random() < cardinality(ids) / 500.0 then
		update workers x set low_claim = least(mine, (select q.claim_no from queue q where q.worker_id = x.id and q.state = 'running'
			and q.claim_no >= x.low_claim order by q.claim_no limit 1)) where x.id = me;
	end if;
	if w.is_idle <> (ids = '{}') or w.agents is not null then
		update workers x set is_idle = (ids = '{}'), turn = case when x.agents is null then x.turn else after end where x.id = me;
	end if;
	if ids = '{}' then
		return;
	end if;
	if w.agents is null then
		perform setval('claim_turn', after);
	end if;
	if rated then
		insert into starts (agent_id, started_at)
			select q.agent_id, q.changed_at from queue q join agents a on a.id = q.agent_id
			where q.message_id = any (ids) and a.rate_limit_per_min is not null;
	end if;
	if budgeted is not null then
		-- A reservation must survive a crash: when there are any, this transaction waits for the disk
		-- (synchronous_commit on).
		insert into reservations (job_id, message_id, agent_id, pico, tokens_input, until)
			select q.job_id, q.message_id, q.agent_id, f.pico, f.size / 4, q.deadline
			from unnest(allowed, sizes, picos) f(id, size, pico) join queue q on q.message_id = any (array[f.id]) where f.id = any (ids);
		if found then
			perform set_config('synchronous_commit', 'on', true);
		end if;
	end if;
	if trouble then
		perform take_probes(ids, attempt_timeout);
	end if;
	return query
		update ai_messages m set processing_status = 'processing', processing_started_at = u.start, processing_completed_at = null,
			job_id = u.job, retry_count = u.tries - 1
		from unnest(ids, agents, jobs, starts, tries, numbers) u(id, agent, job, start, tries, number) where m.id = any (array[u.id])
		returning m.id, m.uuid, u.job, m.session_id, u.agent, u.number,
			watched and exists (select from watches v where v.message_id = m.id and v.until > t);
end $$;
grant execute on function signalbox.claim to signalbox_worker;
