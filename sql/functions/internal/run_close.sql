-- Writes the end of a work of the kind exec into its run; of another work, or of one that has not ended: nothing.
create or replace function signalbox.run_close(work bigint) returns void
language sql set search_path = pg_catalog, signalbox, pg_temp as $$
	with closed as (
		update runs r set state = 'ended', ended_at = w.ended_at, interpreter = w.result ->> 'interpreter', limits = w.result ->> 'limits',
			verdict = case when w.state = 'done' then w.result ->> 'verdict' when w.state = 'cancelled' then 'cancelled' else 'sandbox_error' end,
			exit_code = (w.result ->> 'exit_code')::int, duration_ms = (w.result ->> 'duration_ms')::numeric, output = w.result ->> 'output',
			output_bytes = (w.result ->> 'output_bytes')::bigint, why = coalesce(w.result ->> 'why', w.error)
		from work w where w.id = run_close.work and w.kind = 'exec' and w.state in ('done', 'failed', 'cancelled') and r.id = (w.args ->> 'run')::bigint and r.state <> 'ended' returning r.id
	)
	select tell_ended(array[-c.id]) from closed c;
$$;
