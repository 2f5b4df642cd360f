-- Minutes and latencies older than two hours become hours, summed over all workers (worker_id 0), so that a view of
-- days need not read a thousand minutes. Locks rolled_upto first: reprice() writes the same rows in another order, and
-- must not run meanwhile.
create or replace function signalbox.fold_stats() returns void
language sql set search_path = pg_catalog, signalbox, pg_temp as $$
	select from rolled_upto for update;

	with gone as (
		delete from stats_minute m where m.minute < date_trunc('hour', clock_timestamp() - interval '2 h', 'UTC') and m.minute < (select r.minute from rolled_upto r)
			and (m.worker_id <> '00000000-0000-0000-0000-000000000000' or m.minute <> date_trunc('hour', m.minute, 'UTC'))
		returning *
	)
	select add_stats(x.hour, x.agent_id, '00000000-0000-0000-0000-000000000000', x.completed, x.failed, x.errors, x.processing_ms::bigint, x.tokens_prompt::bigint,
			x.tokens_completion::bigint, x.tokens_cached::bigint, x.cost_pico, x.cost_unknown, x.cost_wasted_pico, x.limited)
		from (select date_trunc('hour', minute, 'UTC') as hour, agent_id, sum(completed) as completed, sum(failed) as failed, sum(errors) as errors,
			sum(processing_ms) as processing_ms, sum(tokens_prompt) as tokens_prompt, sum(tokens_completion) as tokens_completion,
			sum(tokens_cached) as tokens_cached, sum(cost_pico) as cost_pico, sum(cost_unknown) as cost_unknown, sum(cost_wasted_pico) as cost_wasted_pico,
			sum(limited) as limited from gone group by 1, 2 order by 1, 2) x;

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
