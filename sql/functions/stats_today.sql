-- Today's sums by agent (UTC's day): what is rolled up, and the minutes since.
create or replace function signalbox.stats_today()
returns table (agent_id int, completed bigint, failed bigint, errors bigint, processing_ms bigint, cost_pico numeric, cost_unknown bigint)
language sql stable set search_path = pg_catalog, signalbox, pg_temp set jit = off as $$
	select agent_id, sum(completed)::bigint, sum(failed)::bigint, sum(errors)::bigint, sum(processing_ms)::bigint, sum(cost_pico), sum(cost_unknown)::bigint
	from (select agent_id, completed, failed, errors, processing_ms, cost_pico, cost_unknown from stats_day
	      where day = date_trunc('day', clock_timestamp(), 'UTC')
	      union all
	      select agent_id, completed, failed, errors, processing_ms, cost_pico, cost_unknown from stats_minute
	      where minute >= greatest(date_trunc('day', clock_timestamp(), 'UTC'), (select minute from rolled_upto))) x
	group by 1;
$$;
