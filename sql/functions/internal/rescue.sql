-- Returns messages of workers whose lease ran out, and attempts past their deadline, to the queue: no try is used, but
-- a message whose worker was lost ten times is poison and fails. The statement that writes checks the condition again.
-- Sessions and messages that another transaction has locked are skipped until the next run.
create or replace function signalbox.rescue() returns bigint
language plpgsql security definer set search_path = pg_catalog, signalbox, pg_temp as $$ -- plans: index, no_jit
declare
	t        timestamptz := clock_timestamp();
	sessions bigint[];
	jobs     uuid[];
	poison   bigint[];    -- messages that failed
	n        bigint;
begin
	update workers w set ended_at = t, is_idle = false where w.id in (
		select x.id from workers x where x.ended_at is null and x.lease_until < t for update skip locked);
	-- Messages of workers that ended within the last minute are read each time. All running messages, the overdue ones
	-- too, are read unless this took long the last time (chore 'overdue'): while an old snapshot is open, the index
	-- still holds all that ever ran.
	if chore_due('overdue') then
		sessions := array(
			select distinct q.session_id from running q left join workers w on w.id = q.worker_id
			where w.ended_at is not null or q.deadline < t and is_overdue(q.deadline, w) order by 1);    -- the function costs more than the look
		perform chore_done('overdue', t, null);
	else
		sessions := array(
			select q.session_id from workers w cross join lateral (
				select o.session_id from queue o where o.worker_id = w.id and o.claim_no >= w.low_claim and o.state = 'running' offset 0) q
			where w.ended_at > t - interval '1 min' order by 1);
	end if;
	if cardinality(sessions) = 0 then
		return 0;
	end if;
	sessions := array(select s.id from ai_sessions s where s.id = any (sessions) order by s.id for no key update skip locked);
	with lost as (
		select q.* from queue q left join workers w on w.id = q.worker_id
		where q.session_id = any (sessions) and q.state = 'running'
		  and (is_overdue(q.deadline, w) or (q.worker_id is not null and (w.id is null or w.ended_at is not null)))
		  and exists (select from ai_messages m where m.id = q.message_id for no key update skip locked)
		for update of q
	), back as (
		update queue q set state = case when l.crashes + 1 >= 10 then 'failed' else 'blocked' end::queue_state, crashes = l.crashes + 1,
			job_id = null, worker_id = null, deadline = null, changed_at = t
		from lost l where q.message_id = any (array[l.message_id])
	), ended as (
		insert into attempts (job_id, message_id, agent_id, number, worker_id, worker_name, started_at, ended_at, outcome, error_class, error)
		select l.job_id, l.message_id, l.agent_id, l.runs, l.worker_id, (select w.name from workers w where w.id = l.worker_id), l.changed_at, t,
			'lost', 'lease_expired',
			case when l.deadline < t then 'the attempt passed its deadline' else 'its worker was lost; the call may have been billed' end
		from lost l where l.job_id is not null
		on conflict do nothing
	), told as (
		insert into stops select l.worker_id, l.job_id from lost l join workers w on w.id = l.worker_id where w.ended_at is null
		on conflict do nothing
	), owed as (
		select keep_reserved(l.job_id, l.message_id, l.agent_id, (select string_agg(s.text, '') from message_stream s where s.message_id = l.message_id and s.job_id = l.job_id))
		from lost l where l.job_id is not null and l.worker_id is not null
	), gone as (
		delete from message_stream s using lost l where s.message_id = any (array[l.message_id])
	), said as (
		update ai_messages m set processing_status = case when l.crashes + 1 >= 10 then 'failed' else 'queued' end,
			processing_started_at = case when l.crashes + 1 >= 10 then m.processing_started_at end,
			processing_error = case when l.crashes + 1 >= 10 then 'poison: its worker was lost 10 times' else m.processing_error end,
			processing_completed_at = case when l.crashes + 1 >= 10 then t end
		from lost l where m.id = any (array[l.message_id])
		returning m.id
	), counted as materialized (
		select add_stats(date_trunc('minute', t), x.agent_id, x.worker_id, failed => x.n) from (
			select l.agent_id, l.worker_id, count(*) as n from lost l where l.crashes + 1 >= 10 and l.worker_id is not null group by 1, 2 order by 1, 2) x
	)
	select (select count(*) from said), (select array_agg(l.job_id) from lost l), (select array_agg(l.message_id) from lost l where l.crashes + 1 >= 10) into n, jobs, poison from (select count(*) from owed) o, (select count(*) from counted) c;
	-- Another message may be the probe. (Does not take lock_breakers: where a row is locked, the probe's time runs
	-- out.)
	update breakers b set probe_job = null, probe_until = null from (
		select k.provider, k.model, k.key_env from breakers k where k.probe_job = any (jobs) for update skip locked) x
		where b.provider = x.provider and b.model = x.model and b.key_env = x.key_env;
	update runs r set state = 'ended', ended_at = t, verdict = 'lost', why = 'its worker was lost' where r.job_id = any (jobs) and r.state <> 'ended';
	perform promote_heads(sessions, true);
	if poison is not null then
		perform tell_ended(poison);
	end if;
	return n;
end $$;
