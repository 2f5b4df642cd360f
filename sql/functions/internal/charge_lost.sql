-- Charges reservations whose time is over: no worker reported what the call used, so the cost is estimated; where the
-- agent has a budget, all of the reservation is charged, because a budget that assumed less than the provider may bill
-- would not hold.
create or replace function signalbox.charge_lost() returns void
language sql set search_path = pg_catalog, signalbox, pg_temp as $$
	with over as (
		delete from reservations r where r.until < clock_timestamp() and not exists (
			select from queue q where q.message_id = r.message_id and q.job_id = r.job_id and q.state = 'running')
		returning r.*
	)
	select charge(jsonb_agg(x), '00000000-0000-0000-0000-000000000000', clock_timestamp()) from (
		select o.job_id, 1 as call, o.message_id, m.session_id, o.agent_id, u.provider, u.model, o.tokens_input, o.tokens_output, true as is_estimated,
			case when a.budget_day is not null or a.budget_month is not null then o.pico
				else (select price(p, o.tokens_input, 0, 0, 0, o.tokens_output, 0, 0, 0, null) from tariff(u.provider, u.model, u.model, clock_timestamp()) p) end as cost_pico
		from over o join ai_messages m on m.id = o.message_id join agents a on a.id = o.agent_id
		left join lateral (select r.provider, r.model from routes r where r.agent_id = o.agent_id order by r.ord limit 1) u on true) x
	having count(*) > 0;
$$;
