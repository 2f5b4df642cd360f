-- Adds the minutes that nobody writes any more to their days, and so the costs by model. A settle writes the minute it runs in, and may not run for two.
create or replace function signalbox.roll_days() returns void
language plpgsql set search_path = pg_catalog, signalbox, pg_temp as $$
declare
	since timestamptz := (select minute from rolled_upto for update);
	upto  timestamptz := date_trunc('minute', clock_timestamp() - interval '2 min');
begin
	insert into stats_day as old (day, agent_id, completed, failed, errors, processing_ms, tokens_prompt, tokens_completion, tokens_cached, cost_pico, cost_unknown,
			cost_wasted_pico, limited)
		select date_trunc('day', minute, 'UTC'), agent_id, sum(completed), sum(failed), sum(errors), sum(processing_ms), sum(tokens_prompt),
			sum(tokens_completion), sum(tokens_cached), sum(cost_pico), sum(cost_unknown), sum(cost_wasted_pico), sum(limited)
		from stats_minute where minute >= since and minute < upto group by 1, 2
		on conflict (day, agent_id) do update set completed = old.completed + excluded.completed, failed = old.failed + excluded.failed,
			errors = old.errors + excluded.errors, processing_ms = old.processing_ms + excluded.processing_ms,
			tokens_prompt = old.tokens_prompt + excluded.tokens_prompt, tokens_completion = old.tokens_completion + excluded.tokens_completion,
			tokens_cached = old.tokens_cached + excluded.tokens_cached, cost_pico = old.cost_pico + excluded.cost_pico,
			cost_unknown = old.cost_unknown + excluded.cost_unknown, cost_wasted_pico = old.cost_wasted_pico + excluded.cost_wasted_pico,
			limited = old.limited + excluded.limited;
	insert into costs_day as old (day, agent_id, provider, model, calls, cost_pico, cost_unknown)
		select date_trunc('day', created_at, 'UTC'), agent_id, coalesce(provider, ''), coalesce(model, ''), count(*), coalesce(sum(cost_pico), 0), count(*) filter (where cost_pico is null)
		from ai_costs where created_at >= since and created_at < upto group by 1, 2, 3, 4
		on conflict (day, agent_id, provider, model) do update set calls = old.calls + excluded.calls, cost_pico = old.cost_pico + excluded.cost_pico,
			cost_unknown = old.cost_unknown + excluded.cost_unknown;
	update rolled_upto set minute = upto where minute < upto;
end $$;
