-- What an ended attempt cost, in pico-USD: the price of its answer, else that of the calls that may be billed. 0: no call
-- of it may be billed (a refusal, an error, no connection). Null: a price is unknown, or its worker was lost in a call.
create or replace function signalbox.attempt_cost(a signalbox.attempts) returns numeric
language sql stable set search_path = pg_catalog, signalbox, pg_temp as $$
	select coalesce(a.cost_pico, (select case when count(*) = 0 then case when a.outcome <> 'lost' then 0 end
			when bool_and(c.cost_pico is not null) then sum(c.cost_pico) end
		from ai_costs c where c.message_id = a.message_id and c.job_id = a.job_id));
$$;
