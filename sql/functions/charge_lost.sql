-- Reservations whose time is over: nobody told what the call used, so it is charged as estimated; where there is a budget, as what was reserved, for a
-- budget that believed in less than what the provider may bill would not hold.
create or replace function signalbox.charge_lost() returns void
language sql set search_path = pg_catalog, signalbox, pg_temp as $$
	with over as (
		delete from reservations r where r.until < clock_timestamp() and not exists (
			select from queue q where q.message_id = r.message_id and q.job_id = r.job_id and q.state = 'running')
		returning r.*
	), spent as (
		insert into ai_costs (job_id, call, message_id, session_id, agent_id, agent_type, provider, model, tokens_input, tokens_output,
			is_estimated, cost_pico)
		select o.job_id, 1, o.message_id, m.session_id, o.agent_id, a.type, x.provider, x.model, o.tokens_input, o.tokens_output, true,
			case when a.budget_day is not null or a.budget_month is not null then o.pico
				else (select price(p, o.tokens_input, 0, 0, 0, o.tokens_output) from tariff(x.provider, x.model, x.model, clock_timestamp()) p) end
		from over o join ai_messages m on m.id = o.message_id join agents a on a.id = o.agent_id
		left join lateral (select r.provider, r.model from routes r where r.agent_id = o.agent_id order by r.ord limit 1) x on true
		on conflict do nothing
		returning *
	)
	insert into stats_minute as old (minute, agent_id, worker_id, tokens_prompt, tokens_completion, cost_pico, cost_unknown)
		select date_trunc('minute', clock_timestamp()), s.agent_id, '00000000-0000-0000-0000-000000000000', sum(s.tokens_input), sum(s.tokens_output),
			coalesce(sum(s.cost_pico), 0), count(*) filter (where s.cost_pico is null)
		from spent s group by s.agent_id order by s.agent_id
		on conflict (minute, agent_id, worker_id) do update set tokens_prompt = old.tokens_prompt + excluded.tokens_prompt,
			tokens_completion = old.tokens_completion + excluded.tokens_completion, cost_pico = old.cost_pico + excluded.cost_pico,
			cost_unknown = old.cost_unknown + excluded.cost_unknown;
$$;
