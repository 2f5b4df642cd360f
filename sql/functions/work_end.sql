-- What became of it, once. usage: {"kind", "provider", "model", "model_asked", "tokens_prompt", "tokens_completion", "calls"}: what was spent is the
-- agent's, without a message (0), also where the work was cancelled or failed. A worker
-- without a lease changes no more than that.
create or replace function signalbox.work_end(work bigint, job uuid, result jsonb, error text, usage jsonb) returns boolean
language plpgsql security definer set search_path = pg_catalog, signalbox, pg_temp as $$
declare
	w    work;
	cost bigint;
begin
	select * into w from work x where x.id = work and x.job_id = job for update;
	if not found then
		return false;
	end if;
	if (usage ->> 'calls')::int > 0 then
		cost := (select price(p, (usage ->> 'tokens_prompt')::int, 0, 0, 0, (usage ->> 'tokens_completion')::int)
			from tariff(usage ->> 'provider', usage ->> 'model', usage ->> 'model_asked', clock_timestamp()) p);
		insert into ai_costs (job_id, call, kind, message_id, agent_id, provider, model, tokens_input, tokens_output, cost_pico)
			select job, 0, usage ->> 'kind', 0, a.id, usage ->> 'provider', usage ->> 'model', (usage ->> 'tokens_prompt')::int, (usage ->> 'tokens_completion')::int, cost
			from agents a where a.slug = w.args ->> 'agent' on conflict do nothing;
		if found then
			insert into stats_minute as old (minute, agent_id, worker_id, tokens_prompt, tokens_completion, cost_pico, cost_unknown)
				select date_trunc('minute', clock_timestamp()), a.id, w.worker_id, (usage ->> 'tokens_prompt')::int, (usage ->> 'tokens_completion')::int,
					coalesce(cost, 0), (cost is null)::int
				from agents a where a.slug = w.args ->> 'agent'
				on conflict (minute, agent_id, worker_id) do update set tokens_prompt = old.tokens_prompt + excluded.tokens_prompt,
					tokens_completion = old.tokens_completion + excluded.tokens_completion, cost_pico = old.cost_pico + excluded.cost_pico,
					cost_unknown = old.cost_unknown + excluded.cost_unknown;
		end if;
	end if;
	update work x set state = case when work_end.error is null then 'done' else 'failed' end, error = work_end.error, ended_at = clock_timestamp(), done = case when work_end.error is null then x.total else x.done end,
		result = work_end.result || jsonb_build_object('usage', work_end.usage || jsonb_build_object('cost_usd', usd(cost)))
		where x.id = work and x.state = 'running' and exists (select from workers k where k.id = x.worker_id and k.ended_at is null);
	return found;
end $$;
