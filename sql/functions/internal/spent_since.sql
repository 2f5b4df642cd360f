-- What an agent has spent since the beginning of a day (UTC), in pico-USD: days that are rolled up, and the minutes
-- since.
create or replace function signalbox.spent_since(agent int, since timestamptz) returns numeric
language plpgsql stable set search_path = pg_catalog, signalbox, pg_temp as $$ -- plans: generic
begin
	return coalesce((select sum(d.cost_pico) from stats_day d where d.agent_id = agent and d.day >= since), 0)
		+ coalesce((select sum(s.cost_pico) from stats_minute s where s.agent_id = agent and s.minute >= (select minute from rolled_upto) and s.minute >= since), 0);
end $$;
