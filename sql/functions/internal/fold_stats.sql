-- Minutes and latencies that are two hours old become hours, all workers together (worker_id 0): who looks at days need not read a thousand minutes.
-- Not while reprice() writes the same rows, in another order.
create or replace function signalbox.fold_stats() returns void
language sql set search_path = pg_catalog, signalbox, pg_temp as $$
	select from rolled_upto for update;

	with gone as (
		delete from stats_minute m where m.minute < date_trunc('hour', clock_timestamp() - interval '2 h', 'UTC') and m.minute < (select r.minute from rolled_upto r)
			and (m.worker_id <> '00000000-0000-0000-0000-000000000000' or m.minute <> date_trunc('hour', m.minute, 'UTC'))
		returning *
	)
	insert into stats_minute as old (minute, agent_id, worker_id, completed, failed, errors, processing_ms, tokens_prompt, tokens_completion, tokens_cached,
			cost_pico, cost_unknown, cost_wasted_pico, limited)
		select date_trunc('hour', minute, 'UTC'), agent_id, '00000000-0000-0000-0000-000000000000', sum(completed), sum(failed), sum(errors), sum(processing_ms),
			sum(tokens_prompt), sum(tokens_completion), sum(tokens_cached), sum(cost_pico), sum(cost_unknown), sum(cost_wasted_pico), sum(limited)
		from gone group by 1, 2
		on conflict (minute, agent_id, worker_id) do update set completed = old.completed + excluded.completed, failed = old.failed + excluded.failed,
			errors = old.errors + excluded.errors, processing_ms = old.processing_ms + excluded.processing_ms,
			tokens_prompt = old.tokens_prompt + excluded.tokens_prompt, tokens_completion = old.tokens_completion + excluded.tokens_completion,
			tokens_cached = old.tokens_cached + excluded.tokens_cached, cost_pico = old.cost_pico + excluded.cost_pico,
			cost_unknown = old.cost_unknown + excluded.cost_unknown, cost_wasted_pico = old.cost_wasted_pico + excluded.cost_wasted_pico,
			limited = old.limited + excluded.limited;

	with gone as (
		delete from latencies l where l.slot < date_trunc('hour', clock_timestamp() - interval '2 h', 'UTC')
			and (l.worker_id <> '00000000-0000-0000-0000-000000000000' or l.slot <> date_trunc('hour', l.slot, 'UTC'))
		returning *
	), sums as (
		select date_trunc('hour', g.slot, 'UTC') as hour, g.agent_id, c.i, sum(c.n)::int as n
		from gone g cross join lateral unnest(g.counts) with ordinality c(n, i) group by 1, 2, 3
	)
	insert into latencies as old (slot, agent_id, worker_id, counts)
		select hour, agent_id, '00000000-0000-0000-0000-000000000000', array_agg(n order by i) from sums group by 1, 2
		on conflict (slot, agent_id, worker_id) do update set counts = add_counts(old.counts, excluded.counts);
$$;
