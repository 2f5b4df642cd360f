-- What the property tests put beside the schema: the record of every transition, the ledger of what was acknowledged, the checks of one
-- moment, and time that passes without waiting. Loaded once into the private database of the test, as its superuser.
create schema prop;

-- Every change of an assistant's row, by trigger: it commits or vanishes with the transaction that made it.
create table prop.history (
	n bigint generated always as identity primary key, at timestamptz not null default clock_timestamp(),
	message_id bigint, session_id bigint, agent_id int, was text, becomes text, was_job uuid, job_id uuid, error text);
create index on prop.history (message_id);
-- What the triggers saw go wrong.
create table prop.found (name text, what text);
-- What was acknowledged to an application, a worker.
create table prop.sent (message uuid primary key, nonce text not null, key text unique);
create table prop.acked (n bigint generated always as identity, job_id uuid, message uuid, outcome text, result text, was_called boolean,
	could_lose boolean);
create index on prop.acked (job_id);
-- For plants that read by a watermark.
create table prop.watermark (agent_id int, priority int, seq bigint, primary key (agent_id, priority));
-- Tables that were empty when the schema was new: what a new history truncates.
create table prop.empties as
	select c.oid::regclass::text as name from pg_class c
	where c.relnamespace = 'signalbox'::regnamespace and c.relkind = 'r'
	  and (xpath('/row/n/text()', query_to_xml(format('select count(*) as n from %s', c.oid::regclass), false, true, '')))[1]::text = '0';

create function prop.watch() returns trigger language plpgsql as $$
begin
	if tg_op = 'INSERT' then
		insert into prop.history (message_id, session_id, agent_id, becomes)
			select new.id, new.session_id, s.agent_id, new.processing_status from signalbox.ai_sessions s where s.id = new.session_id;
		return null;
	end if;
	if old.processing_status = 'completed' and new is distinct from old then
		insert into prop.found values ('completed_changed', format('message %s was changed after it was completed', new.id));
	end if;
	if old.processing_status = new.processing_status and old.job_id is not distinct from new.job_id then
		return null;
	end if;
	insert into prop.history (message_id, session_id, agent_id, was, becomes, was_job, job_id, error)
		select new.id, new.session_id, s.agent_id, old.processing_status, new.processing_status, old.job_id, new.job_id, new.processing_error
		from signalbox.ai_sessions s where s.id = new.session_id;
	if new.processing_status = 'processing' and old.processing_status = 'processing' then
		insert into prop.found values ('started_twice', format('message %s was started again while it ran', new.id));
	end if;
	if new.processing_status = 'processing' and exists (select from signalbox.queue e where e.session_id = new.session_id
			and e.message_id < new.id and e.state in ('ready', 'blocked', 'delayed', 'running')) then
		insert into prop.found values ('order', format('message %s started before an earlier one of session %s', new.id, new.session_id));
	end if;
	return null;
end $$;
create trigger prop_watch after insert or update on signalbox.ai_messages
	for each row when (new.role = 'assistant') execute function prop.watch();

create function prop.reset() returns void language plpgsql as $$
declare r record;
begin
	update prop.broken set is_on = false;
	update prop.full set is_on = false;
	update signalbox.chores set done_at = clock_timestamp(), well_at = clock_timestamp(), error = null;
	execute (select 'truncate prop.history, prop.found, prop.sent, prop.acked, prop.watermark, ' || string_agg(name, ', ') || ' restart identity cascade'
	         from prop.empties);
	for r in select c.oid::regclass as name from pg_class c where c.relnamespace = 'signalbox'::regnamespace and c.relkind = 'S' loop
		execute format('alter sequence %s restart', r.name);
	end loop;
end $$;

-- While it is on, a chore of tend() fails.
create table prop.broken (is_on boolean not null);
insert into prop.broken values (false);
-- And while this one is, what ends an attempt finds no room on the disk.
create table prop.full (is_on boolean not null);
insert into prop.full values (false);
create function prop.no_room() returns trigger language plpgsql as $$
begin
	if (select is_on from prop.full) then
		raise exception 'no room' using errcode = 'disk_full';
	end if;
	return new;
end $$;
create trigger prop_no_room before insert on signalbox.attempts for each row execute function prop.no_room();
create function prop.fail() returns trigger language plpgsql as $$
begin
	if (select is_on from prop.broken) then
		raise exception 'a chore fails';
	end if;
	return null;
end $$;
create trigger prop_fail before delete on signalbox.starts for each statement execute function prop.fail();

-- Time passes: every time that something waits for comes nearer, every time that is remembered lies further back. Rows that an open
-- transaction holds are left: for them time stands still. Columns that only say when something was are left too. Ticks came meanwhile: their clock is as it was.
create function prop.pass_time(by interval) returns void language plpgsql as $$
declare r record;
begin
	for r in
		select a.attrelid::regclass as rel, string_agg(format('%1$I = %1$I - $1', a.attname), ', ') as sets
		from pg_attribute a join pg_class c on c.oid = a.attrelid
		where a.atttypid = 'timestamptz'::regtype and a.attnum > 0 and not a.attisdropped and c.relkind = 'r'
		  and (c.oid = 'prop.history'::regclass or c.relnamespace = 'signalbox'::regnamespace)
		  and c.relname in ('history', 'queue', 'workers', 'lanes', 'starts', 'watches', 'idempotency_keys', 'chores')
		group by 1
	loop
		execute format('update %1$s set %2$s where ctid = any (array(select ctid from %1$s t %3$s for update skip locked))', r.rel, r.sets,
			case when r.rel = 'signalbox.chores'::regclass then $w$where t.name <> 'clock'$w$ end) using by;
	end loop;
end $$;

-- The clock of the server is set forward, or back: nobody ticked meanwhile. Nothing is open now. And the first tick after that.
create function prop.step_clock(by interval) returns void language plpgsql as $$
begin
	perform prop.pass_time(by);
	-- (Set forward, what a lost call cost is charged early. That is as it must be, and not what the ledger here expects.)
	update signalbox.reservations set until = until - by where by < '0 s';
	update prop.history set at = at + by where by < '0 s';    -- the tick moves back what is counted from the past
	update signalbox.chores set done_at = done_at - by, well_at = well_at - by where name = 'clock';
	perform signalbox.tick();
end $$;

-- The sweep and whatever else is done every so often, now.
create function prop.tend() returns void language plpgsql as $$
begin
	update signalbox.chores set done_at = done_at - interval '61 s' where ctid = any (array(select ctid from signalbox.chores c where c.name <> 'clock' for update skip locked));
	perform signalbox.tend();
end $$;

-- A worker's lease runs out. False when somebody holds its row at this moment.
create function prop.expire(worker uuid) returns boolean language sql as $$
	with mine as (select id from signalbox.workers where id = worker for update skip locked)
	update signalbox.workers w set lease_until = clock_timestamp() - interval '1 s' from mine where w.id = mine.id returning true;
$$;

create function prop.note_sent(sent uuid, said text, with_key text) returns void language plpgsql as $$
begin
	insert into prop.sent values (sent, said, with_key) on conflict (key) do nothing;
	if not exists (select from prop.sent s where s.message = sent and s.nonce = said) then
		insert into prop.found values ('idempotency', format('key %s answered with message %s', with_key, sent));
	end if;
end $$;

-- Messages that a claim could take now, in the order in which it must. can_start: their agent is held back by nothing. Locks them, so that
-- what open transactions hold is left out: the caller rolls back.
create function prop.ready() returns table (message uuid, agent int, can_start boolean) language sql as $$
	with r as materialized (
		select q.* from signalbox.queue q where q.state = 'ready'
			and exists (select from signalbox.ai_messages m where m.id = q.message_id for no key update skip locked) for no key update skip locked
	), free as materialized (
		select h.agent_id, (select signalbox.waits_for(q) is null from signalbox.queue q where q.message_id = h.message_id) as can_start
		from (select distinct on (agent_id) agent_id, message_id from r) h
	)
	select m.uuid, r.agent_id, f.can_start from r join free f on f.agent_id = r.agent_id join signalbox.ai_messages m on m.id = r.message_id
	order by r.agent_id, r.priority desc, r.seq, r.message_id;
$$;

-- Everything that is wrong at this moment. `exact`: everything that was committed is also in the ledger.
create function prop.violations(exact boolean) returns table (name text, what text)
language plpgsql stable set search_path = pg_catalog, signalbox as $$
begin
	return query
	select f.name, f.what from prop.found f
	union all
	select 'one_state', format('message %s is %s, in the queue %s', m.id, m.processing_status, coalesce(q.state::text, 'not at all'))
		from ai_messages m left join queue q on q.message_id = m.id
		where m.role = 'assistant' and coalesce(q.state::text, '') not in (
			case m.processing_status when 'pending' then 'pending' when 'queued' then 'ready' when 'processing' then 'running'
				when 'failed' then 'failed' else '' end,
			case m.processing_status when 'queued' then 'blocked' when 'pending' then 'pending' when 'processing' then 'running'
				when 'failed' then 'failed' else '' end,
			case m.processing_status when 'queued' then 'delayed' when 'pending' then 'pending' when 'processing' then 'running'
				when 'failed' then 'failed' else '' end)
	union all
	select 'one_state', format('queue row of message %s, which is none', q.message_id)
		from queue q where not exists (select from ai_messages m where m.id = q.message_id and m.role = 'assistant')
	union all
	select 'holder', format('message %s runs as %s, the queue says %s of %s', m.id, m.job_id, q.job_id, q.worker_id)
		from queue q join ai_messages m on m.id = q.message_id
		where q.state = 'running' and (q.job_id is distinct from m.job_id or q.worker_id is null)
	union all
	select 'bound', format('message %s runs with claim %s, below its worker''s %s', q.message_id, q.claim_no, w.low_claim)
		from queue q join workers w on w.id = q.worker_id where q.state = 'running' and q.claim_no < w.low_claim
	union all
	select 'heads', format('session %s: %s', q.session_id, string_agg(q.message_id || ' ' || q.state, ', ' order by q.message_id))
		from queue q where q.state in ('ready', 'blocked', 'delayed', 'running')
			and not exists (select from promotions_due p where p.session_id = q.session_id) group by q.session_id
		having count(*) filter (where q.state in ('ready', 'delayed', 'running')) <> 1
	union all
	select 'order', format('message %s is the head of session %s, before %s', q.message_id, q.session_id, e.message_id)
		from queue q join queue e on e.session_id = q.session_id and e.message_id < q.message_id and e.state in ('ready', 'blocked', 'delayed')
		where q.state in ('ready', 'delayed')
	union all
	select 'lost', format('message %s was accepted and is not there', s.message)
		from prop.sent s left join ai_messages m on m.uuid = s.message left join ai_messages u on u.id = m.reply_to
		where u.content is distinct from s.nonce
	union all
	select 'phantom', format('message %s belongs to nobody', m.id) from ai_messages m
		where exact and m.role = 'assistant' and not exists (select from prop.sent s where s.message = m.uuid)
	union all
	select 'answer', format('message %s (%s) has the answer "%s" of job %s', m.id, m.processing_status, m.content, m.job_id)
		from ai_messages m join ai_messages u on u.id = m.reply_to
		where m.role = 'assistant'
		  and m.content <> case m.processing_status when 'completed' then format('answer %s %s', u.content, m.job_id) else '' end
	union all
	select 'one_answer', format('message %s is %s with %s completed attempts', m.id, m.processing_status, a.n)
		from ai_messages m cross join lateral (
			select count(*) as n, bool_and(a.job_id = m.job_id) as is_its_own from attempts a where a.message_id = m.id and a.outcome = 'completed') a
		where m.role = 'assistant' and (a.n, coalesce(a.is_its_own, true)) <> ((m.processing_status = 'completed')::int, true)
	union all
	select 'acked', format('job %s of message %s was told "%s" for %s, the message is %s', a.job_id, m.id, a.result, a.outcome, m.processing_status)
		from prop.acked a join ai_messages m on m.uuid = a.message
		where a.result = case when m.processing_status = 'completed' and m.job_id = a.job_id then 'lost' else 'kept' end
		  and a.outcome = 'completed'
	union all
	select 'acked', format('job %s was told kept and lost', a.job_id) from prop.acked a group by a.job_id having count(distinct a.result) > 1
	union all
	select 'robbed', format('job %s of message %s settled in time and was told lost', a.job_id, a.message)
		from prop.acked a where a.result = 'lost' and not a.could_lose
		  and not exists (select from prop.history h where h.was_job = a.job_id and h.was = 'processing' and h.becomes = 'cancelled')
	union all
	select 'transition', format('message %s went from %s to %s', h.message_id, coalesce(h.was, 'nothing'), h.becomes)
		from prop.history h where h.was is distinct from h.becomes and (coalesce(h.was, ''), h.becomes) not in (
			('', 'pending'), ('', 'queued'), ('pending', 'queued'), ('queued', 'processing'), ('processing', 'completed'),
			('processing', 'failed'), ('processing', 'queued'), ('failed', 'queued'), ('cancelled', 'queued'),
			('pending', 'cancelled'), ('queued', 'cancelled'), ('processing', 'cancelled'))
	union all
	select 'transition', format('%s messages came back from an end, %s retries', h.n, o.n)
		from (select count(*) as n from prop.history h where h.was in ('failed', 'cancelled') and h.becomes = 'queued') h,
		     (select count(*) as n from operator_log o where o.action = 'retry') o where h.n <> o.n
	union all
	select 'message_count', format('session %s says %s, has %s', s.id, s.message_count, m.n)
		from ai_sessions s cross join lateral (select count(*) as n from ai_messages m where m.session_id = s.id) m where s.message_count <> m.n
	union all
	select 'retry_count', format('message %s (%s) has %s after %s starts, %s released', m.id, m.processing_status, m.retry_count, h.n, a.n)
		from ai_messages m
		cross join lateral (select count(*) as n from prop.history h where h.message_id = m.id and h.becomes = 'processing') h
		cross join lateral (select count(*) as n from attempts a where a.message_id = m.id and a.outcome = 'released') a
		where m.role = 'assistant' and m.retry_count <> greatest(h.n - a.n - 1, 0)
	union all
	select 'stats', format('stats_minute has %s completed, %s failed; there were %s and %s', s.completed, s.failed, h.completed, h.failed)
		from (select coalesce(sum(s.completed), 0) as completed, coalesce(sum(s.failed), 0) as failed from stats_minute s) s,
		     (select count(*) filter (where h.becomes = 'completed') as completed,
		             count(*) filter (where h.becomes = 'failed') as failed from prop.history h) h
		where (s.completed, s.failed) <> (h.completed, h.failed)
	union all
	select 'stats', format('stats_minute has %s tokens, ai_costs %s', s.n, c.n)
		from (select coalesce(sum(s.tokens_prompt), 0) as n from stats_minute s) s, (select coalesce(sum(c.tokens_input), 0) as n from ai_costs c) c
		where s.n <> c.n
	union all
	-- A job that no worker ever answered for may have been called: two minutes after it was lost or cancelled it has a cost that is estimated.
	select 'costs', format('%s jobs were called, %s of them have a cost, there are %s costs', x.called, x.charged, x.costs)
		from (select count(distinct a.job_id) as called, count(distinct c.job_id) as charged, (select count(*) from ai_costs o
			where not (o.is_estimated and o.created_at > (select b.ended_at + interval '2 min' from attempts b where b.message_id = o.message_id and b.job_id = o.job_id and b.outcome in ('lost', 'cancelled'))
				and not exists (select from prop.acked k where k.job_id = o.job_id))) as costs
		      from prop.acked a left join ai_costs c on c.job_id = a.job_id where a.was_called) x
		where x.called <> x.charged or (exact and x.costs <> x.called)
	union all
	select 'concurrency', format('agent %s runs %s, may %s', a.id, q.n, a.concurrency_limit)
		from agents a cross join lateral (select count(*) as n from queue q where q.agent_id = a.id and q.state = 'running') q
		where q.n > a.concurrency_limit
	union all
	select 'rate', format('agent %s started %s within a minute, may %s', a.id, x.n, a.rate_limit_per_min)
		from agents a cross join lateral (
			select max(w.n) as n from (
				select count(*) over (order by h.at range between interval '60 s' preceding and current row) as n
				from prop.history h where h.agent_id = a.id and h.becomes = 'processing') w) x
		where x.n > a.rate_limit_per_min;
end $$;

-- One round of the end: time passes, everything that may start is started and answered. Answers how many were.
create function prop.drain(worker uuid) returns bigint language plpgsql as $$
declare n bigint;
begin
	perform prop.pass_time('62 s');
	perform signalbox.worker_renew(worker, '1 h', false);
	perform signalbox.tick();
	perform prop.tend();
	create temp table if not exists got (message_id bigint, message uuid, job_id uuid, nonce text);
	truncate got;
	insert into got select c.message_id, c.message_uuid, c.job_id, u.content from signalbox.claim(worker, 8, '300 s') c
		join signalbox.ai_messages m on m.id = c.message_id join signalbox.ai_messages u on u.id = m.reply_to;
	insert into prop.acked (job_id, message, outcome, result, was_called, could_lose)
		select s.job_id, g.message, 'completed', s.result, false, false
		from signalbox.settle(worker, (select json_agg(json_build_object('message_id', g.message_id, 'job_id', g.job_id, 'outcome', 'completed',
			'content', format('answer %s %s', g.nonce, g.job_id))) from got g), 3, '30 s') s join got g on g.job_id = s.job_id;
	select count(*) into n from got;
	return n;
end $$;

-- The places that queue_position() tells, against the order in which messages would really be served: one by one, nothing held back. Only
-- the claim can say that, so it is asked, and everything undone. Null when they agree.
create function prop.places() returns text language plpgsql as $$
declare
	w     uuid := gen_random_uuid();
	told  bigint[];
	ids   bigint[];
	real  bigint[] := '{}';
	c     record;
	rows  text;
begin
	perform prop.tend();
	select array_agg(x.id order by x.place, x.id), array_agg(x.place order by x.place, x.id) into ids, told
		from (select m.id, signalbox.queue_position(m.uuid) as place from signalbox.queue q join signalbox.ai_messages m on m.id = q.message_id
		      where q.state in ('ready', 'blocked', 'delayed')) x;
	-- (Asking for hundreds takes a second.)
	-- Where a blocked message is more urgent than an earlier one of its session, no place is exact: how soon it is served depends on when
	-- the earlier one ends. Nor where it was made less urgent than it is for one that has ended since.
	if coalesce(cardinality(ids), 99) > 16 or exists (select from signalbox.queue q join signalbox.ai_messages m on m.id = q.message_id
			where q.state = 'blocked' and (m.priority <> q.priority or exists (select from signalbox.queue e
				where e.session_id = q.session_id and e.message_id < q.message_id and e.state <> 'failed' and e.priority < m.priority))) then
		return null;
	end if;
	select string_agg(format('%s: agent %s session %s priority %s seq %s %s', q.message_id, q.agent_id, q.session_id, q.priority, q.seq, q.state), '; '
		order by array_position(ids, q.message_id)) into rows from signalbox.queue q where q.message_id = any (ids);
	begin
		update signalbox.queue set run_after = run_after + interval '1 day', retry_at = null where state in ('pending', 'failed');
		update signalbox.lanes set paused_at = null, blocked_until = null;
		update signalbox.agents set rate_limit_per_min = null, concurrency_limit = null;
		perform signalbox.settle(r.worker_id, json_build_array(json_build_object('message_id', r.message_id, 'job_id', r.job_id,
			'outcome', 'completed')), 3, '30 s') from signalbox.queue r where r.state = 'running';
		update signalbox.queue set run_after = clock_timestamp() - interval '1 s' where state in ('delayed', 'blocked') and run_after is not null;
		perform signalbox.tick();
		perform signalbox.worker_hello(w, 'order', '0', 8, null, '1 h');
		loop
			select * into c from signalbox.claim(w, 1, '300 s');
			exit when not found or cardinality(real) > 1000;
			if c.message_id = any (ids) then
				real := real || c.message_id;
			end if;
			perform signalbox.settle(w, json_build_array(json_build_object('message_id', c.message_id, 'job_id', c.job_id,
				'outcome', 'completed')), 3, '30 s');
		end loop;
		raise exception 'undo' using errcode = 'P0999';
	exception when sqlstate 'P0999' then
		null;
	end;
	if real = ids and told = array(select generate_series(1, cardinality(ids))::bigint) then
		return null;
	end if;
	return format('told %s at %s, served %s of %s', ids, told, real, rows);
end $$;

-- Functions of the schema run as its owner; the triggers write here.
grant usage on schema prop to public;
grant all on all tables in schema prop to public;
