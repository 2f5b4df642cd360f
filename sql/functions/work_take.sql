-- The oldest work that waits, or whose worker is no more (three times: then it is not tried again). spec: how the texts are classified.
create or replace function signalbox.work_take(worker uuid) returns table (id bigint, job_id uuid, kind text, args jsonb, spec jsonb)
language plpgsql security definer set search_path = pg_catalog, signalbox, pg_temp set enable_seqscan = off as $$
#variable_conflict use_column
declare
	me uuid := worker_of(work_take.worker);
	n bigint := (select w.id from work w where w.state in ('queued', 'running') and (w.state = 'queued' or not exists (
		select from workers k where k.id = w.worker_id and k.ended_at is null and k.lease_until > clock_timestamp())) order by w.id limit 1 for no key update skip locked);
begin
	if n is null or not exists (select from workers k where k.id = me and k.ended_at is null and k.lease_until > clock_timestamp()) then
		return;
	end if;
	update work w set state = 'failed', error = 'its worker was lost three times', ended_at = clock_timestamp() where w.id = n and w.runs >= 3;
	return query update work w set state = 'running', worker_id = me, job_id = x.job, jobs = w.jobs || x.job, done = 0, runs = w.runs + 1
		from (select gen_random_uuid() as job offset 0) x where w.id = n and w.runs < 3
		returning w.id, w.job_id, w.kind, w.args, (select intent_spec(a.id) from agents a where a.slug = w.args ->> 'agent');
end $$;
