-- Takes the oldest work of some kinds that waits, or whose worker is gone (after three runs it fails instead), and whose model this
-- worker can call. Its content: work_args(). Takes lock_claim, as a claim does, so that no other transaction reserves
-- the agent's money meanwhile; where the money is already gone, the work fails.
create or replace function signalbox.work_begin(worker uuid, kinds text[] default array['intent_eval']) returns table (id bigint, job_id uuid)
language plpgsql security definer set search_path = pg_catalog, signalbox, pg_temp as $$ -- plans: no_seqscan
#variable_conflict use_column
declare
	me workers;
	n  bigint;
begin
	select * into me from workers k where k.id = worker_of(work_begin.worker) and k.ended_at is null and k.lease_until > clock_timestamp();
	n := (select w.id from work w where me.id is not null and w.kind = any (kinds) and w.state in ('queued', 'running') and (w.state = 'queued' or not exists (
			select from workers k where k.id = w.worker_id and k.ended_at is null and k.lease_until > clock_timestamp()))
		and not exists (select from all_routes r where r.agent_id = w.agent_id and r.ord = -1 and r.provider_id = any (me.mute))
		order by w.id limit 1 for no key update skip locked);
	if n is null then
		return;
	end if;
	if exists (select from work w where w.id = n and w.agent_id is not null) then    -- somebody pays
		lock table lock_claim in exclusive mode;
	end if;
	update work w set state = 'failed', error = 'its worker was lost three times', ended_at = clock_timestamp() where w.id = n and w.runs >= 3;
	update work w set state = 'failed', error = 'its agent has no budget left for that', ended_at = clock_timestamp()
		where w.id = n and w.state <> 'failed' and money_left(w.agent_id) < 0;
	perform run_close(n);
	update runs r set state = 'running', worker_name = me.name, started_at = clock_timestamp()
		from work w where w.id = n and w.kind = 'exec' and w.state <> 'failed' and r.id = (w.args ->> 'run')::bigint;
	return query update work w set state = 'running', worker_id = me.id, job_id = x.job, jobs = w.jobs || x.job, done = 0, runs = w.runs + 1
		from (select gen_random_uuid() as job offset 0) x where w.id = n and w.state <> 'failed'
		returning w.id, w.job_id;
end $$;
grant execute on function signalbox.work_begin to signalbox_worker;
