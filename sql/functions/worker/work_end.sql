-- Records the end of a work: a result, an error, or neither from a worker that ends and gives the work back.
-- usage: {"kind", "provider", "model", "model_asked", "tokens_prompt", "tokens_completion", "calls"}: the cost is
-- charged to the agent, without a message (message_id 0), once, also where the work was cancelled or another worker has
-- it now.
-- Waits for a lock at most 200 ms: the worker sends the record again. False: the job does not hold the work, or its
-- worker has ended; then only the cost is written.
create or replace function signalbox.work_end(work bigint, job uuid, result jsonb, error text, usage jsonb) returns boolean
language plpgsql security definer set search_path = pg_catalog, signalbox, pg_temp set lock_timeout = '200ms' as $$
declare
	w    work;
	cost bigint;
	n_in  int := tokens((usage ->> 'tokens_prompt')::bigint);
	n_out int := tokens((usage ->> 'tokens_completion')::bigint);
begin
	select * into w from work x where x.id = work for update;
	if not found then
		return false;
	end if;
	if (usage ->> 'calls')::int > 0 and work_end.job = any (w.jobs) then
		cost := (select price(p, n_in, 0, 0, 0, n_out, 0, 0, 0, null)
			from tariff(usage ->> 'provider', usage ->> 'model', usage ->> 'model_asked', clock_timestamp()) p);
		perform charge(jsonb_agg(x), case when w.job_id = job then w.worker_id else '00000000-0000-0000-0000-000000000000' end, clock_timestamp()) from (
			select job as job_id, 0 as call, usage ->> 'kind' as kind, 0 as message_id, a.id as agent_id, usage ->> 'provider' as provider, usage ->> 'model' as model,
				n_in as tokens_input, n_out as tokens_output, cost as cost_pico
			from agents a where a.slug = w.args ->> 'agent') x
		having count(*) > 0;
	end if;
	if work_end.result is null and work_end.error is null then
		update work x set state = 'queued', runs = x.runs - 1 where x.id = work and x.job_id = job and x.state = 'running';
		if found then
			perform pg_notify('signalbox_command', '');
		end if;
		return found;
	end if;
	update work x set state = case when work_end.error is null then 'done' else 'failed' end, error = work_end.error, ended_at = clock_timestamp(),
		done = case when work_end.error is null then x.total else x.done end,
		result = work_end.result || jsonb_build_object('usage', work_end.usage || jsonb_build_object('cost_usd', usd(cost)))
		where x.id = work and x.job_id = job and x.state = 'running' and exists (select from workers k where k.id = x.worker_id and k.ended_at is null);
	if found then
		perform run_close(work);
		return true;
	end if;
	return false;
end $$;
grant execute on function signalbox.work_end to signalbox_worker;
