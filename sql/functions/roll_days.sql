-- Adds the minutes that nobody writes any more to their days. A settle writes the minute it runs in, and may not run for two.
create or replace function signalbox.roll_days() returns void
language plpgsql set search_path = pg_catalog, signalbox, pg_temp as $$
declare
	since timestamptz := (select minute from rolled_upto for update);
	upto  timestamptz := date_trunc('minute', clock_timestamp() - interval '2 min');
begin
	insert into stats_day as old (day, agent_id, completed, failed, errors, processing_ms, tokens_prompt, tokens_completion, cost_pico, cost_unknown)
		select date_trunc('day', minute, 'UTC'), agent_id, sum(completed), sum(failed), sum(errors), sum(processing_ms), sum(tokens_prompt),
			sum(tokens_completion), sum(cost_pico), sum(cost_unknown)
		from stats_minute where minute >= since and minute < upto group by 1, 2
		on conflict (day, agent_id) do update set completed = old.completed + excluded.completed, failed = old.failed + excluded.failed,
			errors = old.errors + excluded.errors, processing_ms = old.processing_ms + excluded.processing_ms,
			tokens_prompt = old.tokens_prompt + excluded.tokens_prompt, tokens_completion = old.tokens_completion + excluded.tokens_completion,
			cost_pico = old.cost_pico + excluded.cost_pico, cost_unknown = old.cost_unknown + excluded.cost_unknown;
	update rolled_upto set minute = upto where minute < upto;
end $$;
