-- Today's sums by agent (UTC day): what is rolled up, and the minutes since.
create or replace function signalbox.stats_today()
returns table (agent_id int, completed bigint, failed bigint, errors bigint, processing_ms bigint,
	tokens_prompt bigint, tokens_completion bigint, tokens_cached bigint, cost_pico numeric, cost_unknown bigint, cost_wasted_pico numeric, limited bigint)
language sql stable set search_path = pg_catalog, signalbox, pg_temp as $$ -- plans: no_jit
	select agent_id, sum(completed)::bigint, sum(failed)::bigint, sum(errors)::bigint, sum(processing_ms)::bigint, sum(tokens_prompt)::bigint,
		sum(tokens_completion)::bigint, sum(tokens_cached)::bigint, sum(cost_pico), sum(cost_unknown)::bigint, sum(cost_wasted_pico), sum(limited)::bigint
	from (select agent_id, completed, failed, errors, processing_ms, tokens_prompt, tokens_completion, tokens_cached, cost_pico, cost_unknown, cost_wasted_pico, limited from stats_day
	      where day = date_trunc('day', clock_timestamp(), 'UTC')
	      union all
	      select agent_id, completed, failed, errors, processing_ms, tokens_prompt, tokens_completion, tokens_cached, cost_pico, cost_unknown, cost_wasted_pico, limited from stats_minute
	      where minute >= greatest(date_trunc('day', clock_timestamp(), 'UTC'), (select minute from rolled_upto))) x
	group by 1;
$$;
