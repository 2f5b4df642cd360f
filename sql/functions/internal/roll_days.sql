-- Adds the minutes that nobody writes any more to their days, and the costs by model too. A settle writes the minute it
-- runs in, and may not run for two minutes. Where the clock was set back, minutes that now lie ahead are in their days
-- already: they are subtracted again, and added when they are over.
create or replace function signalbox.roll_days() returns void
language plpgsql set search_path = pg_catalog, signalbox, pg_temp as $$
declare
	since timestamptz := (select minute from rolled_upto for update);
	upto  timestamptz := date_trunc('minute', clock_timestamp() - interval '2 min');
	low   timestamptz := least(since, upto);
	high  timestamptz := greatest(since, upto);
	n     int := case when since > upto then -1 else 1 end;
begin
	insert into stats_day as old (day, agent_id, completed, failed, errors, processing_ms, tokens_prompt, tokens_completion, tokens_cached, cost_pico, cost_unknown,
			cost_wasted_pico, limited)
		select date_trunc('day', minute, 'UTC'), agent_id, n * sum(completed), n * sum(failed), n * sum(errors), n * sum(processing_ms), n * sum(tokens_prompt),
			n * sum(tokens_completion), n * sum(tokens_cached), n * sum(cost_pico), n * sum(cost_unknown), n * sum(cost_wasted_pico), n * sum(limited)
		from stats_minute where minute >= low and minute < high group by 1, 2
		on conflict (day, agent_id) do update set completed = old.completed + excluded.completed, failed = old.failed + excluded.failed,
			errors = old.errors + excluded.errors, processing_ms = old.processing_ms + excluded.processing_ms,
			tokens_prompt = old.tokens_prompt + excluded.tokens_prompt, tokens_completion = old.tokens_completion + excluded.tokens_completion,
			tokens_cached = old.tokens_cached + excluded.tokens_cached, cost_pico = old.cost_pico + excluded.cost_pico,
			cost_unknown = old.cost_unknown + excluded.cost_unknown, cost_wasted_pico = old.cost_wasted_pico + excluded.cost_wasted_pico,
			limited = old.limited + excluded.limited;
	insert into costs_day as old (day, agent_id, provider, model, calls, cost_pico, cost_unknown)
		select date_trunc('day', created_at, 'UTC'), agent_id, coalesce(provider, ''), coalesce(model, ''), n * count(*), n * coalesce(sum(cost_pico), 0), n * count(*) filter (where cost_pico is null)
		from ai_costs where created_at >= low and created_at < high group by 1, 2, 3, 4
		on conflict (day, agent_id, provider, model) do update set calls = old.calls + excluded.calls, cost_pico = old.cost_pico + excluded.cost_pico,
			cost_unknown = old.cost_unknown + excluded.cost_unknown;
	update rolled_upto set minute = upto where minute <> upto;
end $$;
