-- How much an agent may still reserve, in pico-USD: the smaller rest of its budgets, minus what is reserved for calls
-- and what its open work may cost. Null: it has no budget.
create or replace function signalbox.money_left(agent int) returns numeric
language plpgsql stable set search_path = pg_catalog, signalbox, pg_temp as $$ -- plans: generic
begin
	return (select least(a.budget_day * 1000000000000 - spent_since(a.id, date_trunc('day', clock_timestamp(), 'UTC')),
	             a.budget_month * 1000000000000 - spent_since(a.id, date_trunc('month', clock_timestamp(), 'UTC')))
		- (select coalesce(sum(r.pico), 0) from reservations r where r.agent_id = a.id)
		- coalesce((select sum(w.total)::numeric * intent_worst_case(agent) from work w where w.state in ('queued', 'running') and w.agent_id = a.id having count(*) > 0), 0)
	from agents a where a.id = agent and (a.budget_day is not null or a.budget_month is not null));
end $$;
