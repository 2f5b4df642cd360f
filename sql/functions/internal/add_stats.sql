-- Adds to the statistics of an agent in a minute, or in an hour into which minutes were folded. An argument that is not
-- given adds 0. One more statistic needs its column here and in roll_days() (with a migration for both tables), its sum
-- in fold_stats(), and the code that counts it.
create or replace function signalbox.add_stats(minute timestamptz, agent int, worker uuid, completed bigint default 0, failed bigint default 0, errors bigint default 0,
	processing_ms bigint default 0, tokens_prompt bigint default 0, tokens_completion bigint default 0, tokens_cached bigint default 0, cost_pico numeric default 0,
	cost_unknown bigint default 0, cost_wasted_pico numeric default 0, limited bigint default 0) returns void
language plpgsql set search_path = pg_catalog, signalbox, pg_temp as $$
#variable_conflict use_column
begin
	insert into stats_minute as old (minute, agent_id, worker_id, completed, failed, errors, processing_ms, tokens_prompt, tokens_completion, tokens_cached,
			cost_pico, cost_unknown, cost_wasted_pico, limited)
		values (add_stats.minute, agent, worker, add_stats.completed, add_stats.failed, add_stats.errors, add_stats.processing_ms, add_stats.tokens_prompt,
			add_stats.tokens_completion, add_stats.tokens_cached, add_stats.cost_pico, add_stats.cost_unknown, add_stats.cost_wasted_pico, add_stats.limited)
		on conflict (minute, agent_id, worker_id) do update set completed = old.completed + excluded.completed, failed = old.failed + excluded.failed,
			errors = old.errors + excluded.errors, processing_ms = old.processing_ms + excluded.processing_ms,
			tokens_prompt = old.tokens_prompt + excluded.tokens_prompt, tokens_completion = old.tokens_completion + excluded.tokens_completion,
			tokens_cached = old.tokens_cached + excluded.tokens_cached, cost_pico = old.cost_pico + excluded.cost_pico,
			cost_unknown = old.cost_unknown + excluded.cost_unknown, cost_wasted_pico = old.cost_wasted_pico + excluded.cost_wasted_pico,
			limited = old.limited + excluded.limited;
end $$;
